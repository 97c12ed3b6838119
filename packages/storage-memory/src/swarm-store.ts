import { addressFamily, type Address, type AddressFamily } from '@chihaya/bittorrent'
import type { Transition } from '@chihaya/core'
import { ALIAS, entryLongs, PARTIAL, writeEndpoint, writeMark } from './entry.ts'
import { Heap, segmentOf } from './heap.ts'
import type { KeyedHash } from './keyed-hash.ts'
import { TOO_MANY_PEERS, TOO_MANY_SWARMS } from './limits.ts'
import { PeerBlocks } from './peer-blocks.ts'
import { PEER_ID_LONGS } from './peer-layout.ts'
import { PeerSets } from './peer-sets.ts'
import type { SourceLimit } from './source-limit.ts'
import { IPV6_SETS, LEECHERS, SEEDERS, SETS, SUBNET, SWARM, SwarmRecords } from './swarm-records.ts'
import type { TickClock } from './tick-clock.ts'

export interface SwarmLimits {
  readonly maxSwarms: number
  readonly maxPeers: number
  readonly maxPeersPerSwarm: number
  readonly rememberedSwarms: number
}

export interface SwarmStoreInit {
  readonly hash: KeyedHash
  readonly clock: TickClock
  readonly limits: SwarmLimits
  readonly storePeerIds: boolean
  readonly sourceLimit: SourceLimit | undefined
}

/** The sets of a swarm that hold the peers of an address's family: leechers, then seeders. */
export function setsOf(family: AddressFamily): number {
  return family === 'ipv4' ? 0 : IPV6_SETS
}

/** Swarms and their peers: finds them, moves peers between their states, keeps the totals. */
export class SwarmStore {
  readonly heap: Heap = new Heap()
  readonly records: SwarmRecords
  readonly clock: TickClock
  /** Peers in all swarms by the number of their set, aliases left out. */
  readonly totals: Float64Array = new Float64Array(SETS)
  /** Swarms that have peers. */
  swarms = 0
  /** Whether the last announce left its peer stored, or gone as it asked; false when the swarm had no room for it. */
  stored = true
  /** The endpoint that is being announced, and its peer id; that one the caller sets. */
  readonly key: Uint32Array = new Uint32Array(5)
  readonly peerId: Uint32Array = new Uint32Array(PEER_ID_LONGS)
  readonly #ipv4: PeerSets
  readonly #ipv6: PeerSets
  readonly #limits: SwarmLimits
  readonly #sourceLimit: SourceLimit | undefined
  #met = 0

  constructor(init: SwarmStoreInit) {
    const sets = (family: AddressFamily): PeerSets => {
      const sourceLongs = init.sourceLimit?.sourceLongs(family) ?? 0
      return new PeerSets(new PeerBlocks(this.heap, init.hash, entryLongs(family), sourceLongs, init.storePeerIds))
    }
    this.records = new SwarmRecords(this.heap, init.hash, init.limits.rememberedSwarms)
    this.clock = init.clock
    this.#ipv4 = sets('ipv4')
    this.#ipv6 = sets('ipv6')
    this.#limits = init.limits
    this.#sourceLimit = init.sourceLimit
  }

  /** The peer sets of a family, by the number of any of its sets. */
  sets(set: number): PeerSets {
    return set < IPV6_SETS ? this.#ipv4 : this.#ipv6
  }

  /**
   * Applies an announce of the peer in `peerId` to the swarm whose infohash is in `records.key`, and returns its record, or 0
   * when there is none. `flags` are those of the peer's mark; an alias is not counted.
   * @throws {ClientError} when the swarm or the peer is new and the store is full.
   */
  apply(address: Address, port: number, transition: Transition, kind: number, flags: number): number {
    this.stored = true
    const hash = this.records.hashKey()
    let record = this.records.find(hash)
    if (transition === 'unchanged') return record
    writeEndpoint(this.key, address, port)
    const set = setsOf(addressFamily(address))
    const sets = this.sets(set)
    const peerHash = sets.blocks.hash(this.key, 0)
    const live = record !== 0 && this.records.isLive(record)
    if (transition === 'stopped') {
      if (!live || !this.#meet(record, set, peerHash)) return record
      this.#remove(record, this.#met)
      return this.#endIfEmpty(record)
    }
    const role = set + (transition === 'seeder' || transition === 'completed' ? SEEDERS : LEECHERS)
    // An alias counts for nothing, not even as a partial seed.
    const mark = this.clock.mark() | (flags === 0 && transition === 'partial' ? PARTIAL : flags)
    if (live && sets.find(this.records.root(record, role), this.key, peerHash)) {
      const before = sets.mark
      if (((before ^ mark) & ALIAS) !== 0) {
        this.#count(record, role, before, -1)
        this.#count(record, role, mark, 1)
      }
      sets.setMark(this.records.root(record, role), mark)
      this.#writePeerId(sets)
      return record
    }
    const other = role ^ 1
    if (live && sets.find(this.records.root(record, other), this.key, peerHash)) {
      this.#remove(record, other)
    } else if (!this.#admits(record, live, set, kind, flags)) {
      this.stored = false
      return record
    }
    if (!live) record = this.#create(hash, record, kind)
    this.#insert(record, role, peerHash, mark)
    if (transition === 'completed' && kind === SWARM && (flags & ALIAS) === 0) this.records.countDownload(record)
    return record
  }

  /** Takes out the peer that a set of the record has just met. */
  #remove(record: number, set: number): void {
    const sets = this.sets(set)
    this.#count(record, set, sets.mark, -1)
    this.records.setRoot(record, set, sets.remove(this.records.root(record, set)))
  }

