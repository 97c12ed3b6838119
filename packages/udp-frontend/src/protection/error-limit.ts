import type { Address } from '@chihaya/bittorrent'
import type { BadIdBan } from './bad-id-ban.ts'
import { sipHash24, sipHashKey } from './siphash.ts'

const SLOTS = 16_384
const NETWORK_RATE = 10
const TOTAL_RATE = 10_000
const SECOND = 1_000_000
// The parts of an address that one customer of a provider cannot choose: /24 of IPv4, /56 of IPv6.
const IPV4_PREFIX = 3
const IPV6_PREFIX = 7

/**
 * Token buckets for the error replies to datagrams that prove nothing about their source: 10 a
 * second for a /24 or /56, 10,000 a second in all, with bursts of one second.
 *
 * Memory is one number for each of a fixed number of buckets. Networks that meet in a bucket share
 * it: the worst of that is silence, which UDP clients know how to live with. Which ones meet is
 * secret, so nobody can arrange it.
 */
export class ErrorLimit {
  /** When each bucket will be full again, in whole microseconds; the last one is everybody's. */
  readonly #full = new Float64Array(SLOTS + 1)
  readonly #key: Int32Array
  readonly #digest = new Int32Array(2)

  readonly #ban: BadIdBan | undefined

  /** `seed`: 16 random bytes. */
  constructor(seed: Uint8Array, ban?: BadIdBan) {
    this.#key = sipHashKey(seed)
    this.#ban = ban
  }

  /** Whether an error may go to `source` now, in milliseconds; if so, it is counted. */
  allow(source: Address, now: number): boolean {
    if (this.#ban?.strike(source, now) === true) return false
    sipHash24(this.#key, source, 0, source.length === 4 ? IPV4_PREFIX : IPV6_PREFIX, this.#digest)
    const slot = (this.#digest[0] as number) & (SLOTS - 1)
    const micros = Math.floor(now) * 1000
    return this.#take(slot, NETWORK_RATE, micros) && this.#take(SLOTS, TOTAL_RATE, micros)
  }

  #take(slot: number, rate: number, now: number): boolean {
    const cost = SECOND / rate
    let full = this.#full[slot] as number
    // Beyond what a bucket can owe, the clock has been set back.
    if (full < now || full > now + SECOND) full = now
    if (full + cost > now + SECOND) return false
    this.#full[slot] = full + cost
    return true
  }
}
