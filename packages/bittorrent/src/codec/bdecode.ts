import { byteString } from './byte-string.ts'

/** A decoded value. Integers beyond 2⁵³ are bigints, strings are byte strings. */
export type Bdecoded = number | bigint | string | Bdecoded[] | Map<string, Bdecoded>

const MAX_DEPTH = 32
// 2⁶⁴ − 1 has 20 digits. No field of the protocol holds a longer integer.
const MAX_DIGITS = 20

export interface BdecodeOptions {
  /** Accept dictionaries with keys out of order. Duplicates are still refused. @default false */
  readonly unsortedKeys?: boolean
}

/**
 * Decodes exactly one value. It is strict: no leading zeros, no duplicate or unsorted keys, at most
 * 32 levels of nesting, integers of at most 20 digits, no bytes after the value.
 * @throws {SyntaxError} naming the offset.
 */
export function bdecode(
  bytes: Uint8Array,
  { unsortedKeys = false }: BdecodeOptions = {},
): Bdecoded {
  const reader = new Reader(byteString(bytes), unsortedKeys)
  const value = reader.value(0)
  if (reader.at !== bytes.length) reader.fail('something follows the value')
  return value
}

class Reader {
  at = 0
  readonly #text: string
  readonly #unsortedKeys: boolean

  constructor(text: string, unsortedKeys: boolean) {
    this.#text = text
    this.#unsortedKeys = unsortedKeys
  }

  fail(what: string): never {
    throw new SyntaxError(`bencode: ${what} at offset ${this.at}`)
  }

  /** Reads a value at this depth of nesting. */
  value(depth: number): Bdecoded {
    switch (this.#text[this.at]) {
      case 'i':
        return this.#integer()
      case 'l':
        return this.#list(depth + 1)
      case 'd':
        return this.#dictionary(depth + 1)
      default:
        return this.#string()
    }
  }

  #integer(): number | bigint {
    this.at++
    const negative = this.#text[this.at] === '-'
    if (negative) this.at++
    const digits = this.#digits('e')
    if (negative && digits === '0') this.fail('negative zero')
    const value = BigInt(negative ? `-${digits}` : digits)
    const small = Number(value)
    return Number.isSafeInteger(small) ? small : value
  }

  #string(): string {
    const length = Number(this.#digits(':'))
    if (length > this.#text.length - this.at) this.fail('string reaches past the end')
    const text = this.#text.slice(this.at, this.at + length)
    this.at += length
    return text
  }

  #list(depth: number): Bdecoded[] {
    const values: Bdecoded[] = []
    this.#enter(depth)
    while (this.#text[this.at] !== 'e') values.push(this.value(depth))
    this.at++
    return values
  }

  #dictionary(depth: number): Map<string, Bdecoded> {
    const entries = new Map<string, Bdecoded>()
    let last: string | undefined
    this.#enter(depth)
    while (this.#text[this.at] !== 'e') {
      const key = this.#string()
      if (entries.has(key)) this.fail('duplicate key')
      if (last !== undefined && key < last && !this.#unsortedKeys) this.fail('key out of order')
      last = key
      entries.set(key, this.value(depth))
    }
    this.at++
    return entries
  }

  #enter(depth: number): void {
    if (depth > MAX_DEPTH) this.fail('nested too deeply')
    this.at++
  }

  /** Reads digits and the `end` after them. */
  #digits(end: string): string {
    const start = this.at
    while (isDigit(this.#text.charCodeAt(this.at)) && this.at - start < MAX_DIGITS) this.at++
    const digits = this.#text.slice(start, this.at)
    if (digits === '' || this.#text[this.at] !== end) this.fail('not a number')
    if (digits.length > 1 && digits.startsWith('0')) this.fail('leading zero')
    this.at++
    return digits
  }
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}
