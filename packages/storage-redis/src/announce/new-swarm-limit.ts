import { byteString, ClientError, type Address } from '@chihaya/bittorrent'
import type { NewSwarmRate } from '@chihaya/core'

/** Sent to a source whose allowance of new torrents is spent. */
export const TOO_MANY_NEW_SWARMS: ClientError = new ClientError('too many new torrents')

/** Sources that are remembered at most. */
const MOST = 1 << 16
const MINUTE = 60_000
/** Bytes of an IPv6 /56, which one customer has. */
const IPV6_SOURCE = 7

/**
 * Limits the swarms that a source creates over time, in this process: a token bucket, stored as the
 * time at which it is full again (generic cell rate algorithm, ITU-T I.371). A full one takes no
 * memory.
 */
export class NewSwarmLimit {
  /** By source. The last one to take a token is at the end. */
  readonly #fullAt = new Map<string, number>()
  readonly #now: () => number
  /** Milliseconds until one token is back, and until all are. */
  readonly #interval: number
  readonly #whole: number

  /** `now` returns milliseconds and never goes back. */
  constructor(
    { perMinute, burst = perMinute }: NewSwarmRate,
    now: () => number = () => performance.now(),
  ) {
    this.#now = now
    this.#interval = MINUTE / perMinute
    this.#whole = this.#interval * Math.max(1, burst)
  }

  /** Takes a token of the source of an address. Returns false if none is left. */
  take(address: Address): boolean {
    const source = sourceOf(address)
    const now = this.#now()
    const fullAt = Math.max(now, this.#fullAt.get(source) ?? 0) + this.#interval
    // A thousandth of a token makes up for rounding.
    if (fullAt - now > this.#whole + this.#interval / 1000) return false
    this.#fullAt.delete(source)
    this.#fullAt.set(source, fullAt)
    this.#forget(now)
    return true
  }

  /** Gives back a token that was not used. */
  giveBack(address: Address): void {
    const source = sourceOf(address)
    const fullAt = (this.#fullAt.get(source) ?? 0) - this.#interval
    if (fullAt > this.#now()) this.#fullAt.set(source, fullAt)
    else this.#fullAt.delete(source)
  }

  #forget(now: number): void {
    for (const [source, fullAt] of this.#fullAt) {
      if (fullAt > now && this.#fullAt.size <= MOST) return
      this.#fullAt.delete(source)
    }
  }
}

function sourceOf(address: Address): string {
  return byteString(address.length === 4 ? address : address.subarray(0, IPV6_SOURCE))
}
