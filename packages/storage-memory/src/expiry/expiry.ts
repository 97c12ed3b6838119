import type { Swarms } from '../swarms/swarms.ts'

/** Work between two looks at the clock, in marks read: some tens of microseconds. */
const STRIDE = 8192
/** What other things cost, in marks read. */
const SLOT_COST = 8
const BLOCK_COST = 64
const REMOVAL_COST = 128
const MIGRATION_COST = 512

/**
 * Walks over all swarms and takes out peers past their lifetime, in slices as short as asked. What
 * changes between two slices may be met twice or missed; what is missed is met by the next walk.
 */
export class Expiry {
  readonly #swarms: Swarms
  /** How far the walk has come: slot of the table, set of its swarm, entry of that set. */
  #slot = 0
  #set = 0
  #entry = 0
  #rebuilds = 0

  constructor(swarms: Swarms) {
    this.#swarms = swarms
  }

  /** Goes on for about `budget` milliseconds. True when that has completed a walk. */
  slice(budget: number): boolean {
    const { table } = this.#swarms.records
    const end = performance.now() + budget
    const mark = this.#swarms.clock.mark()
    let work = 0
    for (;;) {
      work += this.#step(mark)
      if (this.#slot >= table.slots) break
      if (work < STRIDE) continue
      work = 0
      if (performance.now() >= end) return false
    }
    this.#slot = 0
    table.shrink()
    return true
  }

  /** Looks at one block, or moves on to the next. Returns what that cost. */
  #step(mark: number): number {
    const { records } = this.#swarms
    const { table } = records
    if (table.moving) {
      table.migrate()
      return MIGRATION_COST
    }
    if (this.#rebuilds !== table.rebuilds) {
      this.#rebuilds = table.rebuilds
      this.#slot = this.#set = this.#entry = 0
    }
    const record = table.record(this.#slot)
    if (record === 0 || this.#set === records.sets || !records.isLive(record)) {
      this.#slot++
      this.#set = this.#entry = 0
      return SLOT_COST
    }
    const sets = this.#swarms.sets(this.#set)
    const root = records.root(record, this.#set)
    if (this.#entry >= sets.entries(root)) {
      this.#set++
      this.#entry = 0
      return 1
    }
    const population = sets.population(root, this.#entry)
    if (population === 0) {
      this.#entry++
      return 1
    }
    const removed = this.#swarms.expire(record, this.#set, this.#entry, mark)
    // A swarm that has ended may have made room for another one in its slot, to be looked at from
    // its first set on. A set that has shrunk may have other entries now, and looking at a block
    // again costs little.
    if (table.record(this.#slot) !== record) this.#set = this.#entry = 0
    else if (records.root(record, this.#set) === root) this.#entry++
    else this.#entry = 0
    return BLOCK_COST + population + removed * REMOVAL_COST
  }
}
