import {
  FIRST_DIALLABLE_PORT,
  isPublicEntry,
  PARTIAL,
  PORT_MASK,
  portOf,
  readMark,
  writeMark,
} from './entry.ts'
import { longsAt, segmentOf, wordsAt, type Heap } from '../heap/heap.ts'
import type { KeyedHash } from '../heap/keyed-hash.ts'
import {
  CAPACITY,
  COUNT,
  DEPTH,
  HEADER_LONGS,
  HEADER_WORDS,
  NOT_PUBLIC,
  PARTIALS,
  SLOTS,
  slotsFor,
  WITHHELD,
  type Column,
  type Columns,
} from './layout.ts'

/**
 * Reads and changes blocks of peers of one family. Methods take a block's reference and look its
 * segment up anew, since any allocation may add one.
 */
export class PeerBlocks {
  readonly heap: Heap
  /** 32-bit words of an entry. */
  readonly stride: number
  readonly columns: Columns
  readonly #hash: KeyedHash
  /**
   * What of an entry the hash covers: address and port, or less where a source's peers must stay
   * together.
   */
  readonly #hashedLongs: number
  readonly #lastMask: number
  /** The first port that is given to others. */
  readonly #firstPort: number

  constructor(
    heap: Heap,
    hash: KeyedHash,
    stride: number,
    sourceLongs: number,
    columns: Columns,
    firstPort: number = FIRST_DIALLABLE_PORT,
  ) {
    this.heap = heap
    this.stride = stride
    this.columns = columns
    this.#hash = hash
    this.#hashedLongs = sourceLongs === 0 ? stride : sourceLongs
    this.#lastMask = sourceLongs === 0 ? PORT_MASK : 0xffff_ffff
    this.#firstPort = firstPort
  }

  /**
   * Whether the peer of an entry is counted but not given to others, because of its port. `last` is
   * the entry's last word.
   */
  withholds(last: number): boolean {
    return portOf(last) < this.#firstPort
  }

  /** The hash of the entry that begins at `longs[at]`. */
  hash(longs: Uint32Array, at: number): number {
    return this.#hash.longs(longs, at, this.#hashedLongs, this.#lastMask)
  }

  /** An empty block. */
  create(capacity: number, depth: number): number {
    const slots = slotsFor(capacity)
    const block = this.heap.allocate(
      (HEADER_LONGS + capacity * (this.stride + this.columns.width)) * 4 + slots * 2,
    )
    const words = this.heap.words[segmentOf(block)]!
    const base = wordsAt(block)
    words.fill(0, base, base + HEADER_WORDS)
    words[base + CAPACITY] = capacity
    words[base + DEPTH] = depth
    words[base + SLOTS] = slots
    if (slots > 0) words.fill(0, base + HEADER_WORDS, base + HEADER_WORDS + slots)
    return block
  }

  header(block: number, field: number): number {
    return this.heap.words[segmentOf(block)]![wordsAt(block) + field]!
  }

  /** Where the entry of a position lies in the block's segment. */
  entryAt(block: number, position: number): number {
    return longsAt(block) + HEADER_LONGS + (this.header(block, SLOTS) >> 1) + position * this.stride
  }

  /** Where a column's words of a position lie in the block's segment. */
  columnAt({ width, offset }: Column, block: number, position: number): number {
    const capacity = this.header(block, CAPACITY)
    return this.entryAt(block, capacity) + capacity * offset + position * width
  }

  mark(block: number, position: number): number {
    return readMark(
      this.heap.longs[segmentOf(block)]!,
      this.entryAt(block, position) + this.stride - 1,
    )
  }

