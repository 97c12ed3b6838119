import type { Address } from './address.ts'
import type { InfoHash } from './info-hash.ts'
import type { Params } from './query.ts'

/** A scrape (BEP 48, BEP 15). */
export interface ScrapeRequest {
  readonly protocol: 'http' | 'udp'
  /** In the order asked for, repeats included. */
  readonly infoHashes: readonly InfoHash[]
  /** Who asks; its family chooses the swarms. */
  readonly address: Address
  readonly params: Params
}

/** The counters of one swarm; all zero for a swarm that does not exist. */
export interface ScrapeEntry {
  /** Seeders. */
  complete: number
  /** Leechers, partial seeds included. */
  incomplete: number
  /** Leechers without partial seeds (BEP 21). */
  downloaders: number
  /** Downloads completed in the swarm's life. */
  downloaded: number
}

export interface ScrapeResponse {
  /** One entry for each infohash asked for, in that order. */
  entries: ScrapeEntry[]
  /** Seconds before which the client should not scrape again. */
  minInterval: number
}
