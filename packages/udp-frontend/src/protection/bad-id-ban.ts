import { randomBytes } from 'node:crypto'
import type { Address } from '@chihaya/bittorrent'
import { parseDuration } from '@chihaya/core'
import type { BadConnectionIdBan } from '../options.ts'
import { sipHash24, sipHashKey } from './siphash.ts'

const SLOTS = 16_384
// What one host has to itself: an IPv4 address, a /64 of IPv6.
const IPV4_PREFIX = 4
const IPV6_PREFIX = 8

export interface BadIdBanInit {
  /** 16 random bytes. */
  readonly seed: Uint8Array
  /** Bad ids from one source that bring it the ban. */
  readonly after: number
  /** Milliseconds in which they have to come. */
  readonly within: number
  /** Milliseconds that the ban lasts. */
  readonly duration: number
}

/** The ban that an option asks for, if it does. */
export function badIdBan(option: BadConnectionIdBan | undefined): BadIdBan | undefined {
  if (option === undefined) return undefined
  const { after = 100, within = '1m', for: duration = '10m' } = option
  return new BadIdBan({
    seed: randomBytes(16),
    after,
    within: parseDuration(within),
    duration: parseDuration(duration),
  })
}

/**
 * Sources whose bad connection ids are no longer answered, as they have sent so many. A source can
 * be forged, so this is all that may ever be kept from it.
 *
 * The table has a fixed size. A source that finds its place taken is not counted until the other's
 * time is over: then the limit on errors is all that holds it. Which sources share a place is
 * secret, so nobody can arrange it.
 */
export class BadIdBan {
  readonly #after: number
  readonly #within: number
  readonly #duration: number
  readonly #key: Int32Array
  readonly #digest = new Int32Array(2)
  /** Which source has the place: bits of the hash that the place does not tell. */
  readonly #tags = new Int32Array(SLOTS)
  readonly #strikes = new Uint32Array(SLOTS)
  /**
   * When the place is free again, in milliseconds: the end of the ban, or of the time in which ids
   * are counted.
   */
  readonly #until = new Float64Array(SLOTS)

  constructor(init: BadIdBanInit) {
    this.#key = sipHashKey(init.seed)
    this.#after = init.after
    this.#within = init.within
    this.#duration = init.duration
  }

  /**
   * Counts a bad id. Returns whether those before it have banned its source. `now` in milliseconds.
   */
  strike(source: Address, now: number): boolean {
    sipHash24(this.#key, source, 0, source.length === 4 ? IPV4_PREFIX : IPV6_PREFIX, this.#digest)
    const slot = (this.#digest[0] as number) & (SLOTS - 1)
    const tag = this.#digest[1] as number
    const until = this.#until[slot] as number
    // Beyond what there can be, the clock has been set back.
    const free = until <= now || until > now + Math.max(this.#within, this.#duration)
    if (free) {
      this.#tags[slot] = tag
      this.#strikes[slot] = 0
      this.#until[slot] = now + this.#within
    } else if (this.#tags[slot] !== tag) {
      return false
    }
    const strikes = (this.#strikes[slot] as number) + 1
    if (strikes <= this.#after) this.#strikes[slot] = strikes
    if (strikes === this.#after) this.#until[slot] = now + this.#duration
    return strikes > this.#after
  }
}
