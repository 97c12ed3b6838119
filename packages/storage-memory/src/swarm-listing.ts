import { readInfoHash } from '@chihaya/bittorrent'
import type { SwarmEntry } from '@chihaya/core'
import { INFO_HASH_LONGS, IPV6_SETS, LEECHERS, SEEDERS } from './swarm-records.ts'
import type { SwarmStore } from './swarm-store.ts'
import { SwarmWalk } from './swarm-walk.ts'

/** A page takes some tenths of a millisecond. */
const PAGE = 500
const STEPS = 500

/** Lists all swarms, a page at a time. */
export class SwarmListing {
  readonly #store: SwarmStore
  readonly #walk: SwarmWalk
  readonly #key = new Uint32Array(INFO_HASH_LONGS)
  readonly #keyBytes = new Uint8Array(this.#key.buffer)
  /** Whether all swarms have been listed. */
  done = false

  constructor(store: SwarmStore) {
    this.#store = store
    this.#walk = new SwarmWalk(store.records)
  }

  /** The next swarms; none where the table is mostly empty. */
  page(): SwarmEntry[] {
    const page: SwarmEntry[] = []
    for (let step = 0; step < STEPS && page.length < PAGE; step++) {
      if (!this.#walk.step()) {
        this.done = true
        break
      }
      for (let swarm = 0; swarm < this.#walk.count; swarm++)
        page.push(this.#entry(swarm * INFO_HASH_LONGS))
    }
    return page
  }

  #entry(at: number): SwarmEntry {
    const { records } = this.#store
    for (let index = 0; index < INFO_HASH_LONGS; index++)
      this.#key[index] = this.#walk.keys[at + index]!
    const record = records.find(records.hashKey(this.#key), this.#key)
    return {
      infoHash: readInfoHash(this.#keyBytes, 0),
      seeders: {
        ipv4: records.count(record, SEEDERS),
        ipv6: records.count(record, IPV6_SETS + SEEDERS),
      },
      leechers: {
        ipv4: records.count(record, LEECHERS),
        ipv6: records.count(record, IPV6_SETS + LEECHERS),
      },
      downloaded: records.downloaded(record),
    }
  }
}
