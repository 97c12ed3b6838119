import type { KeyedHash } from '@chihaya/bittorrent'
import { ExpiringTable } from '../heap/expiring-table.ts'
import type { NewSwarmRate } from '@chihaya/core'
import { hashNarrow } from './sources.ts'

/** Sources with a partly used allowance to remember at most. Those that used the least go first. */
const MOST = 1 << 16
const SECOND = 1000
const MINUTE = 60_000
const FRACTION = 2 ** 31
/** Milliseconds that rounding may take away. */
const ROUNDING = 0.01

/**
 * Limits the rate of new swarms per source: a token bucket, stored as the moment at which it is
 * full again (the generic cell rate algorithm, ITU-T I.371). A full bucket takes no memory.
 */
export class NewSwarmLimit {
  readonly #table = new ExpiringTable()
  readonly #hash: KeyedHash
  readonly #now: () => number
  /** Milliseconds until a token comes back, and until all do. */
  readonly #interval: number
  readonly #whole: number

  /** `now` gives milliseconds and never goes back. */
  constructor(rate: NewSwarmRate, hash: KeyedHash, now: () => number) {
    this.#hash = hash
    this.#now = now
    this.#interval = MINUTE / rate.perMinute
    this.#whole = this.#interval * (rate.burst ?? rate.perMinute)
  }

  /**
   * Takes a token of a source, the entry of `length` words at the front of `u32`; false if none is
   * left.
   */
  take(u32: Uint32Array, length: number): boolean {
    const hash = hashNarrow(this.#hash, u32, length)
    const now = this.#now()
    const tick = Math.floor(now / SECOND)
    const fullAt = Math.max(now, this.#read(hash, tick)) + this.#interval
    if (fullAt - now > this.#whole + ROUNDING) return false
    const end = Math.ceil(fullAt / SECOND)
    this.#table.set(hash, Math.round((end - fullAt / SECOND) * FRACTION), end, tick, MOST)
    return true
  }

  #read(hash: number, tick: number): number {
    const fraction = this.#table.get(hash, tick)
    return fraction < 0 ? 0 : (this.#table.end - fraction / FRACTION) * SECOND
  }
}
