import type { KeyedHash } from '@chihaya/bittorrent'
import type { RecordPool } from './record-pool.ts'

const SLOT_BITS = 11
/** Slots of one table. */
const SLOTS: number = 1 << SLOT_BITS
const SLOT_MASK = SLOTS - 1
/** Records in a table before it is split. */
const FULL = SLOTS * 0.875

const TAG_SHIFT = 24
const RECORD_MASK: number = 2 ** TAG_SHIFT - 1

/** Which words of a record are its key. */
export interface RecordKey {
  /** Position of the key's first word in the record. */
  readonly at: number
  /** 32-bit words of the key. */
  readonly length: number
}

/** A hash table of at most `SLOTS` records, probed linearly. */
interface Table {
  /** 8 bits of the hash above 24 bits of the record's number; 0 is an empty slot. */
  readonly slots: Uint32Array
  /** Leading bits of the hash that all records of the table share. */
  readonly depth: number
  size: number
}

/**
 * Finds records of a pool by a key that they hold, at four bytes a slot.
 *
 * It is an extendible hash table (Fagin et al. 1979): the leading bits of a hash choose a table of
 * fixed size, and a table that is full is split in two. A split moves less than two thousand
 * records, so no insertion is a pause, whatever the number of records.
 */
export class RecordIndex {
  readonly #pool: RecordPool
  readonly #key: RecordKey
  readonly #hash: KeyedHash
  /** One entry for each combination of `#depth` leading bits. Neighbours may share a table. */
  #directory: Table[] = [newTable(0)]
  #depth = 0

  constructor(pool: RecordPool, key: RecordKey, hash: KeyedHash) {
    this.#pool = pool
    this.#key = key
    this.#hash = hash
  }

  /** Bytes of all tables. */
  get bytes(): number {
    return new Set(this.#directory).size * SLOTS * 4
  }

  /** The record with the key at `key[at]`, or 0. */
  find(key: Uint32Array, at = 0): number {
    const hash = this.#hash.of(key, at, this.#key.length, -1)
    const { slots } = this.#table(hash)
    const tag = tagOf(hash)
    for (let slot = hash & SLOT_MASK; ; slot = (slot + 1) & SLOT_MASK) {
      const value = slots[slot]!
      if (value === 0) return 0
      if (value >>> TAG_SHIFT !== tag) continue
      const record = value & RECORD_MASK
      if (this.#holds(record, key, at)) return record
    }
  }

  /** Adds a record, whose key is written and not in the index yet. */
  add(record: number): void {
    const hash = this.#hashOf(record)
    let table = this.#table(hash)
    while (table.size >= FULL) {
      this.#split(table, hash)
      table = this.#table(hash)
    }
    insert(table, hash, record)
  }

  /** Removes a record, whose key is still the one it was added with. */
  remove(record: number): void {
    const hash = this.#hashOf(record)
    const table = this.#table(hash)
    const { slots } = table
    const value = slotOf(hash, record)
    let hole = hash & SLOT_MASK
    while (slots[hole] !== value) {
      if (slots[hole] === 0) return
      hole = (hole + 1) & SLOT_MASK
    }
    table.size--
    // Moves later records back over the hole, so that probes need not go on past it.
    for (let slot = (hole + 1) & SLOT_MASK; slots[slot] !== 0; slot = (slot + 1) & SLOT_MASK) {
      const home = this.#hashOf(slots[slot]! & RECORD_MASK) & SLOT_MASK
      if (((slot - home) & SLOT_MASK) < ((slot - hole) & SLOT_MASK)) continue
      slots[hole] = slots[slot]!
      hole = slot
    }
    slots[hole] = 0
  }

  #table(hash: number): Table {
    // A shift by 32 is a shift by 0.
    return this.#directory[this.#depth === 0 ? 0 : hash >>> (32 - this.#depth)]!
  }

  #hashOf(record: number): number {
    const { at, length } = this.#key
    return this.#hash.of(this.#pool.longs(record), this.#pool.at(record) + at, length, -1)
  }

  #holds(record: number, key: Uint32Array, at: number): boolean {
    const longs = this.#pool.longs(record)
    const from = this.#pool.at(record) + this.#key.at
    for (let index = 0; index < this.#key.length; index++) {
      if (longs[from + index] !== key[at + index]) return false
    }
    return true
  }

  #split(table: Table, hash: number): void {
    const depth = table.depth + 1
    if (depth > this.#depth) {
      this.#directory = this.#directory.flatMap((one) => [one, one])
      this.#depth = depth
    }
    const halves = [newTable(depth), newTable(depth)] as const
    for (const value of table.slots) {
      if (value === 0) continue
      const record = value & RECORD_MASK
      const moved = this.#hashOf(record)
      insert(halves[((moved >>> (32 - depth)) & 1) as 0 | 1], moved, record)
    }
    const span = 1 << (this.#depth - depth)
    const first = ((hash >>> (32 - this.#depth)) & ~(2 * span - 1)) >>> 0
    this.#directory.fill(halves[0], first, first + span)
    this.#directory.fill(halves[1], first + span, first + 2 * span)
  }
}

function newTable(depth: number): Table {
  return { slots: new Uint32Array(SLOTS), depth, size: 0 }
}

/** Bits of the hash that neither the directory nor the position in a table uses. */
function tagOf(hash: number): number {
  return (hash >>> SLOT_BITS) & 0xff
}

function slotOf(hash: number, record: number): number {
  return ((tagOf(hash) << TAG_SHIFT) | record) >>> 0
}

function insert(table: Table, hash: number, record: number): void {
  let slot = hash & SLOT_MASK
  while (table.slots[slot] !== 0) slot = (slot + 1) & SLOT_MASK
  table.slots[slot] = slotOf(hash, record)
  table.size++
}
