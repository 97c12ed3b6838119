import { readInfoHash, readPeerId } from '@chihaya/bittorrent'
import type { EvictionRules } from '@chihaya/core'
import { segmentOf } from '../heap/heap.ts'
import { PEER_ID_U32 } from '../peers/layout.ts'
import type { PeerBlocks } from '../peers/blocks.ts'
import { INFO_HASH_U32, SWARM, WEBRTC_SETS } from './records.ts'
import type { Swarms } from './swarms.ts'
import { SwarmWalk } from './walk.ts'

/** Peers visited between two looks at the clock: some tens of microseconds of work. */
const STRIDE = 256
/** The cost of other work, in peers visited. */
const STEP_COST = 8
const SWARM_COST = 2
/** The end of a set's hashes, exclusive. */
const LAST_HASH: number = 2 ** 32
const ENDPOINT_U32 = 5

/**
 * Removes the peers that match some rules, in slices of a given length. It visits every peer,
 * except perhaps those that announce between two slices: these have passed the hooks that know the
 * rules.
 */
export class Eviction {
  /** Peers removed so far. */
  removed = 0
  readonly #swarms: Swarms
  readonly #rules: EvictionRules
  readonly #walk: SwarmWalk
  /**
   * The position: swarm of the walk's step, set of that swarm, first hash of that set to visit.
   */
  #swarm = 0
  #set = 0
  #hash = 0
  /** Whether all peers of the swarm go; undefined until the rules have seen the infohash. */
  #all: boolean | undefined
  /** The infohash, endpoint or peer id to test against a rule. */
  readonly #key = new Uint32Array(INFO_HASH_U32)
  readonly #keyBytes = new Uint8Array(this.#key.buffer)
  readonly #endpoint = new Uint32Array(ENDPOINT_U32)
  readonly #ipv4 = new Uint8Array(this.#endpoint.buffer, 0, 4)
  readonly #ipv6 = new Uint8Array(this.#endpoint.buffer, 0, 16)
  readonly #peerId = new Uint32Array(PEER_ID_U32)
  readonly #peerIdBytes = new Uint8Array(this.#peerId.buffer)

  constructor(swarms: Swarms, rules: EvictionRules) {
    this.#swarms = swarms
    this.#rules = rules
    this.#walk = new SwarmWalk(swarms.records)
  }

  /** Works for about `budget` milliseconds. True when all peers have been visited. */
  slice(budget: number): boolean {
    const end = performance.now() + budget
    for (let work = 0; ;) {
      if (this.#swarm < this.#walk.count) {
        work += this.#lookAtSwarm()
      } else {
        if (!this.#walk.step()) return true
        this.#swarm = 0
        work += STEP_COST
      }
      if (work < STRIDE) continue
      work = 0
      if (performance.now() >= end) return false
    }
  }

  /**
   * Visits one block of the current swarm, or moves on to the next swarm. Returns the cost.
   */
  #lookAtSwarm(): number {
    const { records } = this.#swarms
    const from = this.#swarm * INFO_HASH_U32
    for (let index = 0; index < INFO_HASH_U32; index++)
      this.#key[index] = this.#walk.keys[from + index]!
    const record = records.find(records.hashKey(this.#key), this.#key)
    if (record === 0 || records.kind(record) !== SWARM) return this.#goOn()
    this.#all ??= this.#rules.infoHash?.(readInfoHash(this.#keyBytes, 0)) === true
    const { address, peerId, owner } = this.#rules
    if (!this.#all && address === undefined && peerId === undefined && owner === undefined)
      return this.#goOn()
    return this.#lookAtBlock(record)
  }

  #goOn(): number {
    this.#swarm++
    this.#set = this.#hash = 0
    this.#all = undefined
    return SWARM_COST
  }

  #lookAtBlock(record: number): number {
    const swarms = this.#swarms
    const sets = swarms.sets(this.#set)
    const root = swarms.records.root(record, this.#set)
    let looked = SWARM_COST
    let end = LAST_HASH
    if (root !== 0) {
      const slot = sets.slotFor(root, this.#hash)
      end = sets.endOf(root, slot)
      const removed = swarms.removeWhere(record, this.#set, slot, false, (block, position) => {
        looked++
        return this.#all === true || this.#names(sets.blocks, block, position)
      })
      this.removed += removed
    }
    this.#hash = end
    const isLastSet = this.#set === swarms.records.sets - 1
    if (end === LAST_HASH) {
      this.#set++
      this.#hash = 0
    }
    if (swarms.endIfEmpty(record) !== record || (end === LAST_HASH && isLastSet)) this.#goOn()
    return looked
  }

  #names(blocks: PeerBlocks, block: number, position: number): boolean {
    const { address, peerId, owner } = this.#rules
    const { peerIds, owners } = blocks.columns
    const u32 = blocks.heap.u32[segmentOf(block)]!
    if (address !== undefined && this.#set < WEBRTC_SETS) {
      const entry = blocks.entryAt(block, position)
      for (let index = 0; index < blocks.stride - 1; index++)
        this.#endpoint[index] = u32[entry + index]!
      if (address(blocks.stride === ENDPOINT_U32 ? this.#ipv6 : this.#ipv4)) return true
    }
    if (owner !== undefined && owners !== undefined) {
      const number = u32[blocks.columnAt(owners, block, position)]!
      if (number !== 0 && owner(number)) return true
    }
    if (peerId === undefined || peerIds === undefined) return false
    const id = blocks.columnAt(peerIds, block, position)
    for (let index = 0; index < PEER_ID_U32; index++) this.#peerId[index] = u32[id + index]!
    return peerId(readPeerId(this.#peerIdBytes, 0))
  }
}
