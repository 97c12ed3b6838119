import { addressFamily, type Address, type AddressFamily } from '@chihaya/bittorrent'
import type { PeerState, Transition } from '@chihaya/core'
import { Admission } from './admission.ts'
import { CountedDownloads } from './counted-downloads.ts'
import { DualStackClients } from './dual-stack-clients.ts'
import { ALIAS, COUNTED, entryLongs, PARTIAL, readMark, writeEndpoint, writeMark } from './entry.ts'
import { Heap, segmentOf } from './heap.ts'
import type { KeyedHash } from './keyed-hash.ts'
import { TOO_MANY_PEERS, type SwarmLimits } from './limits.ts'
import type { NewSwarmLimit } from './new-swarm-limit.ts'
import { PeerBlocks } from './peer-blocks.ts'
import { PEER_ID_LONGS } from './peer-layout.ts'
import { PeerSets } from './peer-sets.ts'
import type { SourceLimit } from './source-limit.ts'
import { SourceShares, type Sources } from './sources.ts'
import type { SubnetPeers } from './subnet-peers.ts'
import { IPV6_SETS, LEECHERS, SEEDERS, SETS, SWARM, SwarmRecords } from './swarm-records.ts'
import type { TickClock } from './tick-clock.ts'

export interface SwarmStoreInit {
  readonly hash: KeyedHash
  readonly sources: Sources
  readonly clock: TickClock
  readonly limits: SwarmLimits
  readonly rememberedSwarms: number
  readonly storePeerIds: boolean
  readonly withholdPortsBelow: number
  /** Whether the families are one swarm. */
  readonly unified: boolean
  readonly sourceLimit: SourceLimit | undefined
  readonly newSwarmLimit: NewSwarmLimit | undefined
  readonly subnetPeers: SubnetPeers | undefined
}

/**
 * The endpoint is one that its client claims beside the one it announces from: an alias, unless it
 * is counted already.
 */
export const CLAIMED: number = 1 << 16

/** The sets of a swarm that hold the peers of an address's family: leechers, then seeders. */
export function setsOf(family: AddressFamily): number {
  return family === 'ipv4' ? 0 : IPV6_SETS
}

/** The state of a peer with a mark in a set. */
function stateOf(set: number, mark: number): PeerState {
  if ((set & 1) === SEEDERS) return 'seeder'
  return (mark & PARTIAL) === 0 ? 'leecher' : 'partial'
}

/** Swarms and their peers: finds them, moves peers between their states, keeps the totals. */
export class SwarmStore {
  readonly heap: Heap = new Heap()
  readonly records: SwarmRecords
  readonly clock: TickClock
  /** Peers in all swarms by the number of their set, aliases left out. */
  readonly totals: Float64Array = new Float64Array(SETS)
  /** Aliases in all swarms. */
  aliases = 0
  /** Swarms that have peers. */
  swarms = 0
  readonly sources: Sources
  /** Swarms and peers by their source. */
  readonly swarmShares: SourceShares = new SourceShares()
  readonly peerShares: SourceShares = new SourceShares()
  /**
   * Whether the last announce left its peer stored, or gone as it asked; false when the swarm had
   * no room for it.
   */
  stored = true
  /** The mark that the last announce left its peer with. */
  mark = 0
  /** What the last announced peer was before; undefined for one that was not in its swarm. */
  before: PeerState | undefined = undefined
  /**
   * The endpoint that is being announced, and its client's peer id and key; those the caller sets.
   */
  readonly key: Uint32Array = new Uint32Array(5)
  readonly peerId: Uint32Array = new Uint32Array(PEER_ID_LONGS)
  clientKey = 0
  readonly #ipv4: PeerSets
  readonly #ipv6: PeerSets
  readonly #admission: Admission
  readonly #downloads: CountedDownloads
  readonly #clients: DualStackClients | undefined
  readonly #subnetPeers: SubnetPeers | undefined
  readonly #gone = new Uint32Array(5)
  /** How many swarms and peers have given way to others. */
  #displaced = 0
  #met = 0

  constructor(init: SwarmStoreInit) {
    const { hash, sourceLimit, storePeerIds, withholdPortsBelow } = init
    const sets = (family: AddressFamily): PeerSets => {
      const sourceLongs = sourceLimit?.sourceLongs(family) ?? 0
      return new PeerSets(
        new PeerBlocks(
          this.heap,
          hash,
          entryLongs(family),
          sourceLongs,
          storePeerIds,
          withholdPortsBelow,
        ),
      )
    }
    this.records = new SwarmRecords(this.heap, hash, init.rememberedSwarms)
    this.clock = init.clock
    this.sources = init.sources
    this.#ipv4 = sets('ipv4')
    this.#ipv6 = sets('ipv6')
    this.#admission = new Admission(this, init.limits, sourceLimit, init.newSwarmLimit)
    this.#downloads = new CountedDownloads(hash)
    this.#clients = init.unified ? new DualStackClients(hash) : undefined
    this.#subnetPeers = init.subnetPeers
  }

