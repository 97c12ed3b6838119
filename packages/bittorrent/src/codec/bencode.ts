import { isByteString, writeByteString } from './byte-string.ts'

/** What bencode can say (BEP 3). Strings are byte strings; text goes through `utf8` first. */
export type Bencodable =
  | number
  | bigint
  | string
  | Uint8Array
  | readonly Bencodable[]
  | ReadonlyMap<string, Bencodable>

/** Text as the byte string of its UTF-8 form. */
export function utf8(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

/**
 * Encodes a value; dictionary keys come out in raw byte order, as BEP 3 demands.
 * @throws {TypeError} for a number that is not a safe integer and for a string that is not a byte
 * string.
 */
export function bencode(value: Bencodable): Buffer {
  const writer = new BencodeWriter()
  writer.value(value)
  return writer.take()
}

/** Writes bencode piece by piece, for answers whose keys are known and already in order. */
export class BencodeWriter {
  #buffer: Buffer
  #length = 0

  constructor(capacity = 512) {
    this.#buffer = Buffer.allocUnsafe(capacity)
  }

  /** What was written, without a copy; the writer is spent. */
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

  /** Bytes that are bencode already: a `d`, an `e`, a constant key with its length. */
  raw(text: string): void {
    this.#reserve(text.length)
    writeByteString(text, this.#buffer, this.#length)
    this.#length += text.length
  }

  integer(value: number | bigint): void {
    if (typeof value === 'number' && !Number.isSafeInteger(value))
      throw new TypeError(`bencode: ${value} is no safe integer`)
    // `String(-0)` is '0', as bencode wants it.
    this.raw(`i${String(value)}e`)
  }

  string(text: string): void {
    if (!isByteString(text))
      throw new TypeError('bencode: the string holds a character beyond U+00FF')
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
    // Byte strings compare by unit, which is by byte.
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
