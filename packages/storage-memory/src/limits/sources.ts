import { word } from '../peers/entry.ts'
import type { KeyedHash } from '../heap/keyed-hash.ts'

/**
 * The network that an announce came from, twice: a *narrow* one, which is one customer's, and a
 * *wide* one around it, which is one provider's. Both are numbered by a keyed hash, as there are
 * more of them than counters.
 */

/**
 * Bits of the number of a narrow network, and of that of a wide one: 30 in all, as many as a
 * swarm's record has to spare.
 */
const NARROW_BITS = 16
const WIDE_BITS = 14
const NARROW_MASK: number = (1 << NARROW_BITS) - 1
const NARROW_SHIFT: number = 32 - NARROW_BITS
const WIDE_SHIFT: number = 32 - WIDE_BITS

/**
 * Narrow networks are IPv4 addresses and IPv6 /56: the second word of an address has the last byte
 * of these.
 */
const NARROW_IPV6: number = word(0xff, 0xff, 0xff, 0)
/** Wide ones are IPv4 /16 and IPv6 /32, which is a word. */
const WIDE_IPV4: number = word(0xff, 0xff, 0, 0)
/** 32-bit words of an IPv4 entry. */
const IPV4_U32 = 2
const ALL_BITS = 0xffff_ffff

/**
 * Numbers sources. Multiply-shift (Dietzfelbinger et al. 1997) under random factors: nobody outside
 * can aim at a number.
 */
export class Sources {
  /** For the two words of a narrow network. */
  readonly #first: number
  readonly #second: number
  /** For the word of a wide one. */
  readonly #wideIpv4: number
  readonly #wideIpv6: number

  /** `factors` are four random numbers of 32 bits. */
  constructor(factors: Int32Array) {
    this.#first = factors[0]! | 1
    this.#second = factors[1]! | 1
    this.#wideIpv4 = factors[2]! | 1
    this.#wideIpv6 = factors[3]! | 1
  }

  /**
   * The source of the entry at `u32[at]`, `length` words long: the number of its wide network
   * above that of the narrow one.
   */
  of(u32: Uint32Array, at: number, length: number): number {
    const first = u32[at]!
    if (length === IPV4_U32) {
      return (
        (Math.imul(first, this.#first) >>> NARROW_SHIFT) |
        ((Math.imul(first & WIDE_IPV4, this.#wideIpv4) >>> WIDE_SHIFT) << NARROW_BITS)
      )
    }
    const second = u32[at + 1]! & NARROW_IPV6
    const narrow =
      (Math.imul(first, this.#first) + Math.imul(second, this.#second)) >>> NARROW_SHIFT
    return narrow | ((Math.imul(first, this.#wideIpv6) >>> WIDE_SHIFT) << NARROW_BITS)
  }
}

/** Hashes the narrow network of the entry at the front of `u32`, `length` words long. */
export function hashNarrow(hash: KeyedHash, u32: Uint32Array, length: number): number {
  return length === IPV4_U32 ? hash.of(u32, 0, 1, ALL_BITS) : hash.of(u32, 0, 2, NARROW_IPV6)
}

/**
 * How much of something each source holds. What a source holds *weighs* as much as its narrow
 * network holds times the square of what its wide one holds, as many narrow networks are sooner got
 * than a second wide one. A flood weighs by both where it comes from one address, and by the wide
 * one where it comes from many of one provider. The customers of a large provider weigh by the wide
 * one alone, and networks that share a number with a flood by one of the two.
 */
export class SourceShares {
  readonly #narrow = new Uint32Array(1 << NARROW_BITS)
  readonly #wide = new Uint32Array(1 << WIDE_BITS)
  #heaviest = 0

  add(source: number, by: number): void {
    this.#narrow[source & NARROW_MASK]! += by
    this.#wide[source >>> NARROW_BITS]! += by
  }

  /** A source that may be heavier than all that were met; whether it is the heaviest. */
  noteHeavy(source: number): boolean {
    if (source === this.#heaviest) return true
    if (this.weight(source) <= this.heaviest) return false
    this.#heaviest = source
    return true
  }

  weight(source: number): number {
    return weight(this.#narrow[source & NARROW_MASK]!, this.#wide[source >>> NARROW_BITS]!)
  }

  /** What the source would weigh if it held one more. */
  nextWeight(source: number): number {
    return weight(this.#narrow[source & NARROW_MASK]! + 1, this.#wide[source >>> NARROW_BITS]! + 1)
  }

  /** What the heaviest source weighs, as far as that is known. */
  get heaviest(): number {
    return this.weight(this.#heaviest)
  }
}

function weight(narrow: number, wide: number): number {
  return narrow * wide * wide
}

/** How many of some sources are in the wide network of one. */
export function numberInWide(sample: Int32Array, source: number): number {
  let number = 0
  for (const other of sample) if (other >>> NARROW_BITS === source >>> NARROW_BITS) number++
  return number
}

/** What a source weighs among some, with `more` of it. */
export function weightIn(sample: Int32Array, source: number, more: number): number {
  let narrow = more
  for (const other of sample) if ((other & NARROW_MASK) === (source & NARROW_MASK)) narrow++
  return weight(narrow, numberInWide(sample, source) + more)
}

/** The index of the one of some sources that weighs the most among them. */
export function heaviestOf(sample: Int32Array): number {
  let heaviest = 0
  for (const [index, source] of sample.entries()) {
    if (weightIn(sample, source, 0) > weightIn(sample, sample[heaviest]!, 0)) heaviest = index
  }
  return heaviest
}
