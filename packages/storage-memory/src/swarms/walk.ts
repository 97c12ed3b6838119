import { INFO_HASH_U32, SWARM, type SwarmRecords } from './records.ts'

/** Most empty slots that one step skips. */
const EMPTY_SLOTS = 1024
/** Initial room for infohashes; a run of used slots is rarely longer. */
const ROOM = 64

/**
 * Visits every swarm that exists from the beginning of the walk to its end, whatever comes and goes
 * between two steps.
 *
 * A step copies the infohashes of a whole run of used slots, because a record only moves within its
 * run, and never past the empty slot before it, where the next step begins. When the table is
 * rebuilt, the walk starts over.
 */
export class SwarmWalk {
  /** The infohashes that the last step found, 5 words each, and their number. */
  keys: Uint32Array = new Uint32Array(ROOM * INFO_HASH_U32)
  count = 0
  readonly #records: SwarmRecords
  #slot = 0
  #rebuilds: number

  constructor(records: SwarmRecords) {
    this.#records = records
    this.#rebuilds = records.table.rebuilds
  }

  /** Reads the next run of swarms; none after many empty slots. False at the end. */
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
