import { Directories, MAX_DEPTH, TOTAL_COUNT, TOTAL_PARTIALS } from './directory.ts'
import { PARTIAL } from './entry.ts'
import { segmentOf } from '../heap/heap.ts'
import type { PeerBlocks } from './blocks.ts'
import { CAPACITY, COUNT, DEPTH, grownCapacity, MAX_CAPACITY, PARTIALS } from './layout.ts'

/** A set shrinks to one block when its peers would fill no more than half of it. */
const JOINED = MAX_CAPACITY / 2

/**
 * The leechers or the seeders of one swarm and family. A set is identified by its root: 0 when
 * empty, a block of peers while one is enough, a directory of blocks beyond. Methods that change a
 * set return its root, which may be a new one.
 *
 * `find`, `insert` and `locate` select a peer: `block` and `position` refer to it until the next
 * change.
 */
export class PeerSets {
  readonly blocks: PeerBlocks
  readonly directories: Directories
  block = 0
  position = -1
  #slot = 0

  constructor(blocks: PeerBlocks) {
    this.blocks = blocks
    this.directories = new Directories(blocks.heap)
  }

  /** Peers of the set. */
  size(root: number): number {
    return root === 0 ? 0 : this.#total(root, COUNT, TOTAL_COUNT)
  }

  partials(root: number): number {
    return root === 0 ? 0 : this.#total(root, PARTIALS, TOTAL_PARTIALS)
  }

  /** Whether the endpoint in `key` is in the set. */
  find(root: number, key: Uint32Array, hash: number): boolean {
    this.block = this.#blockFor(root, hash)
    if (this.block === 0) return false
    this.position = this.blocks.find(this.block, key, hash)
    return this.position >= 0
  }

  /**
   * The marks of the peers whose endpoint begins with the first `length` words of `key`.
   */
  marksOfSource(root: number, key: Uint32Array, hash: number, length: number): number[] {
    const block = this.#blockFor(root, hash)
    if (block === 0) return []
    return this.blocks
      .positionsOf(block, key, hash, length)
      .map((position) => this.blocks.mark(block, position))
  }

  /** Selects the peer at `index` in the result of `marksOfSource`. */
  locateInSource(
    root: number,
    key: Uint32Array,
    hash: number,
    length: number,
    index: number,
  ): void {
    this.block = this.#blockFor(root, hash)
    this.position = this.blocks.positionsOf(this.block, key, hash, length)[index]!
  }

  /** Selects the peer at a position of the block behind a slot. */
  locate(root: number, slot: number, position: number): void {
    this.block = this.blockOf(root, slot)
    this.position = position
    this.#slot = slot
  }

  /** The block that holds all peers of a hash, or 0. */
  #blockFor(root: number, hash: number): number {
    if (root === 0 || !this.directories.is(root)) return root
    this.#slot = this.directories.slotOf(root, hash)
    return this.directories.block(root, this.#slot)
  }

  /** The mark of the selected peer. */
  get mark(): number {
    return this.blocks.mark(this.block, this.position)
  }

  /** Sets the mark of the selected peer. */
  setMark(root: number, mark: number): void {
    if (this.directories.is(root)) this.#countPartial(root, mark, this.mark)
    this.blocks.setMark(this.block, this.position, mark)
  }

  /**
   * Adds the entry in `key`, mark included, which is in no set of the swarm. 0 when the set can
   * grow no further.
   */
  insert(root: number, key: Uint32Array, hash: number): number {
    const roomy = this.#makeRoom(root, hash)
    if (roomy === 0) return 0
    this.position = this.blocks.append(this.block, key, 0, hash)
    if (this.directories.is(roomy)) {
      this.directories.add(roomy, TOTAL_COUNT, 1)
      this.#countPartial(roomy, this.mark, 0)
    }
    return roomy
  }

  /** Removes the selected peer. */
  remove(root: number): number {
    this.#take(root, this.block, this.position)
    return this.#compact(root, this.block, this.#slot)
  }

