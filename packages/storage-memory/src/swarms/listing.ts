import { readInfoHash } from '@chihaya/bittorrent'
import type { SwarmEntry } from '@chihaya/core'
import { countsOf, INFO_HASH_U32, LEECHERS, SEEDERS } from './records.ts'
import type { Swarms } from './swarms.ts'
import { SwarmWalk } from './walk.ts'

/** A page takes some tenths of a millisecond. */
const PAGE = 500
const STEPS = 500

/** Lists all swarms, a page at a time. */
export class SwarmListing {
  readonly #swarms: Swarms
  readonly #walk: SwarmWalk
  readonly #key = new Uint32Array(INFO_HASH_U32)
  readonly #keyBytes = new Uint8Array(this.#key.buffer)
  /** Whether all swarms have been listed. */
  done = false

  constructor(swarms: Swarms) {
    this.#swarms = swarms
    this.#walk = new SwarmWalk(swarms.records)
  }

  /** The next swarms; none after many empty slots. */
  page(): SwarmEntry[] {
    const page: SwarmEntry[] = []
    for (let step = 0; step < STEPS && page.length < PAGE; step++) {
      if (!this.#walk.step()) {
        this.done = true
        break
      }
      for (let swarm = 0; swarm < this.#walk.count; swarm++)
        page.push(this.#entry(swarm * INFO_HASH_U32))
    }
    return page
  }

  #entry(at: number): SwarmEntry {
    const { records } = this.#swarms
    for (let index = 0; index < INFO_HASH_U32; index++)
      this.#key[index] = this.#walk.keys[at + index]!
    const record = records.find(records.hashKey(this.#key), this.#key)
    return {
      infoHash: readInfoHash(this.#keyBytes, 0),
      seeders: countsOf(records.sets, (set) => records.count(record, set + SEEDERS)),
      leechers: countsOf(records.sets, (set) => records.count(record, set + LEECHERS)),
      downloaded: records.downloaded(record),
    }
  }
}
