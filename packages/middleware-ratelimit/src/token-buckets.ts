import { addressFamily, hostPrefix, type Address } from '@chihaya/bittorrent'

/** 65,536 buckets of 16 bytes. A source needs its bucket only until that is full again. */
const SETS = 8192
const WAYS = 8
/** The most bytes that identify a source: an IPv4 address, or an IPv6 /64. */
const KEY_BYTES = 8
/** First half of an IPv4 key. No IPv6 source starts like this, as it would be multicast. */
const IPV4 = 0xffff_ffff

const MINUTE = 60_000_000

export interface TokenBucketsInit {
  /** Tokens that a bucket gains per minute. */
  readonly perMinute: number
  /** Tokens in a full bucket. */
  readonly burst: number
}

/**
 * A token bucket for each source, in fixed memory.
 *
 * The bucket of a source is in one of the eight places of a set. A new source replaces the bucket
 * that lacks the fewest tokens, usually a full one; its source starts with a full bucket again. So
 * a flood of sources makes the limit more lenient, first for the quietest sources, and never causes
 * a refusal. A secret decides which sources share a set.
 */
export class TokenBuckets {
  /** Microseconds until a bucket gains a token: an integer, so that sums are exact. */
  readonly #cost: number
  /** Microseconds until an empty bucket is full. */
  readonly #depth: number
  /** Two words for each bucket. */
  readonly #keys = new Uint32Array(SETS * WAYS * 2)
  /** When each bucket is full again, in microseconds since 1970. */
  readonly #full = new Float64Array(SETS * WAYS)
  /** Random bits for each value of each byte of a key. Their XOR selects the set. */
  readonly #bits: Uint32Array = crypto.getRandomValues(new Uint32Array(KEY_BYTES * 256))

  constructor({ perMinute, burst }: TokenBucketsInit) {
    this.#cost = Math.round(MINUTE / perMinute)
    this.#depth = this.#cost * burst
  }

  /**
   * Takes a token from the bucket of a source. False if the bucket is empty. `now` is in
   * milliseconds since 1970.
   */
  take(source: Address, now: number): boolean {
    const micros = Math.floor(now) * 1000
    const bucket = this.#bucketOf(source, micros)
    let full = this.#full[bucket] as number
    // A bucket that lacks more than its depth means that the clock was set back.
    if (full < micros || full > micros + this.#depth) full = micros
    if (full + this.#cost > micros + this.#depth) return false
    this.#full[bucket] = full + this.#cost
    return true
  }

  /** The bucket of a source, or a full one that replaces another source's. */
  #bucketOf(source: Address, micros: number): number {
    const ipv4 = addressFamily(source) === 'ipv4'
    const high = ipv4 ? IPV4 : wordOf(source, 0)
    const low = wordOf(source, ipv4 ? 0 : 4)
    const first = this.#setOf(source, hostPrefix(source)) * WAYS
    let fullest = first
    for (let bucket = first; bucket < first + WAYS; bucket++) {
      if (this.#keys[bucket * 2] === high && this.#keys[bucket * 2 + 1] === low) return bucket
      if ((this.#full[bucket] as number) < (this.#full[fullest] as number)) fullest = bucket
    }
    this.#keys[fullest * 2] = high
    this.#keys[fullest * 2 + 1] = low
    this.#full[fullest] = micros
    return fullest
  }

  #setOf(source: Address, bytes: number): number {
    let set = 0
    for (let at = 0; at < bytes; at++)
      set ^= this.#bits[(at << 8) | (source[at] as number)] as number
    return set & (SETS - 1)
  }
}

function wordOf(source: Address, at: number): number {
  return (
    (((source[at] as number) << 24) |
      ((source[at + 1] as number) << 16) |
      ((source[at + 2] as number) << 8) |
      (source[at + 3] as number)) >>>
    0
  )
}