  /** Whether the set holds a peer of the hash with a mark that passes the test. */
  holds(root: number, hash: number, passes: (mark: number) => boolean): boolean {
    const block = this.#blockFor(root, hash)
    return block !== 0 && this.blocks.holds(block, hash, passes)
  }

  /** How many slots `removeWhere` can be asked to look at. */
  slots(root: number): number {
    if (root === 0) return 0
    return this.directories.is(root) ? 1 << this.directories.depth(root) : 1
  }

  /** Peers in the block behind a slot; 0 where the slot before has shown the same block. */
  population(root: number, slot: number): number {
    if (!this.directories.is(root)) return this.blocks.header(root, COUNT)
    const block = this.directories.block(root, slot)
    if (block === 0 || (slot > 0 && this.directories.block(root, slot - 1) === block)) return 0
    return this.blocks.header(block, COUNT)
  }

  /** The block behind a slot, or 0. */
  blockOf(root: number, slot: number): number {
    return this.directories.is(root) ? this.directories.block(root, slot) : root
  }

  /** The slot for peers of a hash. */
  slotFor(root: number, hash: number): number {
    return this.directories.is(root) ? this.directories.slotOf(root, hash) : 0
  }

  /** The least hash beyond those of a slot's block: 2^32 after the last. */
  endOf(root: number, slot: number): number {
    if (!this.directories.is(root)) return 2 ** 32
    const depth = this.directories.depth(root)
    const block = this.directories.block(root, slot)
    const blockDepth = block === 0 ? depth : this.blocks.header(block, DEPTH)
    return (
      (this.directories.firstSlot(root, slot, blockDepth) + (1 << (depth - blockDepth))) *
      2 ** (32 - depth)
    )
  }

  /** Removes the peers of one slot's block for which `goes` is true. */
  removeWhere(
    root: number,
    slot: number,
    goes: (block: number, position: number) => boolean,
  ): number {
    const block = this.blockOf(root, slot)
    if (block === 0) return root
    let taken = 0
    for (let position = this.blocks.header(block, COUNT) - 1; position >= 0; position--) {
      if (!goes(block, position)) continue
      this.#take(root, block, position)
      taken++
    }
    return taken === 0 ? root : this.#compact(root, block, slot)
  }

