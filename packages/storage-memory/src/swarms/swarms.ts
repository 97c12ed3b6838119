import type { KeyedHash } from '@chihaya/bittorrent'
import { TOO_MANY_PEERS } from '../limits/limits.ts'
import { CountedDownloads } from './counted-downloads.ts'
import { ALIAS, COUNTED, entryU32, FIRST_DIALLABLE_PORT, readMark } from '../peers/entry.ts'
import { Heap, segmentOf } from '../heap/heap.ts'
import { PeerBlocks } from '../peers/blocks.ts'
import { Columns } from '../peers/layout.ts'
import { PeerSets } from '../peers/sets.ts'
import type { SourceLimit } from '../limits/source-limit.ts'
import { SourceShares, type Sources } from '../limits/sources.ts'
import type { SubnetPeers } from './subnet-peers.ts'
import {
  IPV6_SETS,
  LEECHERS,
  SEEDERS,
  SUBNET,
  SWARM,
  SwarmRecords,
  WEBRTC_SETS,
} from './records.ts'
import type { TickClock } from '../expiry/tick-clock.ts'

export interface SwarmsInit {
  readonly hash: KeyedHash
  readonly sources: Sources
  readonly clock: TickClock
  readonly rememberedSwarms: number
  readonly storePeerIds: boolean
  readonly storeOwners: boolean
  readonly storeWebrtcPeers: boolean
  readonly withholdPortsBelow: number
  readonly sourceLimit: SourceLimit | undefined
  readonly subnetPeers: SubnetPeers | undefined
}

/**
 * All swarms and their peers, with totals. `Announcer` moves peers into and between sets; this
 * class removes them.
 */
export class Swarms {
  readonly heap: Heap = new Heap()
  readonly records: SwarmRecords
  readonly clock: TickClock
  /** Peers in all swarms by the number of their set, without aliases. */
  readonly totals: Float64Array
  /** Peers in all swarms, aliases included. */
  peers = 0
  /** Aliases in all swarms. */
  aliases = 0
  /** Swarms that have peers. */
  count = 0
  readonly sources: Sources
  /** Swarms and peers by their source. */
  readonly swarmShares: SourceShares = new SourceShares()
  readonly peerShares: SourceShares = new SourceShares()
  readonly downloads: CountedDownloads
  /** Number of swarms and peers dropped to make room for others. */
  displaced = 0
  readonly #ipv4: PeerSets
  readonly #ipv6: PeerSets
  readonly #webrtc: PeerSets | undefined
  readonly #subnetPeers: SubnetPeers | undefined
  /** The entry of a displaced peer. */
  readonly #gone = new Uint32Array(entryU32('ipv6'))

  constructor(init: SwarmsInit) {
    const { heap } = this
    const { hash, sourceLimit, storeWebrtcPeers } = init
    const columns = new Columns(init.storePeerIds, init.storeOwners)
    const firstPort = Math.max(FIRST_DIALLABLE_PORT, init.withholdPortsBelow)
    const sets = (u32: number, port: number): PeerSets =>
      new PeerSets(new PeerBlocks(heap, hash, u32, sourceLimit?.sourceU32(u32) ?? 0, columns, port))
    this.#ipv4 = sets(entryU32('ipv4'), firstPort)
    this.#ipv6 = sets(entryU32('ipv6'), firstPort)
    // A WebRTC peer has the entry of an IPv4 peer, with its handle as the address, and no port.
    this.#webrtc = storeWebrtcPeers ? sets(entryU32('ipv4'), 0) : undefined
    this.records = new SwarmRecords(heap, hash, init.rememberedSwarms, storeWebrtcPeers)
    this.totals = new Float64Array(this.records.sets)
    this.clock = init.clock
    this.sources = init.sources
    this.downloads = new CountedDownloads(hash)
    this.#subnetPeers = init.subnetPeers
  }

  /** Bytes taken from the system. */
  get bytes(): number {
    return this.heap.bytes + this.records.table.bytes + this.downloads.bytes
  }

  /** Peers of a swarm, aliases included. */
  population(record: number): number {
    const { records } = this
    let population = 0
    for (let set = 0; set < records.sets; set++) {
      const root = this.aliases > 0 ? records.root(record, set) : 0
      population += root === 0 ? records.count(record, set) : this.sets(set).size(root)
    }
    return population
  }

  /** The peer sets of a network, by the number of any of its sets. */
  sets(set: number): PeerSets {
    if (set < IPV6_SETS) return this.#ipv4
    return set < WEBRTC_SETS ? this.#ipv6 : this.#webrtc!
  }

  /** Puts the entry in `key` into a set, where the set's `block` and `position` then point. */
  insert(record: number, set: number, key: Uint32Array, hash: number, mark: number): void {
    const root = this.sets(set).insert(this.records.root(record, set), key, hash)
    if (root === 0) throw TOO_MANY_PEERS
    this.records.setRoot(record, set, root)
    this.addToCount(record, set, mark, 1)
  }

  /** Removes the peer that a set has just found and that moves to another set of its swarm. */
  remove(record: number, set: number): void {
    const sets = this.sets(set)
    this.addToCount(record, set, sets.mark, -1)
    this.records.setRoot(record, set, sets.remove(this.records.root(record, set)))
  }