  /** The position of the endpoint in `key`, or -1. */
  find(block: number, key: Uint32Array, hash: number): number {
    const words = this.heap.words[segmentOf(block)]!
    const longs = this.heap.longs[segmentOf(block)]!
    const base = wordsAt(block)
    const slots = words[base + SLOTS]!
    const entries = longsAt(block) + HEADER_LONGS + (slots >> 1)
    if (slots === 0) {
      const count = words[base + COUNT]!
      for (let position = 0; position < count; position++) {
        if (this.#equals(longs, entries + position * this.stride, key)) return position
      }
      return -1
    }
    const index = base + HEADER_WORDS
    for (let slot = slotOf(hash, slots); ; slot = slot + 1 === slots ? 0 : slot + 1) {
      const position = words[index + slot]! - 1
      if (position < 0) return -1
      if (this.#equals(longs, entries + position * this.stride, key)) return position
    }
  }

  /**
   * The positions of peers whose entry begins with the first `length` words of `key`, which are all
   * that is hashed.
   */
  positionsOf(block: number, key: Uint32Array, hash: number, length: number): number[] {
    const words = this.heap.words[segmentOf(block)]!
    const longs = this.heap.longs[segmentOf(block)]!
    const base = wordsAt(block)
    const slots = words[base + SLOTS]!
    const positions: number[] = []
    const consider = (position: number): void => {
      const entry = this.entryAt(block, position)
      for (let index = 0; index < length; index++) if (longs[entry + index] !== key[index]) return
      positions.push(position)
    }
    if (slots === 0) {
      for (let position = 0; position < words[base + COUNT]!; position++) consider(position)
      return positions
    }
    const index = base + HEADER_WORDS
    for (let slot = slotOf(hash, slots); words[index + slot] !== 0; slot = (slot + 1) % slots) {
      consider(words[index + slot]! - 1)
    }
    return positions
  }

  /** Whether a peer of the hash is there whose mark passes the test. */
  holds(block: number, hash: number, passes: (mark: number) => boolean): boolean {
    const longs = this.heap.longs[segmentOf(block)]!
    const matches = (position: number): boolean => {
      const entry = this.entryAt(block, position)
      return this.hash(longs, entry) === hash && passes(readMark(longs, entry + this.stride - 1))
    }
    const slots = this.header(block, SLOTS)
    if (slots === 0) {
      for (let position = 0; position < this.header(block, COUNT); position++)
        if (matches(position)) return true
      return false
    }
    const words = this.heap.words[segmentOf(block)]!
    const index = wordsAt(block) + HEADER_WORDS
    for (let slot = slotOf(hash, slots); words[index + slot] !== 0; slot = (slot + 1) % slots) {
      if (matches(words[index + slot]! - 1)) return true
    }
    return false
  }

  /**
   * Puts the entry at `from[at]` behind the others of a block that has room for it, and returns its
   * position.
   */
  append(block: number, from: Uint32Array, at: number, hash: number): number {
    const words = this.heap.words[segmentOf(block)]!
    const longs = this.heap.longs[segmentOf(block)]!
    const base = wordsAt(block)
    const position = words[base + COUNT]!
    words[base + COUNT] = position + 1
    const entry = this.entryAt(block, position)
    for (let index = 0; index < this.stride; index++) longs[entry + index] = from[at + index]!
    this.#tally(words, longs, base, entry, 1)
    const slots = words[base + SLOTS]!
    if (slots === 0) return position
    const index = base + HEADER_WORDS
    let slot = slotOf(hash, slots)
    while (words[index + slot] !== 0) slot = slot + 1 === slots ? 0 : slot + 1
    words[index + slot] = position + 1
    return position
  }

  /** Takes out the peer at a position; the last one takes its place. */
  remove(block: number, position: number): void {
    const words = this.heap.words[segmentOf(block)]!
    const longs = this.heap.longs[segmentOf(block)]!
    const base = wordsAt(block)
    const entry = this.entryAt(block, position)
    this.#tally(words, longs, base, entry, -1)
    const last = words[base + COUNT]! - 1
    words[base + COUNT] = last
    const slots = words[base + SLOTS]!
    const index = base + HEADER_WORDS
    if (slots > 0)
      this.#closeGap(
        block,
        words,
        longs,
        index,
        slots,
        this.#slotHolding(block, words, longs, index, slots, position),
      )
    if (position === last) return
    if (slots > 0)
      words[index + this.#slotHolding(block, words, longs, index, slots, last)] = position + 1
    const lastEntry = this.entryAt(block, last)
    longs.copyWithin(entry, lastEntry, lastEntry + this.stride)
    for (const column of this.columns.all) {
      const from = this.columnAt(column, block, last)
      longs.copyWithin(this.columnAt(column, block, position), from, from + column.width)
    }
  }

  /** Sets the mark of a peer, keeping count of partial seeds. */
  setMark(block: number, position: number, mark: number): void {
    const longs = this.heap.longs[segmentOf(block)]!
    const last = this.entryAt(block, position) + this.stride - 1
    const change = (mark & PARTIAL) - (readMark(longs, last) & PARTIAL)
    if (change !== 0) this.heap.words[segmentOf(block)]![wordsAt(block) + PARTIALS]! += change
    writeMark(longs, last, mark)
  }

  /** Appends the peer at a position of one block to another that has room for it. */
  copy(from: number, position: number, to: number): void {
    const longs = this.heap.longs[segmentOf(from)]!
    const entry = this.entryAt(from, position)
    const target = this.append(to, longs, entry, this.hash(longs, entry))
    const toLongs = this.heap.longs[segmentOf(to)]!
    for (const column of this.columns.all) {
      const toAt = this.columnAt(column, to, target)
      const fromAt = this.columnAt(column, from, position)
      for (let index = 0; index < column.width; index++)
        toLongs[toAt + index] = longs[fromAt + index]!
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

  #equals(longs: Uint32Array, at: number, key: Uint32Array): boolean {
    const last = this.stride - 1
    if (((longs[at + last]! ^ key[last]!) & PORT_MASK) !== 0) return false
    for (let index = 0; index < last; index++) if (longs[at + index] !== key[index]) return false
    return true
  }

  #tally(words: Uint16Array, longs: Uint32Array, base: number, entry: number, by: number): void {
    const last = entry + this.stride - 1
    if (readMark(longs, last) & PARTIAL) words[base + PARTIALS]! += by
    if (this.withholds(longs[last]!)) words[base + WITHHELD]! += by
    if (!isPublicEntry(longs, entry, this.stride)) words[base + NOT_PUBLIC]! += by
  }

  #slotHolding(
    block: number,
    words: Uint16Array,
    longs: Uint32Array,
    index: number,
    slots: number,
    position: number,
  ): number {
    let slot = slotOf(this.hash(longs, this.entryAt(block, position)), slots)
    while (words[index + slot] !== position + 1) slot = slot + 1 === slots ? 0 : slot + 1
    return slot
  }

  /**
   * Draws later entries of the run back over a freed slot, so that no probe stops short of them.
   */
  #closeGap(
    block: number,
    words: Uint16Array,
    longs: Uint32Array,
    index: number,
    slots: number,
    freed: number,
  ): void {
    let gap = freed
    for (let slot = (gap + 1) % slots; words[index + slot] !== 0; slot = (slot + 1) % slots) {
      const home = slotOf(this.hash(longs, this.entryAt(block, words[index + slot]! - 1)), slots)
      if ((slot - home + slots) % slots < (slot - gap + slots) % slots) continue
      words[index + gap] = words[index + slot]!
      gap = slot
    }
    words[index + gap] = 0
  }
}

/** Scales the low 16 bits of a hash to the slots of an index; the high bits choose the block. */
function slotOf(hash: number, slots: number): number {
  return ((hash & 0xffff) * slots) >>> 16
}
