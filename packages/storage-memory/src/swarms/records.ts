import type { AddressFamily, KeyedHash } from '@chihaya/bittorrent'
import type { NetworkCounts } from '@chihaya/core'
import { u32At, segmentOf, type Heap } from '../heap/heap.ts'
import { SwarmTable } from './table.ts'

/**
 * A swarm's record, in 32-bit words:
 *
 *     | infohash 5 | downloaded 1 | kind and source 1 | roots of its peer sets 4 | peers in each set 4 |
 *
 * There are two more sets, and so four more words, in a store that keeps WebRTC peers.
 *
 * The *source* is the network that created the swarm, as `Sources` packs it.
 *
 * A swarm without peers that had downloads stays for a while as a *remembered* record. It has no
 * peer sets; their place links it to the records remembered before and after it.
 */

/**
 * Peer sets of a swarm, in the order of their roots: leechers and seeders of IPv4, of IPv6, and of
 * WebRTC where such peers are kept.
 */
const ADDRESS_SETS = 4
/** The first of the two sets of IPv6. */
export const IPV6_SETS = 2
/** The first of the two sets of WebRTC. */
export const WEBRTC_SETS = 4
const WEBRTC_AND_ADDRESS_SETS = 6

/** The first of the two sets that hold the peers of an address family: leechers, then seeders. */
export function setsOf(family: AddressFamily): number {
  return family === 'ipv4' ? 0 : IPV6_SETS
}

/** Counts each network by the first of its two sets; `sets` says how many sets there are. */
export function countsOf(sets: number, count: (set: number) => number): NetworkCounts {
  const counts = { ipv4: count(0), ipv6: count(IPV6_SETS) }
  return sets > WEBRTC_SETS ? { ...counts, webrtc: count(WEBRTC_SETS) } : counts
}

export const LEECHERS = 0
export const SEEDERS = 1

/** 32-bit words of an infohash. */
export const INFO_HASH_U32 = 5
const DOWNLOADED = 5
const KIND = 6
const FIRST_ROOT = 7
const OLDER = 7
const NEWER = 8
const ALL_BITS = 0xffff_ffff

/** A swarm as the protocol means it. */
export const SWARM = 0
/** The peers that a swarm has in one subnet, held a second time to be found quickly. */
export const SUBNET = 1
const REMEMBERED = 2
const KIND_MASK = 3
const SOURCE_SHIFT = 2

export class SwarmRecords {
  readonly table: SwarmTable
  /** Peer sets of each swarm. */
  readonly sets: number
  /** The infohash that `find` and `create` use. Callers write it. */
  readonly key: Uint32Array = new Uint32Array(INFO_HASH_U32)
  readonly #heap: Heap
  readonly #hash: KeyedHash
  readonly #maxRemembered: number
  readonly #firstCount: number
  readonly #size: number
  /** Oldest and newest remembered record. */
  #oldest = 0
  #newest = 0
  #remembered = 0

  constructor(heap: Heap, hash: KeyedHash, maxRemembered: number, keepsWebRtcPeers = false) {
    this.table = new SwarmTable(heap)
    this.#heap = heap
    this.#hash = hash
    this.#maxRemembered = maxRemembered
    this.sets = keepsWebRtcPeers ? WEBRTC_AND_ADDRESS_SETS : ADDRESS_SETS
    this.#firstCount = FIRST_ROOT + this.sets
    this.#size = this.#firstCount + this.sets
  }

  /** The hash of the infohash in `key`. */
  hashKey(key: Uint32Array = this.key): number {
    return this.#hash.of(key, 0, INFO_HASH_U32, ALL_BITS)
  }

  /** The record of the infohash in `key`, remembered ones included, or 0. */
  find(hash: number, key: Uint32Array = this.key): number {
    return this.table.find(hash, key)
  }