  /** Removes the peer that a set has just found. The record stays, even if empty. */
  take(record: number, set: number): void {
    const { blocks, block, position } = this.sets(set)
    this.#releaseShare(record, blocks, block, position)
    this.remove(record, set)
  }

  /** Removes the peer that a set has just found, to make room for another. */
  displace(record: number, set: number): void {
    this.displaced++
    const { blocks, block, position } = this.sets(set)
    const u32 = this.heap.u32[segmentOf(block)]!
    const entry = blocks.entryAt(block, position)
    for (let index = 0; index < blocks.stride; index++) this.#gone[index] = u32[entry + index]!
    this.take(record, set)
    if (this.records.kind(record) === SWARM) this.#forget(record, set, this.#gone, 0)
  }

  /**
   * Removes the peers of one block for which `goes` is true, and returns their number. Counted
   * downloads are remembered unless the peers have expired. The record stays, even if empty.
   */
  removeWhere(
    record: number,
    set: number,
    slot: number,
    expired: boolean,
    goes: (block: number, position: number) => boolean,
  ): number {
    const sets = this.sets(set)
    const { blocks } = sets
    const remembers = !expired && this.records.kind(record) === SWARM
    let removed = 0
    const root = sets.removeWhere(this.records.root(record, set), slot, (block, position) => {
      if (!goes(block, position)) return false
      const u32 = this.heap.u32[segmentOf(block)]!
      if (remembers) this.#forget(record, set, u32, blocks.entryAt(block, position))
      this.#releaseShare(record, blocks, block, position)
      this.addToCount(record, set, blocks.mark(block, position), -1)
      removed++
      return true
    })
    this.records.setRoot(record, set, root)
    return removed
  }

  /** Removes the peers of one block that have expired at `now`, and returns their number. */
  expire(record: number, set: number, slot: number, now: number): number {
    const { blocks } = this.sets(set)
    const removed = this.removeWhere(record, set, slot, true, (block, position) =>
      this.clock.isStale(blocks.mark(block, position), now),
    )
    if (removed > 0) this.endIfEmpty(record)
    return removed
  }

  /** Ends a swarm with all its peers, to make room for another. */
  drop(record: number): void {
    this.displaced++
    for (let set = 0; set < this.records.sets; set++) {
      const sets = this.sets(set)
      for (let slot = 0; slot < sets.slots(this.records.root(record, set));) {
        const root = this.records.root(record, set)
        this.removeWhere(record, set, slot, false, () => true)
        // A directory with few peers left becomes one block.
        slot = this.records.root(record, set) === root ? slot + 1 : 0
      }
    }
    this.endIfEmpty(record)
  }

  /** Ends a swarm without peers. Returns what `records.find` would now. */
  endIfEmpty(record: number): number {
    if (!this.records.isEmpty(record)) return record
    if (this.records.kind(record) === SWARM) {
      this.count--
      this.swarmShares.add(this.records.source(record), -1)
    }
    return this.records.release(record)
  }

  /** Counts a peer that enters (1) or leaves (-1). Aliases and subnet parts do not count. */
  addToCount(record: number, set: number, mark: number, by: number): void {
    const isSwarm = this.records.kind(record) === SWARM
    if (isSwarm) this.peers += by
    if ((mark & ALIAS) !== 0) {
      if (isSwarm) this.aliases += by
      return
    }
    this.records.addCount(record, set, by)
    if (isSwarm) this.totals[set]! += by
  }

  /** Remembers the counted download of a peer that is removed early, and clears its subnet. */
  #forget(record: number, set: number, u32: Uint32Array, at: number): void {
    const { clock } = this
    const { stride } = this.sets(set).blocks
    const mark = readMark(u32, at + stride - 1)
    if ((mark & COUNTED) !== 0) {
      const infoHash = this.records.hashOf(record)
      this.downloads.addEndpoint(infoHash, u32, at, stride, clock.end(mark), clock.tick())
    }
    if (set < WEBRTC_SETS) this.#forgetInSubnet(record, set, u32, at)
  }

  #forgetInSubnet(record: number, set: number, u32: Uint32Array, at: number): void {
    if (this.#subnetPeers === undefined) return
    const { records } = this
    const sets = this.sets(set)
    const { key, endpoint } = this.#subnetPeers.partOf(records, record, sets.blocks.stride, u32, at)
    const part = records.find(records.hashKey(key), key)
    if (part === 0 || records.kind(part) !== SUBNET) return
    const hash = sets.blocks.hash(endpoint, 0)
    for (const role of [LEECHERS, SEEDERS]) {
      const from = (set & ~1) + role
      if (!sets.find(records.root(part, from), endpoint, hash)) continue
      this.take(part, from)
      this.endIfEmpty(part)
      return
    }
  }

  #releaseShare(record: number, blocks: PeerBlocks, block: number, position: number): void {
    if (this.records.kind(record) !== SWARM) return
    const u32 = this.heap.u32[segmentOf(block)]!
    this.peerShares.add(this.sources.of(u32, blocks.entryAt(block, position), blocks.stride), -1)
  }
}
