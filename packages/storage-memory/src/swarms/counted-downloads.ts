import type { KeyedHash } from '@chihaya/bittorrent'
import { PORT_MASK } from '../peers/entry.ts'
import { ExpiringTable } from '../heap/expiring-table.ts'
import { PEER_ID_U32 } from '../peers/layout.ts'
import type { TickClock } from '../expiry/tick-clock.ts'

/**
 * Most endpoints and clients remembered, at about 24 bytes each, half of them spare.
 */
const MOST = 1 << 19
/** The hash of an infohash, a peer id and a key. */
const CLIENT_U32: number = 1 + PEER_ID_U32 + 1
const ALL_BITS = 0xffff_ffff

/**
 * Remembers counted downloads for a peer lifetime, so that each counts once. A peer in its swarm
 * has a flag in its mark. This table holds the endpoints that have left, and the clients that
 * completed over either family.
 */
export class CountedDownloads {
  readonly #table = new ExpiringTable()
  readonly #hash: KeyedHash
  /** The hash of an infohash, then an endpoint, or a peer id and a key. */
  readonly #input = new Uint32Array(CLIENT_U32)
  #any = false

  constructor(hash: KeyedHash) {
    this.#hash = hash
  }

  get bytes(): number {
    return this.#table.bytes
  }

  /**
   * Whether the endpoint of `count` words at `u32[at]` has left the swarm after its download was
   * counted.
   */
  hasEndpoint(
    infoHash: number,
    u32: Uint32Array,
    at: number,
    count: number,
    clock: TickClock,
  ): boolean {
    if (!this.#any) return false
    return this.#table.get(this.#hashEndpoint(infoHash, u32, at, count), clock.tick()) >= 0
  }

  /** Remembers such an endpoint until `end`. */
  addEndpoint(
    infoHash: number,
    u32: Uint32Array,
    at: number,
    count: number,
    end: number,
    tick: number,
  ): void {
    this.#any = true
    this.#table.set(this.#hashEndpoint(infoHash, u32, at, count), 0, end, tick, MOST)
  }

  /** Remembers a client that has completed until `end`; whether it was remembered already. */
  addClient(
    infoHash: number,
    peerId: Uint32Array,
    key: number,
    end: number,
    tick: number,
  ): boolean {
    this.#any = true
    this.#input[0] = infoHash
    for (let index = 0; index < PEER_ID_U32; index++) this.#input[1 + index] = peerId[index]!
    this.#input[1 + PEER_ID_U32] = key
    const hash = this.#hash.of(this.#input, 0, CLIENT_U32, ALL_BITS)
    const known = this.#table.get(hash, tick) >= 0
    this.#table.set(hash, 0, end, tick, MOST)
    return known
  }

  #hashEndpoint(infoHash: number, u32: Uint32Array, at: number, count: number): number {
    this.#input[0] = infoHash
    for (let index = 0; index < count; index++) this.#input[1 + index] = u32[at + index]!
    return this.#hash.of(this.#input, 0, 1 + count, PORT_MASK)
  }
}
