import type { Swarms } from '../swarms/swarms.ts'

/** Marks read between two looks at the clock: some tens of microseconds of work. */
const STRIDE = 8192
/** The cost of other work, in marks read. */
const SLOT_COST = 8
const BLOCK_COST = 64
const REMOVAL_COST = 128
const MIGRATION_COST = 512

/**
 * Walks over all swarms and removes expired peers, in slices of a given length. What changes
 * between two slices may be visited twice or not until the next walk.
 */
export class Expiry {
  readonly #swarms: Swarms
  /** The position: slot of the table, set of its swarm, slot of that set. */
  #tableSlot = 0
  #set = 0
  #directorySlot = 0
  #rebuilds = 0

  constructor(swarms: Swarms) {
    this.#swarms = swarms
  }

  /** Works for about `budget` milliseconds. True at the end of a walk. */
  slice(budget: number): boolean {
    const { table } = this.#swarms.records
    const end = performance.now() + budget
    const mark = this.#swarms.clock.mark()
    let work = 0
    for (;;) {
      work += this.#step(mark)
      if (this.#tableSlot >= table.slots) break
      if (work < STRIDE) continue
      work = 0
      if (performance.now() >= end) return false
    }
    this.#tableSlot = 0
    table.shrink()
    return true
  }

  /** Visits one block, or moves on to the next. Returns the cost. */
  #step(mark: number): number {
    const { records } = this.#swarms
    const { table } = records
    if (table.moving) {
      table.migrate()
      return MIGRATION_COST
    }
    if (this.#rebuilds !== table.rebuilds) {
      this.#rebuilds = table.rebuilds
      this.#tableSlot = this.#set = this.#directorySlot = 0
    }
    const record = table.record(this.#tableSlot)
    if (record === 0 || this.#set === records.sets || !records.isLive(record)) {
      this.#tableSlot++
      this.#set = this.#directorySlot = 0
      return SLOT_COST
    }
    const sets = this.#swarms.sets(this.#set)
    const root = records.root(record, this.#set)
    if (this.#directorySlot >= sets.slots(root)) {
      this.#set++
      this.#directorySlot = 0
      return 1
    }
    const population = sets.population(root, this.#directorySlot)
    if (population === 0) {
      this.#directorySlot++
      return 1
    }
    const removed = this.#swarms.expire(record, this.#set, this.#directorySlot, mark)
    // Another swarm may have taken the slot of one that ended: visit it from its first set on. A
    // set that shrank may have other slots now, and visiting a block again costs little.
    if (table.record(this.#tableSlot) !== record) this.#set = this.#directorySlot = 0
    else if (records.root(record, this.#set) === root) this.#directorySlot++
    else this.#directorySlot = 0
    return BLOCK_COST + population + removed * REMOVAL_COST
  }
}