  /** Bytes taken from the system. */
  get bytes(): number {
    return (
      this.heap.bytes +
      this.records.table.bytes +
      this.#downloads.bytes +
      (this.#clients?.bytes ?? 0)
    )
  }

  /** Peers in all swarms, aliases included. */
  get peers(): number {
    const { totals } = this
    return totals[0]! + totals[1]! + totals[2]! + totals[3]! + this.aliases
  }

  /** Peers of a swarm, aliases included. */
  population(record: number): number {
    let population = 0
    for (let set = 0; set < SETS; set++) {
      const root = this.aliases > 0 ? this.records.root(record, set) : 0
      population += root === 0 ? this.records.count(record, set) : this.sets(set).size(root)
    }
    return population
  }

  /** The peer sets of a family, by the number of any of its sets. */
  sets(set: number): PeerSets {
    return set < IPV6_SETS ? this.#ipv4 : this.#ipv6
  }

  /**
   * Applies an announce of the peer in `peerId` to the swarm whose infohash is in `records.key`,
   * and returns its record, or 0 when there is none. `flags` are those of the peer's mark, or
   * `CLAIMED`; an alias is not counted.
   * @throws {ClientError} when the swarm or the peer is new and the store is full.
   */
  apply(
    address: Address,
    port: number,
    transition: Transition,
    kind: number,
    flags: number,
  ): number {
    this.stored = true
    this.before = undefined
    const hash = this.records.hashKey()
    const record = this.records.find(hash)
    if (transition === 'unchanged') return record
    writeEndpoint(this.key, address, port)
    const set = setsOf(addressFamily(address))
    const sets = this.sets(set)
    const peerHash = sets.blocks.hash(this.key, 0)
    const live = record !== 0 && this.records.isLive(record)
    // Most announces are of peers that are there, and stay what they are: this far, everything is
    // inlined.
    const role = set + (transition === 'seeder' || transition === 'completed' ? SEEDERS : LEECHERS)
    const plain =
      flags === 0 &&
      transition !== 'stopped' &&
      (this.#clients === undefined || this.clientKey === 0)
    if (plain && live && sets.find(this.records.root(record, role), this.key, peerHash)) {
      const before = sets.mark
      if ((before & ALIAS) === 0) {
        this.mark =
          this.clock.mark() | (before & COUNTED) | (transition === 'partial' ? PARTIAL : 0)
        sets.setMark(this.records.root(record, role), this.mark)
        this.#writePeerId(sets)
        return record
      }
    }
    return this.#change(hash, record, live, role, peerHash, transition, kind, flags)
  }

  /** What `apply` does for any announce; `role` is the set that the peer belongs into. */
  #change(
    hash: number,
    record: number,
    live: boolean,
    role: number,
    peerHash: number,
    transition: Transition,
    kind: number,
    flags: number,
  ): number {
    const set = role & IPV6_SETS
    const sets = this.sets(set)
    const clients = kind === SWARM && this.clientKey !== 0 ? this.#clients : undefined
    clients?.select(hash, this.peerId, this.clientKey)
    if (transition === 'stopped') {
      clients?.leave(this, set, peerHash)
      return this.#leave(hash, record, live && this.#meet(record, set, peerHash), set, kind)
    }
    const isAlias =
      clients !== undefined && flags === 0 && live && clients.isCountedElsewhere(this, record, set)
    const own = isAlias ? ALIAS : flags
    let entered = record
    if (live && sets.find(this.records.root(record, role), this.key, peerHash)) {
      this.before = stateOf(role, sets.mark)
      this.#refresh(record, role, this.#markFor(transition, own, sets.mark))
    } else if (live && sets.find(this.records.root(record, role ^ 1), this.key, peerHash)) {
      const before = sets.mark
      this.before = stateOf(role ^ 1, before)
      this.#removeMet(record, role ^ 1)
      this.#enter(hash, record, role, peerHash, transition, kind, own, before)
    } else {
      entered = this.#enterAnew(hash, record, role, peerHash, transition, kind, own)
    }
    if (clients !== undefined && this.stored && (this.mark & ALIAS) === 0)
      clients.count(this, set, peerHash)
    return entered
  }

  /**
   * A peer stops. A download of it that has been counted is remembered, whether the peer was met or
   * had left before.
   */
  #leave(hash: number, record: number, met: boolean, set: number, kind: number): number {
    const { stride } = this.sets(set).blocks
    if (
      kind === SWARM &&
      (met ? (this.sets(set).mark & COUNTED) !== 0 : this.#hasLeftCounted(hash, stride))
    ) {
      const { clock } = this
      this.#downloads.addEndpoint(hash, this.key, 0, stride, clock.end(clock.mark()), clock.tick())
    }
    if (!met) return record
    this.before = stateOf(this.#met, this.sets(set).mark)
    this.take(record, this.#met)
    return this.endIfEmpty(record)
  }

  /** A peer comes that is not in the swarm. */
  #enterAnew(
    hash: number,
    found: number,
    role: number,
    peerHash: number,
    transition: Transition,
    kind: number,
    flags: number,
  ): number {
    let record = found
    let live = record !== 0 && this.records.isLive(record)
    if (live) this.#admission.makeRoomInSource(record, role & IPV6_SETS)
    if (kind !== SWARM) {
      // A subnet's peers are limited with those of its swarm.
      if (!live) record = this.records.create(hash, record, kind, 0)
      this.#enter(hash, record, role, peerHash, transition, kind, flags, 0)
      return record
    }
    const { stride } = this.sets(role).blocks
    const source = this.sources.of(this.key, 0, stride)
    const claimed = (flags & CLAIMED) !== 0
    const displaced = this.#displaced
    if (
      claimed
        ? !this.#admission.hasRoom(record, live)
        : !this.#admission.admits(record, live, role, source)
    ) {
      this.stored = false
      return record
    }
    if (this.#displaced !== displaced) {
      // Whoever gave way may have been the last peer of this very swarm.
      record = this.records.find(hash)
      live = record !== 0 && this.records.isLive(record)
    }
    if (!live) {
      record = this.records.create(hash, record, kind, source)
      this.swarms++
      this.swarmShares.add(source, 1)
    }
    const before = (claimed ? ALIAS : 0) | (this.#hasLeftCounted(hash, stride) ? COUNTED : 0)
    this.#enter(hash, record, role, peerHash, transition, kind, flags, before)
    if (this.peerShares.add(source, 1)) this.#admission.noteCrowded(record)
    return record
  }

  /**
   * Puts the announced peer, whose mark was `before`, into a set of its swarm, and counts its
   * download if it is one.
   */
  #enter(
    hash: number,
    record: number,
    set: number,
    peerHash: number,
    transition: Transition,
    kind: number,
    flags: number,
    before: number,
  ): void {
    const sets = this.sets(set)
    const completes = transition === 'completed' && kind === SWARM
    const mark = this.#markFor(transition, flags, before) | (completes ? COUNTED : 0)
    writeMark(this.key, sets.blocks.stride - 1, mark)
    const root = sets.insert(this.records.root(record, set), this.key, peerHash)
    if (root === 0) throw TOO_MANY_PEERS
    this.records.setRoot(record, set, root)
    this.#writePeerId(sets)
    this.#count(record, set, mark, 1)
    this.mark = mark
    if (completes && (flags & CLAIMED) === 0) this.#countDownload(hash, record, before)
  }

  /** Counts a download unless that of the endpoint or of its client has been counted. */
  #countDownload(hash: number, record: number, before: number): void {
    const { clock, clientKey } = this
    const isKnown =
      clientKey !== 0 &&
      this.#downloads.addClient(hash, this.peerId, clientKey, clock.end(clock.mark()), clock.tick())
    if (!isKnown && (before & COUNTED) === 0) this.records.countDownload(record)
  }

  #hasLeftCounted(hash: number, stride: number): boolean {
    return this.#downloads.hasEndpoint(hash, this.key, 0, stride, this.clock.tick())
  }

