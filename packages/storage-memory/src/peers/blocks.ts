import type { KeyedHash } from '@chihaya/bittorrent'
import {
  FIRST_DIALLABLE_PORT,
  isPublicEntry,
  PARTIAL,
  PORT_MASK,
  portOf,
  readMark,
  writeMark,
} from './entry.ts'
import { u32At, segmentOf, u16At, type Heap } from '../heap/heap.ts'
import {
  CAPACITY,
  COUNT,
  DEPTH,
  HEADER_U32,
  HEADER_U16,
  NOT_PUBLIC,
  PARTIALS,
  SLOTS,
  slotsFor,
  WITHHELD,
  type Column,
  type Columns,
} from './layout.ts'

/**
 * Reads and changes blocks of peers of one family. Methods take a block's reference and look up its
 * segment each time, since any allocation may add one.
 */
export class PeerBlocks {
  readonly heap: Heap
  /** 32-bit words of an entry. */
  readonly stride: number
  readonly columns: Columns
  readonly #hash: KeyedHash
  /**
   * The part of an entry that is hashed: address and port, or only the source where the peers of a
   * source must stay together.
   */
  readonly #hashedU32: number
  readonly #lastMask: number
  /** The first port that is not withheld. */
  readonly #firstPort: number

  constructor(
    heap: Heap,
    hash: KeyedHash,
    stride: number,
    sourceU32: number,
    columns: Columns,
    firstPort: number = FIRST_DIALLABLE_PORT,
  ) {
    this.heap = heap
    this.stride = stride
    this.columns = columns
    this.#hash = hash
    this.#hashedU32 = sourceU32 === 0 ? stride : sourceU32
    this.#lastMask = sourceU32 === 0 ? PORT_MASK : 0xffff_ffff
    this.#firstPort = firstPort
  }

  /**
   * Whether a peer is counted but not given to others because of its port, in `last`, the last word
   * of its entry.
   */
  withholds(last: number): boolean {
    return portOf(last) < this.#firstPort
  }

  /** The hash of the entry that begins at `u32[at]`. */
  hash(u32: Uint32Array, at: number): number {
    return this.#hash.of(u32, at, this.#hashedU32, this.#lastMask)
  }

  /** An empty block. */
  create(capacity: number, depth: number): number {
    const slots = slotsFor(capacity)
    const block = this.heap.allocate(
      (HEADER_U32 + capacity * (this.stride + this.columns.width)) * 4 + slots * 2,
    )
    const u16 = this.heap.u16[segmentOf(block)]!
    const base = u16At(block)
    u16.fill(0, base, base + HEADER_U16)
    u16[base + CAPACITY] = capacity
    u16[base + DEPTH] = depth
    u16[base + SLOTS] = slots
    if (slots > 0) u16.fill(0, base + HEADER_U16, base + HEADER_U16 + slots)
    return block
  }

  header(block: number, field: number): number {
    return this.heap.u16[segmentOf(block)]![u16At(block) + field]!
  }

  /** Where the entry of a position lies in the block's segment. */
  entryAt(block: number, position: number): number {
    return u32At(block) + HEADER_U32 + (this.header(block, SLOTS) >> 1) + position * this.stride
  }

  /** Where a column's words of a position lie in the block's segment. */
  columnAt({ width, offset }: Column, block: number, position: number): number {
    const capacity = this.header(block, CAPACITY)
    return this.entryAt(block, capacity) + capacity * offset + position * width
  }

  mark(block: number, position: number): number {
    return readMark(
      this.heap.u32[segmentOf(block)]!,
      this.entryAt(block, position) + this.stride - 1,
    )
  }

