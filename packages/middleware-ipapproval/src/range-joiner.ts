import type { Address } from '@chihaya/bittorrent'

/** Closeness of the smallest range, one IPv6 address. */
const MAX_CLOSENESS = 129

/** Converts ranges, in the order of their first addresses, into disjoint segments. */
export class RangeJoiner {
  readonly starts: Uint32Array
  readonly closeness: Uint8Array
  segments = 0
  readonly #words: number
  /** The last address so far, by closeness. */
  readonly #ends: Uint32Array
  readonly #seen = new Uint8Array(MAX_CLOSENESS + 1)
  /** The closeness of the closest range at the current address; 0 in a gap. */
  #closest = 0
  readonly #next: Uint32Array

  constructor(words: number, ranges: number) {
    this.#words = words
    this.#ends = new Uint32Array((MAX_CLOSENESS + 1) * words)
    this.#next = new Uint32Array(words)
    // A range begins one segment at its start and another after its end.
    this.starts = new Uint32Array(ranges * 2 * words)
    this.closeness = new Uint8Array(ranges * 2)
  }

  /** Adds the range whose words start at `at`. */
  join(firsts: Uint32Array, lasts: Uint32Array, at: number): void {
    const words = this.#words
    this.#pass(firsts, at)
    const closeness = closenessOf(firsts, lasts, at, words)
    const end = closeness * words
    if (this.#seen[closeness] === 0 || compareWords(lasts, at, this.#ends, end, words) > 0) {
      this.#seen[closeness] = 1
      for (let word = 0; word < words; word++) this.#ends[end + word] = lasts[at + word] as number
    }
    if (closeness > this.#closest) this.#begin(firsts, at, closeness)
  }

  /** Ends all open ranges. */
  end(): void {
    while (this.#closest > 0 && this.#stepOver(this.#closest))
      this.#begin(this.#next, 0, this.#closestAt(this.#next, 0))
  }

  /** Ends the ranges that end before the address at `at`. */
  #pass(addresses: Uint32Array, at: number): void {
    while (
      this.#closest > 0 &&
      compareWords(this.#ends, this.#closest * this.#words, addresses, at, this.#words) < 0
    ) {
      this.#stepOver(this.#closest)
      this.#begin(this.#next, 0, this.#closestAt(this.#next, 0))
    }
  }

  /** Sets `#next` to the address after the end of a closeness. False after the last address. */
  #stepOver(closeness: number): boolean {
    for (let word = this.#words - 1; word >= 0; word--) {
      const value = ((this.#ends[closeness * this.#words + word] as number) + 1) >>> 0
      this.#next[word] = value
      if (value !== 0) {
        for (let rest = 0; rest < word; rest++)
          this.#next[rest] = this.#ends[closeness * this.#words + rest] as number
        return true
      }
    }
    return false
  }

  /** The greatest closeness below the current one whose ranges reach the address at `at`. */
  #closestAt(addresses: Uint32Array, at: number): number {
    let closeness = this.#closest - 1
    while (closeness > 0 && !this.#reaches(closeness, addresses, at)) closeness--
    return closeness
  }

  #reaches(closeness: number, addresses: Uint32Array, at: number): boolean {
    return (
      this.#seen[closeness] === 1 &&
      compareWords(this.#ends, closeness * this.#words, addresses, at, this.#words) >= 0
    )
  }

  #begin(addresses: Uint32Array, at: number, closeness: number): void {
    const words = this.#words
    this.#closest = closeness
    // A segment at the same address replaces the former one.
    if (
      this.segments > 0 &&
      compareWords(this.starts, (this.segments - 1) * words, addresses, at, words) === 0
    )
      this.segments--
    if (this.segments > 0 && this.closeness[this.segments - 1] === closeness) return
    for (let word = 0; word < words; word++)
      this.starts[this.segments * words + word] = addresses[at + word] as number
    this.closeness[this.segments++] = closeness
  }
}

/** One more than the length of the longest prefix with room for all addresses of a range. */
function closenessOf(firsts: Uint32Array, lasts: Uint32Array, at: number, words: number): number {
  let closeness = words * 32 + 1
  let borrow = 0
  for (let word = words - 1; word >= 0; word--) {
    const difference = (lasts[at + word] as number) - (firsts[at + word] as number) - borrow
    borrow = difference < 0 ? 1 : 0
    const unused = Math.clz32(difference)
    if (unused < 32) closeness = word * 32 + unused + 1
  }
  return closeness
}

/** Compares two addresses of `words` 32-bit words each: below 0, 0 or above 0. */
export function compareWords(
  some: Uint32Array,
  at: number,
  others: Uint32Array,
  otherAt: number,
  words: number,
): number {
  for (let word = 0; word < words; word++) {
    const one = some[at + word] as number
    const other = others[otherAt + word] as number
    if (one !== other) return one < other ? -1 : 1
  }
  return 0
}

/** A 32-bit word of an address, counted from 0. */
export function wordOf(address: Address, word: number): number {
  const at = word * 4
  return (
    (((address[at] as number) << 24) |
      ((address[at + 1] as number) << 16) |
      ((address[at + 2] as number) << 8) |
      (address[at + 3] as number)) >>>
    0
  )
}