  /**
   * The mark of a peer seen now, whose mark was `before`. An alias counts for nothing, not even as
   * a partial seed.
   */
  #markFor(transition: Transition, flags: number, before: number): number {
    const alias = (flags | (flags & CLAIMED ? before : 0)) & ALIAS
    const partial = alias === 0 && transition === 'partial' ? PARTIAL : 0
    return this.clock.mark() | alias | partial | ((flags | before) & COUNTED)
  }

  /** Sets the mark of the peer that a set of the record has just met. */
  #refresh(record: number, set: number, mark: number): void {
    const sets = this.sets(set)
    const before = sets.mark
    if (((before ^ mark) & ALIAS) !== 0) {
      this.#count(record, set, before, -1)
      this.#count(record, set, mark, 1)
    }
    sets.setMark(this.records.root(record, set), mark)
    this.#writePeerId(sets)
    this.mark = mark
  }

  /**
   * Takes out the peer that a set of the record has just met, for good. The record stays even
   * without peers.
   */
  take(record: number, set: number): void {
    const { blocks, block, position } = this.sets(set)
    this.#releaseShare(record, blocks, block, position)
    this.#removeMet(record, set)
  }

  /** The same with a peer that gives way to others. */
  displace(record: number, set: number): void {
    this.#displaced++
    const { blocks, block, position } = this.sets(set)
    const longs = this.heap.longs[segmentOf(block)]!
    const entry = blocks.entryAt(block, position)
    for (let index = 0; index < blocks.stride; index++) this.#gone[index] = longs[entry + index]!
    this.take(record, set)
    if (this.records.kind(record) === SWARM) this.#forget(record, set, this.#gone, 0)
  }

  #removeMet(record: number, set: number): void {
    const sets = this.sets(set)
    this.#count(record, set, sets.mark, -1)
    this.records.setRoot(record, set, sets.remove(this.records.root(record, set)))
  }

  /**
   * Takes out the peers of one block that `goes` says, and returns how many those were. Peers past
   * their lifetime are just gone; of others that go, counted downloads are remembered. The record
   * stays even without peers.
   */
  removeWhere(
    record: number,
    set: number,
    entry: number,
    expired: boolean,
    goes: (block: number, position: number) => boolean,
  ): number {
    const sets = this.sets(set)
    const { blocks } = sets
    const remembers = !expired && this.records.kind(record) === SWARM
    let removed = 0
    const root = sets.removeWhere(this.records.root(record, set), entry, (block, position) => {
      if (!goes(block, position)) return false
      if (remembers)
        this.#forget(
          record,
          set,
          this.heap.longs[segmentOf(block)]!,
          blocks.entryAt(block, position),
        )
      this.#releaseShare(record, blocks, block, position)
      this.#count(record, set, blocks.mark(block, position), -1)
      removed++
      return true
    })
    this.records.setRoot(record, set, root)
    return removed
  }

  /**
   * Takes out the peers of one block whose mark is stale at `now`, and returns how many those were.
   */
  expire(record: number, set: number, entry: number, now: number): number {
    const { blocks } = this.sets(set)
    const removed = this.removeWhere(record, set, entry, true, (block, position) =>
      this.clock.isStale(blocks.mark(block, position), now),
    )
    if (removed > 0) this.endIfEmpty(record)
    return removed
  }

  /** Ends a swarm with all its peers, which gives way to others. */
  drop(record: number): void {
    this.#displaced++
    for (let set = 0; set < SETS; set++) {
      const sets = this.sets(set)
      for (let entry = 0; entry < sets.entries(this.records.root(record, set));) {
        const root = this.records.root(record, set)
        this.removeWhere(record, set, entry, false, () => true)
        // The last peers of a directory move into one block.
        entry = this.records.root(record, set) === root ? entry + 1 : 0
      }
    }
    this.endIfEmpty(record)
  }

  /** Ends a swarm whose last peer has gone; returns what `records.find` would now. */
  endIfEmpty(record: number): number {
    if (!this.records.isEmpty(record)) return record
    if (this.records.kind(record) === SWARM) {
      this.swarms--
      this.swarmShares.add(this.records.source(record), -1)
    }
    return this.records.release(record)
  }

  /**
   * What a peer leaves behind that goes before its lifetime is over: its counted download, and the
   * swarm of its subnet.
   */
  #forget(record: number, set: number, longs: Uint32Array, at: number): void {
    const { stride } = this.sets(set).blocks
    const mark = readMark(longs, at + stride - 1)
    if ((mark & COUNTED) !== 0) {
      const { clock } = this
      this.#downloads.addEndpoint(
        this.records.hashOf(record),
        longs,
        at,
        stride,
        clock.end(mark),
        clock.tick(),
      )
    }
    this.#subnetPeers?.forget(this, record, set, longs, at)
  }

  #releaseShare(record: number, blocks: PeerBlocks, block: number, position: number): void {
    if (this.records.kind(record) !== SWARM) return
    const longs = this.heap.longs[segmentOf(block)]!
    this.peerShares.add(this.sources.of(longs, blocks.entryAt(block, position), blocks.stride), -1)
  }

  #count(record: number, set: number, mark: number, by: number): void {
    const isSwarm = this.records.kind(record) === SWARM
    if ((mark & ALIAS) !== 0) {
      if (isSwarm) this.aliases += by
      return
    }
    this.records.addCount(record, set, by)
    if (isSwarm) this.totals[set]! += by
  }

  /** Looks for the announced peer in both sets of its family; `#met` says in which it is. */
  #meet(record: number, set: number, hash: number): boolean {
    const sets = this.sets(set)
    this.#met = set + LEECHERS
    if (sets.find(this.records.root(record, this.#met), this.key, hash)) return true
    this.#met = set + SEEDERS
    return sets.find(this.records.root(record, this.#met), this.key, hash)
  }

  #writePeerId(sets: PeerSets): void {
    if (!sets.blocks.keepsPeerIds) return
    const longs = this.heap.longs[segmentOf(sets.block)]!
    const at = sets.blocks.peerIdAt(sets.block, sets.position)
    for (let index = 0; index < PEER_ID_LONGS; index++) longs[at + index] = this.peerId[index]!
  }
}
