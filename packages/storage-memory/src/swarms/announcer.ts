import type { KeyedHash } from '@chihaya/bittorrent'
import type { PeerState, Transition } from '@chihaya/core'
import { Admission } from '../limits/admission.ts'
import { AnnouncedPeer } from '../peers/announced-peer.ts'
import { DualStackClients } from './dual-stack-clients.ts'
import { ALIAS, COUNTED, PARTIAL, writeMark } from '../peers/entry.ts'
import { segmentOf } from '../heap/heap.ts'
import type { SwarmLimits } from '../limits/limits.ts'
import type { NewSwarmLimit } from '../limits/new-swarm-limit.ts'
import type { PeerSets } from '../peers/sets.ts'
import { PEER_ID_U32 } from '../peers/layout.ts'
import type { SourceLimit } from '../limits/source-limit.ts'
import { LEECHERS, SEEDERS, SWARM, WEBRTC_SETS } from './records.ts'
import type { Swarms } from './swarms.ts'

export interface AnnouncerInit {
  readonly swarms: Swarms
  readonly hash: KeyedHash
  readonly limits: SwarmLimits
  /** Whether IPv4 and IPv6 are one swarm. */
  readonly unified: boolean
  readonly sourceLimit: SourceLimit | undefined
  readonly newSwarmLimit: NewSwarmLimit | undefined
}

/**
 * Flag of an endpoint that the client claims in addition to the one it announces from: an alias,
 * unless it is already counted.
 */
export const CLAIMED: number = 1 << 16

/** The state of a peer with a mark in a set. */
function stateOf(set: number, mark: number): PeerState {
  if ((set & 1) === SEEDERS) return 'seeder'
  return (mark & PARTIAL) === 0 ? 'leecher' : 'partial'
}

/** Applies announces: finds the swarm and the peer, admits the peer, and changes its state. */
export class Announcer {
  /** The peer that `apply` announces, set by the caller. */
  readonly peer: AnnouncedPeer = new AnnouncedPeer()
  /**
   * Whether the last announce stored or removed its peer as asked; false when its swarm had no
   * room.
   */
  stored = true
  /** The mark of the last peer after its announce. */
  mark = 0
  /** The state of the last peer before its announce; undefined for a new one. */
  before: PeerState | undefined = undefined
  readonly #swarms: Swarms
  readonly #admission: Admission
  readonly #clients: DualStackClients | undefined
  // The announce that `#change` applies.
  /** Hashes of its infohash and of its endpoint. */
  #hash = 0
  #peerHash = 0
  #transition: Transition = 'leecher'
  #kind = SWARM
  /** The set that the peer belongs in. */
  #role = 0

  constructor({ swarms, hash, limits, unified, sourceLimit, newSwarmLimit }: AnnouncerInit) {
    this.#swarms = swarms
    this.#admission = new Admission(swarms, limits, sourceLimit, newSwarmLimit)
    this.#clients = unified ? new DualStackClients(hash) : undefined
  }

  /** Bytes taken from the system, without those of the swarms. */
  get bytes(): number {
    return this.#clients?.bytes ?? 0
  }

