import { PORT_MASK } from '../peers/entry.ts'
import { ExpiringTable } from '../heap/expiring-table.ts'
import type { KeyedHash } from '../heap/keyed-hash.ts'
import { PEER_ID_LONGS } from '../peers/layout.ts'
import type { TickClock } from '../expiry/tick-clock.ts'

/**
 * Endpoints and clients that are remembered at most, in about 12 bytes each and as many again in
 * reserve.
 */
const MOST = 1 << 19
/** The hash of an infohash, a peer id, a key. */
const CLIENT_LONGS: number = 1 + PEER_ID_LONGS + 1
const ALL_BITS = 0xffff_ffff

/**
 * Whose download of a torrent has been counted, so that it counts once. While a peer is in its
 * swarm its mark knows. Here are the endpoints that have left since, and the clients that
 * completed, whichever family they came by; until the peer lifetime is over.
 */
export class CountedDownloads {
  readonly #table = new ExpiringTable()
  readonly #hash: KeyedHash
  /** Of an infohash the hash, then an endpoint, or a peer id and a key. */
  readonly #words = new Uint32Array(CLIENT_LONGS)
  #any = false

  constructor(hash: KeyedHash) {
    this.#hash = hash
  }

  get bytes(): number {
    return this.#table.bytes
  }

  /**
   * Whether the endpoint at `longs[at]`, `count` words long, has left the swarm of the infohash
   * with its download counted.
   */
  hasEndpoint(
    infoHash: number,
    longs: Uint32Array,
    at: number,
    count: number,
    clock: TickClock,
  ): boolean {
    if (!this.#any) return false
    return this.#table.get(this.#hashEndpoint(infoHash, longs, at, count), clock.tick()) >= 0
  }

  /** Remembers such an endpoint until `end`. */
  addEndpoint(
    infoHash: number,
    longs: Uint32Array,
    at: number,
    count: number,
    end: number,
    tick: number,
  ): void {
    this.#any = true
    this.#table.set(this.#hashEndpoint(infoHash, longs, at, count), 0, end, tick, MOST)
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
    this.#words[0] = infoHash
    for (let index = 0; index < PEER_ID_LONGS; index++) this.#words[1 + index] = peerId[index]!
    this.#words[1 + PEER_ID_LONGS] = key
    const hash = this.#hash.longs(this.#words, 0, CLIENT_LONGS, ALL_BITS)
    const known = this.#table.get(hash, tick) >= 0
    this.#table.set(hash, 0, end, tick, MOST)
    return known
  }

  #hashEndpoint(infoHash: number, longs: Uint32Array, at: number, count: number): number {
    this.#words[0] = infoHash
    for (let index = 0; index < count; index++) this.#words[1 + index] = longs[at + index]!
    return this.#hash.longs(this.#words, 0, 1 + count, PORT_MASK)
  }
}
