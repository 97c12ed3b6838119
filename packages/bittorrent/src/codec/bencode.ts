import { isByteString, writeByteString } from './byte-string.ts'

/** A value that bencode can represent (BEP 3). Strings are byte strings; see `utf8` for text. */
export type Bencodable =
  | number
  | bigint
  | string
  | Uint8Array
  | readonly Bencodable[]
  | ReadonlyMap<string, Bencodable>

/** The byte string of a text in UTF-8. */
export function utf8(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

/**
 * Encodes a value, with dictionary keys in raw byte order (BEP 3).
 * @throws {TypeError} for a number that is not a safe integer or a string that is not a byte
 * string.
 */
export function bencode(value: Bencodable): Buffer {
  const writer = new BencodeWriter()
  writer.value(value)
  return writer.take()
}

/** Writes bencode piece by piece, for answers with known keys in order. */
export class BencodeWriter {
  #buffer: Buffer
  #length = 0

  constructor(capacity = 512) {
    this.#buffer = Buffer.allocUnsafe(capacity)
  }

  /** The written bytes, not copied. The writer must not be used afterwards. */
  take(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  value(value: Bencodable): void {
    if (typeof value === 'string') this.string(value)
    else if (typeof value === 'number' || typeof value === 'bigint') this.integer(value)
    else if (value instanceof Uint8Array) this.bytes(value)
    else if (value instanceof Map) this.#dictionary(value as ReadonlyMap<string, Bencodable>)
    else this.#list(value as readonly Bencodable[])
  }

  /** Writes bencode as it is: a `d`, an `e`, a constant key with its length. */
  raw(text: string): void {
    this.#reserve(text.length)
    writeByteString(text, this.#buffer, this.#length)
    this.#length += text.length
  }

  integer(value: number | bigint): void {
    if (typeof value === 'number' && !Number.isSafeInteger(value))
      throw new TypeError(`bencode: ${value} is not a safe integer`)
    // String(-0) is '0', as required.
    this.raw(`i${String(value)}e`)
  }

  string(text: string): void {
    if (!isByteString(text))
      throw new TypeError('bencode: the string contains a character beyond U+00FF')
    this.raw(`${text.length}:`)
    this.raw(text)
  }

  bytes(bytes: Uint8Array): void {
    this.raw(`${bytes.length}:`)
    this.#reserve(bytes.length)
    this.#buffer.set(bytes, this.#length)
    this.#length += bytes.length
  }

  #list(values: readonly Bencodable[]): void {
    this.raw('l')
    for (const value of values) this.value(value)
    this.raw('e')
  }

  #dictionary(entries: ReadonlyMap<string, Bencodable>): void {
    this.raw('d')
    // Byte strings compare by byte.
    for (const key of [...entries.keys()].sort()) {
      this.string(key)
      this.value(entries.get(key) as Bencodable)
    }
    this.raw('e')
  }

  #reserve(length: number): void {
    if (this.#length + length <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#length + length))
    larger.set(this.#buffer.subarray(0, this.#length))
    this.#buffer = larger
  }
}