  #insert(record: number, set: number, hash: number, mark: number): void {
    const sets = this.sets(set)
    writeMark(this.key, sets.blocks.stride - 1, mark)
    const root = sets.insert(this.records.root(record, set), this.key, hash)
    if (root === 0) throw TOO_MANY_PEERS
    this.records.setRoot(record, set, root)
    this.#writePeerId(sets)
    this.#count(record, set, mark, 1)
  }

  #count(record: number, set: number, mark: number, by: number): void {
    if ((mark & ALIAS) !== 0) return
    this.records.addCount(record, set, by)
    if (this.records.kind(record) === SWARM) this.totals[set]! += by
  }

  #create(hash: number, found: number, kind: number): number {
    if (kind === SWARM) this.swarms++
    return this.records.create(hash, found, kind)
  }

  /** Ends a swarm whose last peer has gone; returns what `records.find` would now. */
  #endIfEmpty(record: number): number {
    if (!this.records.isEmpty(record)) return record
    if (this.records.kind(record) === SWARM) this.swarms--
    return this.records.release(record)
  }

  /** Takes out the peers of one block whose mark is stale at `now`, and returns how many those were. */
  expire(record: number, set: number, entry: number, now: number): number {
    const sets = this.sets(set)
    let removed = 0
    const root = sets.expire(this.records.root(record, set), entry, (mark) => {
      if (!this.clock.isStale(mark, now)) return false
      this.#count(record, set, mark, -1)
      removed++
      return true
    })
    this.records.setRoot(record, set, root)
    if (root === 0) this.#endIfEmpty(record)
    return removed
  }

  /** Looks for the announced peer in both sets of its family; `#met` says in which it is. */
  #meet(record: number, set: number, hash: number): boolean {
    const sets = this.sets(set)
    this.#met = set + LEECHERS
    if (sets.find(this.records.root(record, this.#met), this.key, hash)) return true
    this.#met = set + SEEDERS
    return sets.find(this.records.root(record, this.#met), this.key, hash)
  }

  /** Whether a new peer may enter. @throws {ClientError} when the store, and not just the swarm, is full. */
  #admits(record: number, live: boolean, set: number, kind: number, flags: number): boolean {
    if (live) this.#makeRoomForSource(record, set)
    // A subnet's peers are limited with those of its swarm, an alias with its peer.
    if (kind === SUBNET || (flags & ALIAS) !== 0) return true
    if (!live && this.swarms >= this.#limits.maxSwarms) throw TOO_MANY_SWARMS
    if (this.totals[0]! + this.totals[1]! + this.totals[2]! + this.totals[3]! >= this.#limits.maxPeers) throw TOO_MANY_PEERS
    return !live || this.#population(record) < this.#limits.maxPeersPerSwarm
  }

  #population(record: number): number {
    let population = 0
    for (let set = 0; set < SETS; set++) population += this.records.count(record, set)
    return population
  }

  #makeRoomForSource(record: number, set: number): void {
    const crowded = this.#sourceLimit?.meetOldest(this, record, set) ?? -1
    if (crowded >= 0) this.#remove(record, crowded)
  }

  #writePeerId(sets: PeerSets): void {
    if (!sets.blocks.keepsPeerIds) return
    const longs = this.heap.longs[segmentOf(sets.block)]!
    const at = sets.blocks.peerIdAt(sets.block, sets.position)
    for (let index = 0; index < PEER_ID_LONGS; index++) longs[at + index] = this.peerId[index]!
  }
}
