import type { Address } from '@chihaya/bittorrent'
import type { BadIdBan } from './bad-id-ban.ts'
import { sipHash24, sipHashKey } from './siphash.ts'

const SLOTS = 16_384
const NETWORK_RATE = 10
const TOTAL_RATE = 10_000
const SECOND = 1_000_000
// The part of an address that a provider's customer cannot choose: /24 of IPv4, /56 of IPv6.
const IPV4_PREFIX = 3
const IPV6_PREFIX = 7

/**
 * Token buckets for error replies to datagrams that do not prove their source: 10 a second for each
 * /24 or /56, 10,000 a second in total, with bursts of one second.
 *
 * The number of buckets is fixed, and each is one number. Networks with the same hash share a
 * bucket: at worst a client gets no error and retries, as UDP clients do. Which ones collide is
 * secret, so an attacker cannot arrange it.
 */
export class ErrorLimit {
  /** When each bucket is full again, in whole microseconds. The last one is the total. */
  readonly #full = new Float64Array(SLOTS + 1)
  readonly #key: Int32Array
  readonly #digest = new Int32Array(2)
  readonly #ban: BadIdBan | undefined

  /** `seed`: 16 random bytes. */
  constructor(seed: Uint8Array, ban?: BadIdBan) {
    this.#key = sipHashKey(seed)
    this.#ban = ban
  }

  /** Whether an error may be sent to `source`; if so, counts it. `now` in milliseconds. */
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
    // A time this far ahead means that the clock has been set back.
    if (full < now || full > now + SECOND) full = now
    if (full + cost > now + SECOND) return false
    this.#full[slot] = full + cost
    return true
  }
}
