import { FIRST_HALF, isPublicEntry, LITTLE_ENDIAN, PORT_MASK, SECOND_HALF } from './entry.ts'
import { segmentOf } from '../heap/heap.ts'
import type { PeerBlocks } from './blocks.ts'
import { COUNT, DEPTH, NOT_PUBLIC, PEER_ID_U32, WITHHELD } from './layout.ts'
import type { PeerSets } from './sets.ts'

/** Most blocks that one draw visits, which bounds its cost when filters reject most peers. */
const MAX_BLOCKS = 256

/** 32-bit words of an IPv4 entry. */
const IPV4_U32 = 2

const NOTHING: Uint32Array = new Uint32Array(0)

/** Whether a draw must leave out the entry at `u32[at]`. */
export type Refuses = (u32: Uint32Array, at: number) => boolean

/**
 * Draws peers from sets and writes them in wire format. A draw takes a run of neighbours from a
 * random position of a random block, in O(peers wanted). Blocks are ordered by a keyed hash, so
 * that nobody can choose their neighbours.
 */
export class PeerDraw {
  /** Destination of endpoints, in 16-bit words, from word `at` on. */
  endpoints: Uint16Array = new Uint16Array(0)
  at = 0
  /** Destination of peer ids, from the first word on; undefined if none are wanted. */
  peerIds: Uint16Array | undefined
  /** 16-bit words of an endpoint. */
  width = 0
  /** 32-bit words of an entry of the drawn peers; the 6 bytes of an IPv4 endpoint take 2 words. */
  get entryU32(): number {
    return (this.width + 1) >> 1
  }

  /** Number of peers drawn since `begin`. */
  drawn = 0
  publicOnly = false
  refuses: Refuses | undefined
  /** The announcer's owner, who is given no own peers; 0 for none or if owners are not kept. */
  owner = 0
  /** The announcer's endpoint and peer id. The id only matters at the same address. */
  own: Uint32Array = NOTHING
  ownPeerId: Uint32Array = NOTHING

  /** Begins an answer whose endpoints have `width` 16-bit words. */
  begin(width: number): void {
    this.width = width
    this.drawn = 0
  }

  /** Drops the peers from the `from`th up to the `to`th; later ones move up. */
  dropFromMiddle(from: number, to: number): void {
    const endpoint = (peer: number): number => this.at + peer * this.width
    this.endpoints.copyWithin(endpoint(from), endpoint(to), endpoint(this.drawn))
    const id = (peer: number): number => peer * PEER_ID_U32 * 2
    this.peerIds?.copyWithin(id(from), id(to), id(this.drawn))
    this.drawn -= to - from
  }

  /** Takes up to `want` peers of a set. */
  fromSet(sets: PeerSets, root: number, want: number): void {
    if (root === 0 || want <= 0) return
    if (!sets.directories.is(root)) {
      this.#fromBlock(sets.blocks, root, want)
      return
    }
    const goal = this.drawn + want
    const depth = sets.directories.depth(root)
    const slots = 1 << depth
    let slot = Math.floor(Math.random() * slots)
    let left = slots
    for (let blocks = 0; left > 0 && blocks < MAX_BLOCKS && this.drawn < goal; blocks++) {
      const block = sets.directories.block(root, slot)
      if (block === 0) {
        slot = (slot + 1) & (slots - 1)
        left--
        continue
      }
      const blockDepth = sets.blocks.header(block, DEPTH)
      const run = 1 << (depth - blockDepth)
      // Directory slots of one block are adjacent, and the draw may have begun between them.
      slot = (sets.directories.firstSlot(root, slot, blockDepth) + run) & (slots - 1)
      left -= run
      this.#fromBlock(sets.blocks, block, goal - this.drawn)
    }
  }

