import { setImmediate as turn } from 'node:timers/promises'
import type { Address } from '@chihaya/bittorrent'
import type { AddressRange } from './address-range.ts'
import { compareWords, RangeJoiner, wordOf } from './range-joiner.ts'

/** Ranges sorted or joined in one turn of the event loop, in well under a millisecond. */
const SLICE = 8192
const INITIAL_RANGES = 16
const DIGIT_BITS = 16
const DIGITS = 1 << DIGIT_BITS
const MIN_SHIFT = 16

/** The address that is looked up, in 32-bit words. */
const key: Uint32Array = new Uint32Array(4)

/**
 * A table of ranges that finds the closest one with an address. The closeness of a range is one
 * more than the prefix length of the smallest CIDR range with room for as many addresses: 25 for a
 * /24 and for any range of 129 to 256 addresses.
 *
 * After the last range was added, `finish` converts the ranges into sorted disjoint segments in
 * flat memory.
 */
export class RangeTable {
  readonly #ipv4 = new Segments(1)
  readonly #ipv6 = new Segments(4)

  /** The number of added ranges. */
  get size(): number {
    return this.#ipv4.size + this.#ipv6.size
  }

  add({ first, last }: AddressRange): void {
    const segments = first.length === 4 ? this.#ipv4 : this.#ipv6
    segments.add(first, last)
  }

  /** Must be called once, after the last `add` and before the first `get`. */
  async finish(): Promise<void> {
    await this.#ipv4.finish()
    await this.#ipv6.finish()
  }

  /** The closeness of the closest range with an address; 0 without one. */
  get(address: Address): number {
    return (address.length === 4 ? this.#ipv4 : this.#ipv6).get(address)
  }
}

/** The ranges of one family, whose addresses are `words` 32-bit words each. */
class Segments {
  readonly #words: number
  #size = 0
  /** As added; empty once finished. */
  #firsts: Uint32Array
  #lasts: Uint32Array
  #sorted = true
  /** The first address of each segment, which ends where the next one begins. */
  #starts: Uint32Array = new Uint32Array(0)
  /** The closeness of the closest range in each segment; 0 for a gap. */
  #closeness: Uint8Array = new Uint8Array(0)
  /** By the first `32 - #shift` bits of an address: how many segments begin with lower bits. */
  #jump: Uint32Array = new Uint32Array(0)
  #shift = 0

  constructor(words: number) {
    this.#words = words
    this.#firsts = new Uint32Array(INITIAL_RANGES * words)
    this.#lasts = new Uint32Array(INITIAL_RANGES * words)
  }

  get size(): number {
    return this.#size
  }

  add(first: Address, last: Address): void {
    const at = this.#size * this.#words
    if (at === this.#firsts.length) {
      this.#firsts = doubled(this.#firsts)
      this.#lasts = doubled(this.#lasts)
    }
    for (let word = 0; word < this.#words; word++) {
      this.#firsts[at + word] = wordOf(first, word)
      this.#lasts[at + word] = wordOf(last, word)
    }
    if (
      this.#size > 0 &&
      compareWords(this.#firsts, at - this.#words, this.#firsts, at, this.#words) > 0
    )
      this.#sorted = false
    this.#size++
  }

  get(address: Address): number {
    const words = this.#words
    const starts = this.#starts
    const first = wordOf(address, 0)
    for (let word = 1; word < words; word++) key[word] = wordOf(address, word)
    if (this.#closeness.length === 0) return 0
    const bits = first >>> this.#shift
    let low = this.#jump[bits] as number
    let high = this.#jump[bits + 1] as number
    // Segments before `low` begin at the address or below it, those from `high` on above it.
    while (low < high) {
      const middle = (low + high) >>> 1
      const start = starts[middle * words] as number
      if (
        start > first ||
        (start === first && compareWords(starts, middle * words + 1, key, 1, words - 1) > 0)
      )
        high = middle
      else low = middle + 1
    }
    return low === 0 ? 0 : (this.#closeness[low - 1] as number)
  }

  async finish(): Promise<void> {
    const order = this.#sorted ? undefined : await this.#order()
    const joiner = new RangeJoiner(this.#words, this.#size)
    await inSlices(this.#size, (index) => {
      const range = order === undefined ? index : (order[index] as number)
      joiner.join(this.#firsts, this.#lasts, range * this.#words)
    })
    joiner.end()
    this.#starts = joiner.starts.slice(0, joiner.segments * this.#words)
    this.#closeness = joiner.closeness.slice(0, joiner.segments)
    this.#firsts = this.#lasts = new Uint32Array(0)
    this.#buildJump()
  }

  /** Has about as many entries as segments, so that most look-ups take a step or two. */
  #buildJump(): void {
    const segments = this.#closeness.length
    this.#shift = Math.max(MIN_SHIFT, Math.clz32(segments))
    this.#jump = new Uint32Array(2 ** (32 - this.#shift) + 1)
    let segment = 0
    for (let bits = 0; bits < this.#jump.length; bits++) {
      while (
        segment < segments &&
        (this.#starts[segment * this.#words] as number) >>> this.#shift < bits
      )
        segment++
      this.#jump[bits] = segment
    }
  }

  /** The ranges in the order of their first addresses. Radix sort, as it can pause. */
  async #order(): Promise<Uint32Array> {
    let order = new Uint32Array(this.#size)
    for (let index = 0; index < this.#size; index++) order[index] = index
    let sorted = new Uint32Array(this.#size)
    for (let digit = this.#words * 2 - 1; digit >= 0; digit--) {
      // Each pass keeps the order of the digits below.
      // oxlint-disable-next-line no-await-in-loop
      await this.#sort(order, sorted, digit)
      ;[order, sorted] = [sorted, order]
    }
    return order
  }

  /** Sorts the ranges in `order` into `sorted` by one digit. */
  async #sort(order: Uint32Array, sorted: Uint32Array, digit: number): Promise<void> {
    /** By digit: the number of ranges with a lower one, then the place of the next range. */
    const places = new Uint32Array(DIGITS + 1)
    await inSlices(this.#size, (range) => {
      const above = this.#digit(range, digit) + 1
      places[above] = (places[above] as number) + 1
    })
    for (let value = 1; value <= DIGITS; value++) {
      places[value] = (places[value] as number) + (places[value - 1] as number)
    }
    await inSlices(this.#size, (index) => {
      const range = order[index] as number
      const value = this.#digit(range, digit)
      const place = places[value] as number
      places[value] = place + 1
      sorted[place] = range
    })
  }

  /** Half a word of a range's first address, the most significant being 0. */
  #digit(range: number, digit: number): number {
    const word = this.#firsts[range * this.#words + (digit >> 1)] as number
    return (digit & 1) === 0 ? word >>> DIGIT_BITS : word & (DIGITS - 1)
  }
}

/** Calls a function for each number below `count`, and yields to other work. */
async function inSlices(count: number, step: (index: number) => void): Promise<void> {
  for (let from = 0; from < count; from += SLICE) {
    const to = Math.min(from + SLICE, count)
    for (let index = from; index < to; index++) step(index)
    // oxlint-disable-next-line no-await-in-loop
    if (to < count) await turn()
  }
}

function doubled(words: Uint32Array): Uint32Array {
  const grown = new Uint32Array(words.length * 2)
  grown.set(words)
  return grown
}