  #total(root: number, field: number, total: number): number {
    return this.directories.is(root)
      ? this.directories.total(root, total)
      : this.blocks.header(root, field)
  }

  #countPartial(root: number, mark: number, before: number): void {
    this.directories.add(root, TOTAL_PARTIALS, (mark & PARTIAL) - (before & PARTIAL))
  }

  #take(root: number, block: number, position: number): void {
    if (this.directories.is(root)) {
      this.directories.add(root, TOTAL_COUNT, -1)
      this.#countPartial(root, 0, this.blocks.mark(block, position))
    }
    this.blocks.remove(block, position)
  }

  /** Makes room for one more peer in the block for `hash`, and selects that block. */
  #makeRoom(root: number, hash: number): number {
    if (root === 0) return (this.block = this.blocks.create(1, 0))
    if (!this.directories.is(root)) {
      this.block = root
      if (this.#hasRoom(root)) return root
      const capacity = this.blocks.header(root, CAPACITY)
      if (capacity < MAX_CAPACITY)
        return (this.block = this.blocks.resize(root, grownCapacity(capacity)))
      return this.#makeRoom(this.#spread(root), hash)
    }
    return this.#makeRoomIn(root, hash)
  }

  #makeRoomIn(root: number, hash: number): number {
    const slot = this.directories.slotOf(root, hash)
    const block = this.directories.block(root, slot)
    this.#slot = slot
    this.block = block
    if (block === 0) {
      const depth = this.directories.depth(root)
      this.block = this.blocks.create(1, depth)
      this.directories.replace(root, slot, depth, this.block)
      return root
    }
    if (this.#hasRoom(block)) return root
    const capacity = this.blocks.header(block, CAPACITY)
    if (capacity < MAX_CAPACITY) {
      this.#resizeIn(root, block, slot, grownCapacity(capacity))
      return root
    }
    if (this.blocks.header(block, DEPTH) < this.directories.depth(root)) {
      this.#split(root, block, slot)
      return this.#makeRoomIn(root, hash)
    }
    if (this.directories.depth(root) === MAX_DEPTH) return 0
    return this.#makeRoomIn(this.directories.double(root), hash)
  }

  #hasRoom(block: number): boolean {
    return this.blocks.header(block, COUNT) < this.blocks.header(block, CAPACITY)
  }

  #resizeIn(root: number, block: number, slot: number, capacity: number): void {
    this.block = this.blocks.resize(block, capacity)
    this.directories.replace(root, slot, this.blocks.header(this.block, DEPTH), this.block)
  }

  /** Turns a single block into a directory of one. */
  #spread(block: number): number {
    const root = this.directories.create(1, block)
    this.directories.add(root, TOTAL_COUNT, this.blocks.header(block, COUNT))
    this.directories.add(root, TOTAL_PARTIALS, this.blocks.header(block, PARTIALS))
    return root
  }

  /** Splits the peers of a block between two, by the next bit of their hash. */
  #split(root: number, block: number, slot: number): void {
    const depth = this.blocks.header(block, DEPTH)
    const count = this.blocks.header(block, COUNT)
    let ones = 0
    for (let position = 0; position < count; position++) ones += this.#bit(block, position, depth)
    const halves = [count - ones, ones].map((size) =>
      this.blocks.create(grownCapacity(Math.max(1, size)), depth + 1),
    )
    for (let position = 0; position < count; position++) {
      this.blocks.copy(block, position, halves[this.#bit(block, position, depth)]!)
    }
    const first = this.directories.firstSlot(root, slot, depth)
    const half = 1 << (this.directories.depth(root) - depth - 1)
    this.directories.replace(root, first, depth + 1, halves[0]!)
    this.directories.replace(root, first + half, depth + 1, halves[1]!)
    this.blocks.heap.free(block)
  }

  #bit(block: number, position: number, depth: number): number {
    const u32 = this.blocks.heap.u32[segmentOf(block)]!
    return (this.blocks.hash(u32, this.blocks.entryAt(block, position)) >>> (31 - depth)) & 1
  }

  /** Frees what a block that lost peers no longer needs. */
  #compact(root: number, block: number, slot: number): number {
    const count = this.blocks.header(block, COUNT)
    const wasteful = count * 2 < this.blocks.header(block, CAPACITY)
    if (root === block) {
      if (count === 0) {
        this.blocks.heap.free(block)
        return 0
      }
      return wasteful ? this.blocks.resize(block, grownCapacity(count)) : root
    }
    if (this.directories.total(root, TOTAL_COUNT) <= JOINED) return this.#join(root)
    if (count === 0) {
      this.directories.replace(root, slot, this.blocks.header(block, DEPTH), 0)
      this.blocks.heap.free(block)
    } else if (wasteful) {
      this.#resizeIn(root, block, slot, grownCapacity(count))
    }
    return root
  }

  /** Gathers a directory's peers in one block again. */
  #join(root: number): number {
    const total = this.directories.total(root, TOTAL_COUNT)
    const joined = total === 0 ? 0 : this.blocks.create(grownCapacity(total), 0)
    for (const block of this.#distinctBlocks(root)) {
      const count = this.blocks.header(block, COUNT)
      for (let position = 0; position < count; position++) this.blocks.copy(block, position, joined)
      this.blocks.heap.free(block)
    }
    this.blocks.heap.free(root)
    return joined
  }

  #distinctBlocks(root: number): Set<number> {
    const blocks = new Set<number>()
    for (let slot = 0; slot < 1 << this.directories.depth(root); slot++)
      blocks.add(this.directories.block(root, slot))
    blocks.delete(0)
    return blocks
  }
}
