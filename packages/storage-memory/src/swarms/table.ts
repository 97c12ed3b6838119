import { segmentOf, u32At, type Heap } from '../heap/heap.ts'

/**
 * Finds swarm records by infohash: an open-addressed table of (hash, record) pairs, probed
 * linearly.
 *
 * It grows and shrinks without a pause: every change moves a few entries from the old table to one
 * of the new size, and both are searched until all have moved. A moved entry leaves a mark in the
 * old table, so that probes continue past it. The new table closes its gaps instead.
 */

const EMPTY = 0
const MOVED = 0xffff_ffff
const MIN_SLOTS = 1024
/**
 * Old slots looked at with every change: enough to empty the old table long before the new one is
 * full.
 */
const MOVES = 16
const INFO_HASH_U32 = 5

export class SwarmTable {
  readonly #heap: Heap
  #slots: Uint32Array = new Uint32Array(MIN_SLOTS * 2)
  #mask = MIN_SLOTS - 1
  #old: Uint32Array | undefined
  #oldMask = 0
  #oldNext = 0
  #size = 0
  #rebuilds = 0

  constructor(heap: Heap) {
    this.#heap = heap
  }

  /** How many records there are. */
  get size(): number {
    return this.#size
  }

  /** Bytes that the table itself takes. */
  get bytes(): number {
    return this.#slots.byteLength + (this.#old?.byteLength ?? 0)
  }

  /**
   * Number of rebuilds. A walk over the slots is valid only until the next rebuild.
   */
  get rebuilds(): number {
    return this.#rebuilds
  }

  /** Whether some records are still in the old table, where `record` does not see them. */
  get moving(): boolean {
    return this.#old !== undefined
  }

  /** How many slots `record` can be asked about. */
  get slots(): number {
    return this.#mask + 1
  }

  /** The record in a slot, or 0. */
  record(slot: number): number {
    return this.#slots[slot * 2 + 1]!
  }

  /** How many places `at` can be asked about. */
  get places(): number {
    return this.slots + (this.#old === undefined ? 0 : this.#oldMask + 1)
  }

  /** The record in a place, or 0: slots, then those of the old table. */
  at(place: number): number {
    if (place <= this.#mask) return this.record(place)
    const record = this.#old?.[(place - this.slots) * 2 + 1] ?? EMPTY
    return record === MOVED ? EMPTY : record
  }

  /** Whether a record of the hash is there. */
  has(hash: number, record: number): boolean {
    if (holdsRecord(this.#slots, this.#mask, hash, record)) return true
    return this.#old !== undefined && holdsRecord(this.#old, this.#oldMask, hash, record)
  }

  /** The record of the infohash in `key`, 5 long words, or 0. */
  find(hash: number, key: Uint32Array): number {
    const found = this.#search(this.#slots, this.#mask, hash, key)
    if (found !== 0 || this.#old === undefined) return found
    return this.#search(this.#old, this.#oldMask, hash, key)
  }

  /** Adds a record with a new infohash. */
  insert(hash: number, record: number): void {
    if ((this.#size + 1) * 4 > this.slots * 3) this.#resize(this.slots * 2)
    this.migrate()
    this.#put(hash, record)
    this.#size++
  }

  /** Removes a record of the table. */
  remove(hash: number, record: number): void {
    this.#size--
    if (this.#old !== undefined && this.#mark(hash, record)) return
    let slot = hash & this.#mask
    while (this.#slots[slot * 2 + 1] !== record) slot = (slot + 1) & this.#mask
    this.#closeGap(slot)
    this.migrate()
  }

  /** Halves a table that is mostly empty. */
  shrink(): void {
    if (this.slots > MIN_SLOTS && this.#size * 8 < this.slots) this.#resize(this.slots / 2)
  }

  #search(slots: Uint32Array, mask: number, hash: number, key: Uint32Array): number {
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const record = slots[slot * 2 + 1]!
      if (record === EMPTY) return 0
      if ((slots[slot * 2]! ^ hash) === 0 && record !== MOVED && this.#holds(record, key))
        return record
    }
  }

  #holds(record: number, key: Uint32Array): boolean {
    const u32 = this.#heap.u32[segmentOf(record)]!
    const at = u32At(record)
    for (let index = 0; index < INFO_HASH_U32; index++)
      if (u32[at + index] !== key[index]) return false
    return true
  }

  #put(hash: number, record: number): void {
    let slot = hash & this.#mask
    while (this.#slots[slot * 2 + 1] !== EMPTY) slot = (slot + 1) & this.#mask
    this.#slots[slot * 2] = hash
    this.#slots[slot * 2 + 1] = record
  }

  /**
   * Moves later entries of the run back over a freed slot, so that no probe stops before them.
   */
  #closeGap(freed: number): void {
    const slots = this.#slots
    let gap = freed
    for (
      let slot = (gap + 1) & this.#mask;
      slots[slot * 2 + 1] !== EMPTY;
      slot = (slot + 1) & this.#mask
    ) {
      const home = slots[slot * 2]! & this.#mask
      if (((slot - home) & this.#mask) < ((slot - gap) & this.#mask)) continue
      slots[gap * 2] = slots[slot * 2]!
      slots[gap * 2 + 1] = slots[slot * 2 + 1]!
      gap = slot
    }
    slots[gap * 2 + 1] = EMPTY
  }

  /** Marks an entry of the old table as gone; false if it is not there. */
  #mark(hash: number, record: number): boolean {
    const old = this.#old!
    for (
      let slot = hash & this.#oldMask;
      old[slot * 2 + 1] !== EMPTY;
      slot = (slot + 1) & this.#oldMask
    ) {
      if (old[slot * 2 + 1] !== record) continue
      old[slot * 2 + 1] = MOVED
      return true
    }
    return false
  }

  #resize(slots: number): void {
    while (this.#old !== undefined) this.migrate()
    this.#rebuilds++
    this.#old = this.#slots
    this.#oldMask = this.#mask
    this.#oldNext = 0
    this.#slots = new Uint32Array(slots * 2)
    this.#mask = slots - 1
  }

  /** Moves a few entries out of the old table, if there is one. */
  migrate(): void {
    const old = this.#old
    if (old === undefined) return
    const end = Math.min(this.#oldNext + MOVES, this.#oldMask + 1)
    for (; this.#oldNext < end; this.#oldNext++) {
      const record = old[this.#oldNext * 2 + 1]!
      if (record === EMPTY || record === MOVED) continue
      this.#put(old[this.#oldNext * 2]!, record)
      old[this.#oldNext * 2 + 1] = MOVED
    }
    if (end > this.#oldMask) this.#old = undefined
  }
}

function holdsRecord(slots: Uint32Array, mask: number, hash: number, record: number): boolean {
  for (let slot = hash & mask; slots[slot * 2 + 1] !== EMPTY; slot = (slot + 1) & mask) {
    if (slots[slot * 2 + 1] === record) return true
  }
  return false
}
