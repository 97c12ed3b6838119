import { PORT_MASK } from '../peers/entry.ts'
import { ExpiringTable } from '../heap/expiring-table.ts'
import type { KeyedHash } from '../heap/keyed-hash.ts'
import { PEER_ID_U32 } from '../peers/layout.ts'
import type { TickClock } from '../expiry/tick-clock.ts'

/**
 * Endpoints and clients that are remembered at most, in about 12 bytes each and as many again in
 * reserve.
 */
const MOST = 1 << 19
/** The hash of an infohash, a peer id, a key. */
const CLIENT_U32: number = 1 + PEER_ID_U32 + 1
const ALL_BITS = 0xffff_ffff

/**
 * Remembers whose download of a torrent was counted, so that it counts once. While a peer is in its
 * swarm its mark knows. Here are the endpoints that have left since, and the clients that
 * completed, whichever family they came by; until the peer lifetime is over.
 */
export class CountedDownloads {
  readonly #table = new ExpiringTable()
  readonly #hash: KeyedHash
  /** Of an infohash the hash, then an endpoint, or a peer id and a key. */
  readonly #input = new Uint32Array(CLIENT_U32)
  #any = false

  constructor(hash: KeyedHash) {
    this.#hash = hash
  }

  get bytes(): number {
    return this.#table.bytes
  }

  /**
   * Whether the endpoint at `u32[at]`, `count` words long, has left the swarm of the infohash
   * with its download counted.
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