  /**
   * Creates a record for the infohash in `key`, or revives its remembered one.
   */
  create(hash: number, found: number, kind: number, source: number): number {
    const kindAndSource = (source << SOURCE_SHIFT) | kind
    if (found !== 0) {
      this.#forget(found)
      this.#set(found, KIND, kindAndSource)
      this.#set(found, OLDER, 0)
      this.#set(found, NEWER, 0)
      return found
    }
    const record = this.#heap.allocate(this.#size * 4)
    const u32 = this.#heap.u32[segmentOf(record)]!
    const at = u32At(record)
    for (let index = 0; index < INFO_HASH_U32; index++) u32[at + index] = this.key[index]!
    for (let field = DOWNLOADED; field < this.#size; field++) u32[at + field] = 0
    u32[at + KIND] = kindAndSource
    this.table.insert(hash, record)
    return record
  }

  /** Ends a swarm without peers. Returns the record if it is remembered, else 0. */
  release(record: number): number {
    if (this.downloaded(record) === 0 || this.#maxRemembered === 0) {
      this.#free(record)
      return 0
    }
    if (this.#remembered === this.#maxRemembered) {
      const oldest = this.#oldest
      this.#forget(oldest)
      this.#free(oldest)
    }
    this.#remember(record)
    return record
  }

  /** True for a swarm that has peers. */
  isLive(record: number): boolean {
    return this.kind(record) !== REMEMBERED
  }

  kind(record: number): number {
    return this.#get(record, KIND) & KIND_MASK
  }

  /** The source that created a live record. */
  source(record: number): number {
    return this.#get(record, KIND) >>> SOURCE_SHIFT
  }

  /** The hash of a record's infohash. */
  hashOf(record: number): number {
    return this.#hash.of(this.#heap.u32[segmentOf(record)]!, u32At(record), INFO_HASH_U32, ALL_BITS)
  }

  /** Copies a record's infohash. */
  copyKey(record: number, to: Uint32Array, at: number): void {
    const u32 = this.#heap.u32[segmentOf(record)]!
    const from = u32At(record)
    for (let index = 0; index < INFO_HASH_U32; index++) to[at + index] = u32[from + index]!
  }

  downloaded(record: number): number {
    return this.#get(record, DOWNLOADED)
  }

  countDownload(record: number): void {
    this.#set(record, DOWNLOADED, this.downloaded(record) + 1)
  }

  root(record: number, set: number): number {
    return this.#get(record, FIRST_ROOT + set)
  }

  setRoot(record: number, set: number, root: number): void {
    this.#set(record, FIRST_ROOT + set, root)
  }

  /** Peers in a set of a live record, aliases left out. */
  count(record: number, set: number): number {
    return this.#get(record, this.#firstCount + set)
  }

  addCount(record: number, set: number, by: number): void {
    this.#heap.u32[segmentOf(record)]![u32At(record) + this.#firstCount + set]! += by
  }

  /** True when no set of a live record holds a peer. */
  isEmpty(record: number): boolean {
    const u32 = this.#heap.u32[segmentOf(record)]!
    const at = u32At(record) + FIRST_ROOT
    if ((u32[at]! | u32[at + 1]! | u32[at + 2]! | u32[at + 3]!) !== 0) return false
    return this.sets === ADDRESS_SETS || (u32[at + 4]! | u32[at + 5]!) === 0
  }

  #get(record: number, field: number): number {
    return this.#heap.u32[segmentOf(record)]![u32At(record) + field]!
  }

  #set(record: number, field: number, value: number): void {
    this.#heap.u32[segmentOf(record)]![u32At(record) + field] = value
  }

  #free(record: number): void {
    this.table.remove(this.hashOf(record), record)
    this.#heap.free(record)
  }

  #remember(record: number): void {
    this.#set(record, KIND, REMEMBERED)
    this.#set(record, OLDER, this.#newest)
    this.#set(record, NEWER, 0)
    if (this.#newest !== 0) this.#set(this.#newest, NEWER, record)
    else this.#oldest = record
    this.#newest = record
    this.#remembered++
  }

  #forget(record: number): void {
    const older = this.#get(record, OLDER)
    const newer = this.#get(record, NEWER)
    if (older === 0) this.#oldest = newer
    else this.#set(older, NEWER, newer)
    if (newer === 0) this.#newest = older
    else this.#set(newer, OLDER, older)
    this.#remembered--
  }
}
