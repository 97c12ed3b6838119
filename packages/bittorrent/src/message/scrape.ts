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
