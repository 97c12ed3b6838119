import type { Random } from './random.ts'

/** Edge cases of numbers, as text. */
const NUMBERS = [
  '0',
  '-1',
  '1',
  '00',
  '255',
  '256',
  '65535',
  '65536',
  '4294967296',
  '9007199254740993',
  '18446744073709551615',
]
/** Edge cases of binary integers, up to 32 bits. */
const INTEGERS = [
  0, 1, 2, 3, 4, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0xffff, 0x7fff_ffff, -0x8000_0000, -1,
]

const MOST_CHANGES = 5
const ZERO = 48
const NINE = 57

type Change = (bytes: Buffer) => Buffer

/** Derives new inputs from known ones. */
export class Mutator {
  readonly #random: Random
  readonly #tokens: readonly Buffer[]
  readonly #maxLength: number
  readonly #changes: readonly Change[]

  /** `tokens` are byte strings that are typical of the input format. */
  constructor(random: Random, tokens: readonly string[], maxLength: number) {
    this.#random = random
    this.#tokens = tokens.map((token) => Buffer.from(token, 'latin1'))
    this.#maxLength = maxLength
    this.#changes = [
      (bytes) => this.#overwrite(bytes, Buffer.of(random.below(256))),
      (bytes) => this.#overwrite(bytes, this.#integer(bytes.length)),
      (bytes) => this.#insert(bytes, Buffer.of(random.below(256))),
      (bytes) => this.#flip(bytes),
      (bytes) => this.#remove(bytes),
      (bytes) => this.#repeat(bytes),
      (bytes) => this.#number(bytes),
      (bytes) => bytes.subarray(0, random.below(bytes.length + 1)),
      ...(tokens.length === 0
        ? []
        : [
            (bytes: Buffer) => this.#insert(bytes, random.pick(this.#tokens)),
            (bytes: Buffer) => this.#overwrite(bytes, random.pick(this.#tokens)),
          ]),
    ]
  }

  /** Returns a changed copy of `input`, possibly with a piece of `other`. */
  mutate(input: Uint8Array, other: Uint8Array): Uint8Array {
    let bytes = Buffer.from(input)
    for (let left = 1 + this.#random.below(MOST_CHANGES); left > 0; left--) {
      bytes = (
        this.#random.below(8) === 0
          ? this.#splice(bytes, other)
          : this.#random.pick(this.#changes)(bytes)
      ) as typeof bytes
    }
    return bytes.subarray(0, this.#maxLength)
  }

  #splice(bytes: Buffer, other: Uint8Array): Buffer {
    const from = this.#random.below(other.length + 1)
    return this.#insert(
      bytes,
      other.subarray(from, from + this.#random.below(other.length - from + 1)),
    )
  }

  #insert(bytes: Buffer, piece: Uint8Array): Buffer {
    const at = this.#random.below(bytes.length + 1)
    return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)])
  }

  #overwrite(bytes: Buffer, piece: Uint8Array): Buffer {
    const at = this.#random.below(bytes.length + 1)
    return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at + piece.length)])
  }

  #flip(bytes: Buffer): Buffer {
    const at = this.#random.below(bytes.length)
    if (bytes.length > 0) bytes[at] = (bytes[at] as number) ^ (1 << this.#random.below(8))
    return bytes
  }

  #remove(bytes: Buffer): Buffer {
    const at = this.#random.below(bytes.length + 1)
    const length = this.#random.below(Math.min(bytes.length - at, 64) + 1)
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)])
  }

  /** Repeats a piece, often enough to exceed limits on counts. */
  #repeat(bytes: Buffer): Buffer {
    const at = this.#random.below(bytes.length + 1)
    const piece = bytes.subarray(at, at + 1 + this.#random.below(24))
    const times = 1 + this.#random.below(this.#random.pick([2, 8, 128]))
    return Buffer.concat([
      bytes.subarray(0, at),
      ...Array.from({ length: times }, () => piece),
      bytes.subarray(at),
    ])
  }

  /** Replaces a decimal number by another one. */
  #number(bytes: Buffer): Buffer {
    let start = this.#random.below(bytes.length + 1)
    while (start < bytes.length && !isDigit(bytes[start])) start++
    let end = start
    while (isDigit(bytes[end])) end++
    const number =
      this.#random.below(2) === 0 ? this.#random.pick(NUMBERS) : String(this.#random.below(48))
    return start === end
      ? bytes
      : Buffer.concat([bytes.subarray(0, start), Buffer.from(number), bytes.subarray(end)])
  }

  /** A binary integer: an edge case, or close to the input's length. */
  #integer(length: number): Buffer {
    const bytes = Buffer.alloc(4)
    const edge = this.#random.below(2) === 0
    bytes.writeInt32BE(edge ? this.#random.pick(INTEGERS) : length - this.#random.below(40))
    return bytes.subarray(this.#random.pick([0, 2, 3]))
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE
}