  /** The position of the endpoint in `key`, or -1. */
  find(block: number, key: Uint32Array, hash: number): number {
    const u16 = this.heap.u16[segmentOf(block)]!
    const u32 = this.heap.u32[segmentOf(block)]!
    const base = u16At(block)
    const slots = u16[base + SLOTS]!
    const entries = u32At(block) + HEADER_U32 + (slots >> 1)
    if (slots === 0) {
      const count = u16[base + COUNT]!
      for (let position = 0; position < count; position++) {
        if (this.#equals(u32, entries + position * this.stride, key)) return position
      }
      return -1
    }
    const index = base + HEADER_U16
    for (let slot = slotOf(hash, slots); ; slot = slot + 1 === slots ? 0 : slot + 1) {
      const position = u16[index + slot]! - 1
      if (position < 0) return -1
      if (this.#equals(u32, entries + position * this.stride, key)) return position
    }
  }

  /**
   * The positions of the peers whose entry begins with the first `length` words of `key`, the
   * hashed ones.
   */
  positionsOf(block: number, key: Uint32Array, hash: number, length: number): number[] {
    const u16 = this.heap.u16[segmentOf(block)]!
    const u32 = this.heap.u32[segmentOf(block)]!
    const base = u16At(block)
    const slots = u16[base + SLOTS]!
    const positions: number[] = []
    const consider = (position: number): void => {
      const entry = this.entryAt(block, position)
      for (let index = 0; index < length; index++) if (u32[entry + index] !== key[index]) return
      positions.push(position)
    }
    if (slots === 0) {
      for (let position = 0; position < u16[base + COUNT]!; position++) consider(position)
      return positions
    }
    const index = base + HEADER_U16
    for (let slot = slotOf(hash, slots); u16[index + slot] !== 0; slot = (slot + 1) % slots) {
      consider(u16[index + slot]! - 1)
    }
    return positions
  }

  /** Whether the block holds a peer of the hash with a mark that passes the test. */
  holds(block: number, hash: number, passes: (mark: number) => boolean): boolean {
    const u32 = this.heap.u32[segmentOf(block)]!
    const matches = (position: number): boolean => {
      const entry = this.entryAt(block, position)
      return (this.hash(u32, entry) ^ hash) === 0 && passes(readMark(u32, entry + this.stride - 1))
    }
    const slots = this.header(block, SLOTS)
    if (slots === 0) {
      for (let position = 0; position < this.header(block, COUNT); position++)
        if (matches(position)) return true
      return false
    }
    const u16 = this.heap.u16[segmentOf(block)]!
    const index = u16At(block) + HEADER_U16
    for (let slot = slotOf(hash, slots); u16[index + slot] !== 0; slot = (slot + 1) % slots) {
      if (matches(u16[index + slot]! - 1)) return true
    }
    return false
  }

  /**
   * Appends the entry at `from[at]` to a block that has room, and returns its position.
   */
  append(block: number, from: Uint32Array, at: number, hash: number): number {
    const u16 = this.heap.u16[segmentOf(block)]!
    const u32 = this.heap.u32[segmentOf(block)]!
    const base = u16At(block)
    const position = u16[base + COUNT]!
    u16[base + COUNT] = position + 1
    const entry = this.entryAt(block, position)
    for (let index = 0; index < this.stride; index++) u32[entry + index] = from[at + index]!
    this.#tally(u16, u32, base, entry, 1)
    const slots = u16[base + SLOTS]!
    if (slots === 0) return position
    const index = base + HEADER_U16
    let slot = slotOf(hash, slots)
    while (u16[index + slot] !== 0) slot = slot + 1 === slots ? 0 : slot + 1
    u16[index + slot] = position + 1
    return position
  }

  /** Removes the peer at a position, and moves the last peer there. */
  remove(block: number, position: number): void {
    const u16 = this.heap.u16[segmentOf(block)]!
    const u32 = this.heap.u32[segmentOf(block)]!
    const base = u16At(block)
    const entry = this.entryAt(block, position)
    this.#tally(u16, u32, base, entry, -1)
    const last = u16[base + COUNT]! - 1
    u16[base + COUNT] = last
    const slots = u16[base + SLOTS]!
    const index = base + HEADER_U16
    if (slots > 0)
      this.#closeGap(
        block,
        u16,
        u32,
        index,
        slots,
        this.#slotHolding(block, u16, u32, index, slots, position),
      )
    if (position === last) return
    if (slots > 0)
      u16[index + this.#slotHolding(block, u16, u32, index, slots, last)] = position + 1
    const lastEntry = this.entryAt(block, last)
    u32.copyWithin(entry, lastEntry, lastEntry + this.stride)
    for (const column of this.columns.all) {
      const from = this.columnAt(column, block, last)
      u32.copyWithin(this.columnAt(column, block, position), from, from + column.width)
    }
  }

  /** Sets the mark of a peer, keeping count of partial seeds. */
  setMark(block: number, position: number, mark: number): void {
    const u32 = this.heap.u32[segmentOf(block)]!
    const last = this.entryAt(block, position) + this.stride - 1
    const change = (mark & PARTIAL) - (readMark(u32, last) & PARTIAL)
    if (change !== 0) this.heap.u16[segmentOf(block)]![u16At(block) + PARTIALS]! += change
    writeMark(u32, last, mark)
  }

  /** Appends the peer at a position of one block to another that has room for it. */
  copy(from: number, position: number, to: number): void {
    const u32 = this.heap.u32[segmentOf(from)]!
    const entry = this.entryAt(from, position)
    const target = this.append(to, u32, entry, this.hash(u32, entry))
    const toU32 = this.heap.u32[segmentOf(to)]!
    for (const column of this.columns.all) {
      const toAt = this.columnAt(column, to, target)
      const fromAt = this.columnAt(column, from, position)
      for (let index = 0; index < column.width; index++) toU32[toAt + index] = u32[fromAt + index]!
    }
  }

  /** The same peers in a block of another capacity; the old block is freed. */
  resize(block: number, capacity: number): number {
    const resized = this.create(capacity, this.header(block, DEPTH))
    const count = this.header(block, COUNT)
    for (let position = 0; position < count; position++) this.copy(block, position, resized)
    this.heap.free(block)
    return resized
  }

  #equals(u32: Uint32Array, at: number, key: Uint32Array): boolean {
    const last = this.stride - 1
    if (((u32[at + last]! ^ key[last]!) & PORT_MASK) !== 0) return false
    for (let index = 0; index < last; index++) if (u32[at + index] !== key[index]) return false
    return true
  }

  #tally(u16: Uint16Array, u32: Uint32Array, base: number, entry: number, by: number): void {
    const last = entry + this.stride - 1
    if (readMark(u32, last) & PARTIAL) u16[base + PARTIALS]! += by
    if (this.withholds(u32[last]!)) u16[base + WITHHELD]! += by
    if (!isPublicEntry(u32, entry, this.stride)) u16[base + NOT_PUBLIC]! += by
  }

  #slotHolding(
    block: number,
    u16: Uint16Array,
    u32: Uint32Array,
    index: number,
    slots: number,
    position: number,
  ): number {
    let slot = slotOf(this.hash(u32, this.entryAt(block, position)), slots)
    while (u16[index + slot] !== position + 1) slot = slot + 1 === slots ? 0 : slot + 1
    return slot
  }

  /**
   * Moves later slots of the run back over a freed one, so that no probe stops before them.
   */
  #closeGap(
    block: number,
    u16: Uint16Array,
    u32: Uint32Array,
    index: number,
    slots: number,
    freed: number,
  ): void {
    let gap = freed
    for (let slot = (gap + 1) % slots; u16[index + slot] !== 0; slot = (slot + 1) % slots) {
      const home = slotOf(this.hash(u32, this.entryAt(block, u16[index + slot]! - 1)), slots)
      if ((slot - home + slots) % slots < (slot - gap + slots) % slots) continue
      u16[index + gap] = u16[index + slot]!
      gap = slot
    }
    u16[index + gap] = 0
  }
}

/** Scales the low 16 bits of a hash to the slots of an index; the high bits choose the block. */
function slotOf(hash: number, slots: number): number {
  return ((hash & 0xffff) * slots) >>> 16
}
