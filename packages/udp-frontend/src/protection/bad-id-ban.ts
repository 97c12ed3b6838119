import { randomBytes } from 'node:crypto'
import { hostPrefix, type Address } from '@chihaya/bittorrent'
import { parseDuration } from '@chihaya/core'
import type { BadConnectionIdBan } from '../options.ts'
import { sipHash24, sipHashKey } from './siphash.ts'

const SLOTS = 16_384

export interface BadIdBanInit {
  /** 16 random bytes. */
  readonly seed: Uint8Array
  /** Bad ids that ban their source. */
  readonly after: number
  /** Milliseconds within which they are counted. */
  readonly within: number
  /** Milliseconds that a ban lasts. */
  readonly duration: number
}

/** The ban that the option configures; undefined without one. */
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
 * Bans sources that send many bad connection ids: these are no longer answered. Sources can be
 * forged, so a ban affects nothing else.
 *
 * The table has a fixed size. A source whose slot is taken by another is not counted until that
 * slot is free again; until then only the limit on errors applies to it. Which sources share a slot
 * is secret, so an attacker cannot arrange a collision.
 */
export class BadIdBan {
  readonly #after: number
  readonly #within: number
  readonly #duration: number
  readonly #key: Int32Array
  readonly #digest = new Int32Array(2)
  /** The source that has the slot: further bits of its hash. */
  readonly #tags = new Int32Array(SLOTS)
  readonly #strikes = new Uint32Array(SLOTS)
  /** When the slot is free again, in milliseconds: the end of the ban or of the counting. */
  readonly #until = new Float64Array(SLOTS)

  constructor(init: BadIdBanInit) {
    this.#key = sipHashKey(init.seed)
    this.#after = init.after
    this.#within = init.within
    this.#duration = init.duration
  }

  /** Counts a bad id. Returns whether its source was banned before it. `now` in milliseconds. */
  strike(source: Address, now: number): boolean {
    sipHash24(this.#key, source, 0, hostPrefix(source), this.#digest)
    const slot = (this.#digest[0] as number) & (SLOTS - 1)
    const tag = this.#digest[1] as number
    const until = this.#until[slot] as number
    // A time this far ahead means that the clock has been set back.
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
