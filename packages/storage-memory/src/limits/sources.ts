import type { KeyedHash } from '@chihaya/bittorrent'
import { word } from '../peers/entry.ts'

/**
 * The *source* of an announce: a *narrow* network, which belongs to one customer, and the *wide*
 * one around it, which belongs to one provider. A keyed hash numbers both, as networks outnumber
 * the counters.
 */

/**
 * Bits of a narrow network's number and of a wide network's: 30 in total, which a swarm's record
 * has to spare.
 */
const NARROW_BITS = 16
const WIDE_BITS = 14
const NARROW_MASK: number = (1 << NARROW_BITS) - 1
const NARROW_SHIFT: number = 32 - NARROW_BITS
const WIDE_SHIFT: number = 32 - WIDE_BITS

/**
 * Narrow networks are IPv4 addresses and IPv6 /56. The last byte of a /56 is in the second word of
 * an address.
 */
const NARROW_IPV6: number = word(0xff, 0xff, 0xff, 0)
/** Wide networks are IPv4 /16 and IPv6 /32, which is one word. */
const WIDE_IPV4: number = word(0xff, 0xff, 0, 0)
/** 32-bit words of an IPv4 entry. */
const IPV4_U32 = 2
const ALL_BITS = 0xffff_ffff

/**
 * Numbers sources by multiply-shift hashing (Dietzfelbinger et al. 1997). The factors are random,
 * so an outsider cannot choose a number.
 */
export class Sources {
  /** Factors of the two words of a narrow network. */
  readonly #first: number
  readonly #second: number
  /** Factors of the word of a wide network. */
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
 * How much of something each source holds. The *weight* of a source is the share of its narrow
 * network times the square of the share of its wide network, because many narrow networks are
 * easier to get than a second wide one. A flood from one address is heavy by both, a flood from
 * many addresses of one provider by the wide network. The customers of a large provider are heavy
 * by the wide network only, and a network that shares a number with a flood by one of the two.
 */
export class SourceShares {
  readonly #narrow = new Uint32Array(1 << NARROW_BITS)
  readonly #wide = new Uint32Array(1 << WIDE_BITS)
  #heaviest = 0

  add(source: number, by: number): void {
    this.#narrow[source & NARROW_MASK]! += by
    this.#wide[source >>> NARROW_BITS]! += by
  }

  /** Updates the heaviest source seen so far; whether it is this one. */
  noteHeavy(source: number): boolean {
    if (source === this.#heaviest) return true
    if (this.weight(source) <= this.heaviest) return false
    this.#heaviest = source
    return true
  }

  weight(source: number): number {
    return weight(this.#narrow[source & NARROW_MASK]!, this.#wide[source >>> NARROW_BITS]!)
  }

  /** The weight of a source if it held one more. */
  nextWeight(source: number): number {
    return weight(this.#narrow[source & NARROW_MASK]! + 1, this.#wide[source >>> NARROW_BITS]! + 1)
  }

  /** The weight of the heaviest source seen so far. */
  get heaviest(): number {
    return this.weight(this.#heaviest)
  }
}

function weight(narrow: number, wide: number): number {
  return narrow * wide * wide
}

/** How many sources of a sample are in the wide network of `source`. */
export function numberInWide(sample: Int32Array, source: number): number {
  let number = 0
  for (const other of sample) if (other >>> NARROW_BITS === source >>> NARROW_BITS) number++
  return number
}

/** The weight of a source in a sample, plus `more` of it. */
export function weightIn(sample: Int32Array, source: number, more: number): number {
  let narrow = more
  for (const other of sample) if ((other & NARROW_MASK) === (source & NARROW_MASK)) narrow++
  return weight(narrow, numberInWide(sample, source) + more)
}

/** The index of the heaviest source of a sample. */
export function heaviestOf(sample: Int32Array): number {
  let heaviest = 0
  for (const [index, source] of sample.entries()) {
    if (weightIn(sample, source, 0) > weightIn(sample, sample[heaviest]!, 0)) heaviest = index
  }
  return heaviest
}
