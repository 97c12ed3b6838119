import type { StoreStats } from '@chihaya/core'
import type { Link } from '../connection/connection.ts'

const NONE: StoreStats = {
  swarms: 0,
  seeders: { ipv4: 0, ipv6: 0 },
  leechers: { ipv4: 0, ipv6: 0 },
}

/** The totals over all swarms, as one tracker has counted them for all. */
export class Totals {
  readonly #link: Link
  readonly #key: Buffer
  readonly #maxAge: number
  #read: Promise<StoreStats> | undefined
  #readAt = 0

  /** `maxAge` is how many milliseconds one reading is good for. */
  constructor(link: Link, key: Buffer, maxAge: number) {
    this.#link = link
    this.#key = key
    this.#maxAge = maxAge
  }

  /** Rejects with a `Fault`. */
  read(): Promise<StoreStats> {
    const now = performance.now()
    if (this.#read === undefined || now - this.#readAt >= this.#maxAge) {
      this.#readAt = now
      const read = this.#fetch()
      this.#read = read
      // A failure is not worth keeping.
      read.catch(() => (this.#read = undefined))
    }
    return this.#read
  }

  /** Asks Redis again next time. */
  forget(): void {
    this.#read = undefined
  }

  async #fetch(): Promise<StoreStats> {
    const obstacle = this.#link.obstacle()
    if (obstacle) throw obstacle
    const text = await this.#link.send(() => this.#link.client.get(this.#key))
    return text === null ? NONE : (JSON.parse(text) as StoreStats)
  }
}
