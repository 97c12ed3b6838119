import type { KeyedHash } from '@chihaya/bittorrent'
import { ALIAS } from '../peers/entry.ts'
import { ExpiringTable } from '../heap/expiring-table.ts'
import { PEER_ID_U32 } from '../peers/layout.ts'
import { IPV6_SETS, LEECHERS, SEEDERS } from './records.ts'
import type { Swarms } from './swarms.ts'

/** The hash of an infohash, a peer id, a key, the family. */
const CLIENT_U32: number = 1 + PEER_ID_U32 + 2
const KEY = 1 + PEER_ID_U32
const FAMILY: number = KEY + 1
const ALL_BITS = 0xffff_ffff
/** Clients remembered in addition to two for each peer in the swarms. */
const SPARE = 4096

/**
 * Finds the clients that announce over both families, by peer id and key (BEP 7), where the
 * families are one swarm: the endpoint that came first is counted, and the other one is an alias
 * for as long as that one is there.
 *
 * It remembers for each client and family the endpoint that is counted, by its hash in the peer
 * sets.
 */
export class DualStackClients {
  readonly #table = new ExpiringTable()
  readonly #hash: KeyedHash
  readonly #input = new Uint32Array(CLIENT_U32)

  constructor(hash: KeyedHash) {
    this.#hash = hash
  }

  get bytes(): number {
    return this.#table.bytes
  }

  /** Selects the client with the announced peer id and key. */
  select(infoHash: number, peerId: Uint32Array, key: number): void {
    this.#input[0] = infoHash
    for (let index = 0; index < PEER_ID_U32; index++) this.#input[1 + index] = peerId[index]!
    this.#input[KEY] = key
  }

  /**
   * Whether the client is counted in the swarm at an endpoint of the other family than that of
   * `set`.
   */
  isCountedElsewhere(swarms: Swarms, record: number, set: number): boolean {
    const other = IPV6_SETS - set
    const hash = this.#table.get(this.#hashFor(other), swarms.clock.tick())
    if (hash < 0) return false
    const now = swarms.clock.mark()
    const isCounted = (mark: number): boolean =>
      (mark & ALIAS) === 0 && !swarms.clock.isStale(mark, now)
    const sets = swarms.sets(other)
    return (
      sets.holds(swarms.records.root(record, other + LEECHERS), hash, isCounted) ||
      sets.holds(swarms.records.root(record, other + SEEDERS), hash, isCounted)
    )
  }

  /** Records that the client is counted at the endpoint with this hash. */
  count(swarms: Swarms, set: number, endpoint: number): void {
    const tick = swarms.clock.tick()
    this.#table.set(
      this.#hashFor(set),
      endpoint,
      swarms.clock.end(swarms.clock.mark()),
      tick,
      swarms.peers * 2 + SPARE,
    )
  }

  /** Records that the client has left the endpoint with this hash. */
  leave(swarms: Swarms, set: number, endpoint: number): void {
    const hash = this.#hashFor(set)
    if (this.#table.get(hash, swarms.clock.tick()) === endpoint >>> 0) this.#table.delete(hash)
  }

  #hashFor(set: number): number {
    this.#input[FAMILY] = set
    return this.#hash.of(this.#input, 0, CLIENT_U32, ALL_BITS)
  }
}