  /**
   * Applies an announce of `peer` to the swarm of the infohash in `records.key`, and returns its
   * record, or 0 without one. `flags` are those of the peer's mark, or `CLAIMED`. An alias is not
   * counted.
   * @throws {ClientError} when the swarm or the peer is new and the store is full.
   */
  apply(transition: Transition, kind: number, flags: number): number {
    const { records, clock } = this.#swarms
    const { peer } = this
    this.stored = true
    this.before = undefined
    const hash = records.hashKey()
    const record = records.find(hash)
    if (transition === 'unchanged') return record
    const sets = this.#swarms.sets(peer.sets)
    const peerHash = sets.blocks.hash(peer.endpoint, 0)
    const live = record !== 0 && records.isLive(record)
    const role =
      peer.sets + (transition === 'seeder' || transition === 'completed' ? SEEDERS : LEECHERS)
    // Most announces come from known peers that keep their state.
    const plain =
      flags === 0 &&
      transition !== 'stopped' &&
      (this.#clients === undefined || peer.clientKey === 0)
    if (plain && live && sets.find(records.root(record, role), peer.endpoint, peerHash)) {
      const before = sets.mark
      if ((before & ALIAS) === 0) {
        this.before = stateOf(role, before)
        this.mark = clock.mark() | (before & COUNTED) | (transition === 'partial' ? PARTIAL : 0)
        sets.setMark(records.root(record, role), this.mark)
        this.#writeColumns(sets)
        return record
      }
    }
    this.#hash = hash
    this.#peerHash = peerHash
    this.#transition = transition
    this.#kind = kind
    this.#role = role
    return this.#change(record, live, flags)
  }

  /** Applies any announce that changes a swarm. */
  #change(record: number, live: boolean, flags: number): number {
    const swarms = this.#swarms
    const { records } = swarms
    const { endpoint, id, clientKey, sets: first } = this.peer
    const role = this.#role
    const peerHash = this.#peerHash
    const sets = swarms.sets(first)
    const clients =
      this.#kind === SWARM && clientKey !== 0 && first < WEBRTC_SETS ? this.#clients : undefined
    clients?.select(this.#hash, id, clientKey)
    if (this.#transition === 'stopped') {
      clients?.leave(swarms, first, peerHash)
      return this.#leave(record, live)
    }
    const isAlias =
      clients !== undefined &&
      flags === 0 &&
      live &&
      clients.isCountedElsewhere(swarms, record, first)
    const own = isAlias ? ALIAS : flags
    let entered = record
    if (live && sets.find(records.root(record, role), endpoint, peerHash)) {
      this.before = stateOf(role, sets.mark)
      this.#refresh(record, role, this.#markFor(own, sets.mark))
    } else if (live && sets.find(records.root(record, role ^ 1), endpoint, peerHash)) {
      const before = sets.mark
      this.before = stateOf(role ^ 1, before)
      swarms.remove(record, role ^ 1)
      this.#enter(record, own, before)
    } else {
      entered = this.#enterAnew(record, own)
    }
    if (clients !== undefined && this.stored && (this.mark & ALIAS) === 0)
      clients.count(swarms, first, peerHash)
    return entered
  }

  /**
   * Removes a peer that stops, and remembers its counted download, even if it had left before.
   */
  #leave(record: number, live: boolean): number {
    const hash = this.#hash
    const swarms = this.#swarms
    const { clock, downloads } = swarms
    const { endpoint, sets: first } = this.peer
    const sets = swarms.sets(first)
    const set = live ? this.#setOf(record) : -1
    if (
      this.#kind === SWARM &&
      (set >= 0 ? (sets.mark & COUNTED) !== 0 : this.#hasLeftCounted(sets.blocks.stride))
    ) {
      const end = clock.end(clock.mark())
      downloads.addEndpoint(hash, endpoint, 0, sets.blocks.stride, end, clock.tick())
    }
    if (set < 0) return record
    this.before = stateOf(set, sets.mark)
    swarms.take(record, set)
    return swarms.endIfEmpty(record)
  }

  /** The set of a live record in which the peer is, or -1. */
  #setOf(record: number): number {
    const { endpoint, sets: first } = this.peer
    const sets = this.#swarms.sets(first)
    for (let set = first; set <= first + SEEDERS; set++)
      if (sets.find(this.#swarms.records.root(record, set), endpoint, this.#peerHash)) return set
    return -1
  }

  /** Stores a peer that is new to the swarm. */
  #enterAnew(found: number, flags: number): number {
    const swarms = this.#swarms
    const { records, sources } = swarms
    const { peer } = this
    const hash = this.#hash
    const kind = this.#kind
    const role = this.#role
    let record = found
    let live = record !== 0 && records.isLive(record)
    if (live) this.#admission.makeRoomInSource(record, peer)
    if (kind !== SWARM) {
      // A subnet's peers are limited with those of its swarm.
      if (!live) record = records.create(hash, record, kind, 0)
      this.#enter(record, flags, 0)
      return record
    }
    const { stride } = swarms.sets(role).blocks
    const source = sources.of(peer.endpoint, 0, stride)
    const claimed = (flags & CLAIMED) !== 0
    const { displaced } = swarms
    if (
      claimed
        ? !this.#admission.hasRoom(record, live)
        : !this.#admission.admits(record, live, peer, source)
    ) {
      this.stored = false
      return record
    }
    if (swarms.displaced !== displaced) {
      // The dropped peer may have been the last of this very swarm.
      record = records.find(hash)
      live = record !== 0 && records.isLive(record)
    }
    if (!live) {
      const maker = role < WEBRTC_SETS ? source : sources.of(peer.source, 0, peer.sourceU32)
      record = records.create(hash, record, kind, maker)
      swarms.count++
      swarms.swarmShares.add(maker, 1)
    }
    const before = (claimed ? ALIAS : 0) | (this.#hasLeftCounted(stride) ? COUNTED : 0)
    this.#enter(record, flags, before)
    swarms.peerShares.add(source, 1)
    if (swarms.peerShares.noteHeavy(source)) this.#admission.noteCrowded(record)
    return record
  }

  /** Puts the peer into its set; `before` was its mark. Counts a completed download. */
  #enter(record: number, flags: number, before: number): void {
    const { endpoint } = this.peer
    const set = this.#role
    const sets = this.#swarms.sets(set)
    const completes = this.#transition === 'completed' && this.#kind === SWARM
    const mark = this.#markFor(flags, before) | (completes ? COUNTED : 0)
    writeMark(endpoint, sets.blocks.stride - 1, mark)
    this.#swarms.insert(record, set, endpoint, this.#peerHash, mark)
    this.#writeColumns(sets)
    this.mark = mark
    if (completes && (flags & CLAIMED) === 0) this.#countDownload(record, before)
  }

  /** Counts a download unless one of the endpoint or its client has been counted. */
  #countDownload(record: number, before: number): void {
    const { clock, downloads, records } = this.#swarms
    const { id, clientKey } = this.peer
    const isKnown =
      clientKey !== 0 &&
      downloads.addClient(this.#hash, id, clientKey, clock.end(clock.mark()), clock.tick())
    if (!isKnown && (before & COUNTED) === 0) records.countDownload(record)
  }

  #hasLeftCounted(stride: number): boolean {
    const { clock, downloads } = this.#swarms
    return downloads.hasEndpoint(this.#hash, this.peer.endpoint, 0, stride, clock)
  }

  /**
   * The mark of a peer seen now that had the mark `before`. An alias is not counted, not even as a
   * partial seed.
   */
  #markFor(flags: number, before: number): number {
    const alias = (flags | (flags & CLAIMED ? before : 0)) & ALIAS
    const partial = alias === 0 && this.#transition === 'partial' ? PARTIAL : 0
    return this.#swarms.clock.mark() | alias | partial | ((flags | before) & COUNTED)
  }

  /** Sets the mark of the peer that a set of the record has just found. */
  #refresh(record: number, set: number, mark: number): void {
    const swarms = this.#swarms
    const sets = swarms.sets(set)
    const before = sets.mark
    if (((before ^ mark) & ALIAS) !== 0) {
      swarms.addToCount(record, set, before, -1)
      swarms.addToCount(record, set, mark, 1)
    }
    sets.setMark(swarms.records.root(record, set), mark)
    this.#writeColumns(sets)
    this.mark = mark
  }

  /** Writes the columns of the peer that a set has just found. */
  #writeColumns({ blocks, block, position }: PeerSets): void {
    const { peerIds, owners } = blocks.columns
    const u32 = this.#swarms.heap.u32[segmentOf(block)]!
    if (peerIds !== undefined) {
      const at = blocks.columnAt(peerIds, block, position)
      for (let index = 0; index < PEER_ID_U32; index++) u32[at + index] = this.peer.id[index]!
    }
    if (owners !== undefined) u32[blocks.columnAt(owners, block, position)] = this.peer.owner
  }
}