  #fromBlock(blocks: PeerBlocks, block: number, want: number): void {
    const count = blocks.header(block, COUNT)
    const start = count > want ? Math.floor(Math.random() * count) : 0
    const goal = this.drawn + want
    const plain =
      this.peerIds === undefined &&
      this.refuses === undefined &&
      this.owner === 0 &&
      blocks.header(block, WITHHELD) === 0 &&
      (!this.publicOnly || blocks.header(block, NOT_PUBLIC) === 0)
    if (!plain) {
      this.#copyFiltered(blocks, block, start, count, goal)
      if (this.drawn < goal) this.#copyFiltered(blocks, block, 0, start, goal)
    } else if (blocks.stride === IPV4_U32 && LITTLE_ENDIAN) {
      this.#copyIpv4(blocks, block, start, count, goal)
      if (this.drawn < goal) this.#copyIpv4(blocks, block, 0, start, goal)
    } else {
      this.#copy(blocks, block, start, count, goal)
      if (this.drawn < goal) this.#copy(blocks, block, 0, start, goal)
    }
  }

  /**
   * Takes the peers from position `from` up to `to` until `goal` are drawn, leaving out only the
   * announcer: `#copy` with its constants filled in, which makes a whole announce a third faster.
   */
  #copyIpv4(blocks: PeerBlocks, block: number, from: number, to: number, goal: number): void {
    const u32 = blocks.heap.u32[segmentOf(block)]!
    const endpoints = this.endpoints
    const own = this.own[0]!
    const end = blocks.entryAt(block, to)
    let target = this.at + this.drawn * 3
    const full = this.at + goal * 3
    for (let source = blocks.entryAt(block, from); source < end && target < full; source += 2) {
      const address = u32[source]!
      if (address === own && this.#isOwn(blocks, block, u32, source)) continue
      endpoints[target] = address
      endpoints[target + 1] = address >>> 16
      endpoints[target + 2] = u32[source + 1]!
      target += 3
    }
    this.drawn = (target - this.at) / 3
  }

  /** The same for either family. */
  #copy(blocks: PeerBlocks, block: number, from: number, to: number, goal: number): void {
    const u32 = blocks.heap.u32[segmentOf(block)]!
    const own = this.own[0]!
    const end = blocks.entryAt(block, to)
    for (
      let source = blocks.entryAt(block, from);
      source < end && this.drawn < goal;
      source += blocks.stride
    ) {
      if (u32[source] === own && this.#isOwn(blocks, block, u32, source)) continue
      this.#take(u32, source)
      this.drawn++
    }
  }

  /** The same if each peer must be checked, or is written with its peer id. */
  #copyFiltered(blocks: PeerBlocks, block: number, from: number, to: number, goal: number): void {
    const u32 = blocks.heap.u32[segmentOf(block)]!
    for (let position = from; position < to && this.drawn < goal; position++) {
      const source = blocks.entryAt(block, position)
      if (u32[source] === this.own[0] && this.#isOwn(blocks, block, u32, source)) continue
      if (this.#leavesOut(blocks, u32, source)) continue
      if (this.owner !== 0 && this.#isOwned(blocks, block, u32, position)) continue
      this.#take(u32, source)
      if (this.peerIds !== undefined)
        this.#takePeerId(u32, blocks.columnAt(blocks.columns.peerIds!, block, position))
      this.drawn++
    }
  }

  /** Called where the first words agree. */
  #isOwn(blocks: PeerBlocks, block: number, u32: Uint32Array, source: number): boolean {
    const last = blocks.stride - 1
    for (let index = 1; index < last; index++)
      if (u32[source + index] !== this.own[index]) return false
    if (((u32[source + last]! ^ this.own[last]!) & PORT_MASK) === 0) return true
    const { peerIds } = blocks.columns
    if (peerIds === undefined) return false
    const position = (source - blocks.entryAt(block, 0)) / blocks.stride
    const id = blocks.columnAt(peerIds, block, position)
    for (let index = 0; index < PEER_ID_U32; index++)
      if (u32[id + index] !== this.ownPeerId[index]) return false
    return true
  }

  #isOwned(blocks: PeerBlocks, block: number, u32: Uint32Array, position: number): boolean {
    const { owners } = blocks.columns
    return owners !== undefined && u32[blocks.columnAt(owners, block, position)] === this.owner
  }

  #leavesOut(blocks: PeerBlocks, u32: Uint32Array, source: number): boolean {
    if (blocks.withholds(u32[source + blocks.stride - 1]!)) return true
    if (this.publicOnly && !isPublicEntry(u32, source, blocks.stride)) return true
    return this.refuses !== undefined && this.refuses(u32, source)
  }

  #take(u32: Uint32Array, source: number): void {
    const target = this.at + this.drawn * this.width
    for (let word = 0; word < this.width; word++) {
      this.endpoints[target + word] =
        u32[source + (word >> 1)]! >>> (word & 1 ? SECOND_HALF : FIRST_HALF)
    }
  }

  #takePeerId(u32: Uint32Array, id: number): void {
    const target = this.drawn * PEER_ID_U32 * 2
    for (let word = 0; word < PEER_ID_U32 * 2; word++) {
      this.peerIds![target + word] =
        u32[id + (word >> 1)]! >>> (word & 1 ? SECOND_HALF : FIRST_HALF)
    }
  }
}
