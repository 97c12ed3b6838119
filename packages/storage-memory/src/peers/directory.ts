import { u32At, segmentOf, u16At, type Heap } from '../heap/heap.ts'
import { CAPACITY, DIRECTORY } from './layout.ts'

/**
 * The root of a set with several blocks: totals over the blocks, then one slot for each value of
 * the first `depth` bits of the hash, which refers to the block of the peers with these bits
 * (extendible hashing, Fagin et al. 1979).
 *
 *     | DIRECTORY, depth 2×2 | count 4 | partials 4 | slots 4 each, 2^depth of them |
 *
 * A block that is less deep than the directory has several adjacent slots. A slot may be 0.
 */

const DEPTH_U16 = 1
const FIRST_SLOT = 3
/** A directory must fit a segment. At this depth it refers to a hundred million peers. */
export const MAX_DEPTH = 17

/** The totals of a directory, by the position of their long word. */
export const TOTAL_COUNT = 1
export const TOTAL_PARTIALS = 2

export class Directories {
  readonly #heap: Heap

  constructor(heap: Heap) {
    this.#heap = heap
  }

  /** True when a set's root is a directory and not a block of peers. */
  is(root: number): boolean {
    return this.#heap.u16[segmentOf(root)]![u16At(root) + CAPACITY] === DIRECTORY
  }

  /** A directory whose slots all refer to one block. */
  create(depth: number, block: number): number {
    const root = this.#heap.allocate((FIRST_SLOT + (1 << depth)) * 4)
    this.#heap.u16[segmentOf(root)]![u16At(root) + CAPACITY] = DIRECTORY
    this.#heap.u16[segmentOf(root)]![u16At(root) + DEPTH_U16] = depth
    const u32 = this.#heap.u32[segmentOf(root)]!
    const at = u32At(root)
    u32.fill(0, at + 1, at + FIRST_SLOT)
    u32.fill(block, at + FIRST_SLOT, at + FIRST_SLOT + (1 << depth))
    return root
  }

  /** The same with one bit more, so that each slot becomes two; the old directory is freed. */
  double(root: number): number {
    const depth = this.depth(root)
    const doubled = this.create(depth + 1, 0)
    for (const total of [TOTAL_COUNT, TOTAL_PARTIALS])
      this.add(doubled, total, this.total(root, total))
    const from = this.#heap.u32[segmentOf(root)]!
    const to = this.#heap.u32[segmentOf(doubled)]!
    const fromAt = u32At(root) + FIRST_SLOT
    const toAt = u32At(doubled) + FIRST_SLOT
    for (let slot = 0; slot < 1 << depth; slot++) {
      to[toAt + 2 * slot] = to[toAt + 2 * slot + 1] = from[fromAt + slot]!
    }
    this.#heap.free(root)
    return doubled
  }

  depth(root: number): number {
    return this.#heap.u16[segmentOf(root)]![u16At(root) + DEPTH_U16]!
  }

  total(root: number, total: number): number {
    return this.#heap.u32[segmentOf(root)]![u32At(root) + total]!
  }

  add(root: number, total: number, by: number): void {
    this.#heap.u32[segmentOf(root)]![u32At(root) + total]! += by
  }

  /** The slot of a hash. */
  slotOf(root: number, hash: number): number {
    return hash >>> (32 - this.depth(root))
  }

  block(root: number, slot: number): number {
    return this.#heap.u32[segmentOf(root)]![u32At(root) + FIRST_SLOT + slot]!
  }

  /** The first of the slots that refer to the same block as `slot`, for a block `depth` deep. */
  firstSlot(root: number, slot: number, depth: number): number {
    const shared = this.depth(root) - depth
    return (slot >>> shared) << shared
  }

  /** Makes all slots of a block `depth` deep refer to another. */
  replace(root: number, slot: number, depth: number, block: number): void {
    const first = u32At(root) + FIRST_SLOT + this.firstSlot(root, slot, depth)
    this.#heap.u32[segmentOf(root)]!.fill(block, first, first + (1 << (this.depth(root) - depth)))
  }
}
