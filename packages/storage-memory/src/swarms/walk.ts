import { INFO_HASH_U32, SWARM, type SwarmRecords } from './records.ts'

/** Empty slots that one step passes over at most. */
const EMPTY_SLOTS = 1024
/** Infohashes that there is room for at first; a run of slots in use is seldom longer. */
const ROOM = 64

/**
 * Meets every swarm that is there from the beginning of the walk to its end, whatever comes and
 * goes between two steps.
 *
 * A step takes down the infohashes of a whole run of slots that are in use, for a record moves
 * within its run alone: it has its place behind the empty slot in front of the run, where the next
 * step begins. When the table is laid anew, the walk begins again.
 */
export class SwarmWalk {
  /** The infohashes that the last step has met, 5 words each, and how many there are. */
  keys: Uint32Array = new Uint32Array(ROOM * INFO_HASH_U32)
  count = 0
  readonly #records: SwarmRecords
  #slot = 0
  #rebuilds: number

  constructor(records: SwarmRecords) {
    this.#records = records
    this.#rebuilds = records.table.rebuilds
  }

  /** Goes to the next run of swarms, or to none in a stretch that has none. False at the end. */
  step(): boolean {
    const records = this.#records
    const { table } = records
    this.count = 0
    if (table.moving) {
      table.migrate()
      return true
    }
    if (this.#rebuilds !== table.rebuilds) {
      this.#rebuilds = table.rebuilds
      this.#slot = 0
    }
    for (let empty = 0; this.#slot < table.slots && empty < EMPTY_SLOTS;) {
      const record = table.record(this.#slot++)
      if (record !== 0) {
        if (records.kind(record) === SWARM) this.#take(record)
      } else {
        if (this.count > 0) return true
        empty++
      }
    }
    return this.count > 0 || this.#slot < table.slots
  }

  #take(record: number): void {
    const at = this.count * INFO_HASH_U32
    if (at === this.keys.length) {
      const longer = new Uint32Array(this.keys.length * 2)
      longer.set(this.keys)
      this.keys = longer
    }
    this.#records.copyKey(record, this.keys, at)
    this.count++
  }
}
