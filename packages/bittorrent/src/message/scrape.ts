/** The counters of one swarm. All are zero for an unknown swarm. */
export interface ScrapeEntry {
  /** Seeders. */
  complete: number
  /** Leechers, including partial seeds. */
  incomplete: number
  /** Leechers without partial seeds (BEP 21). */
  downloaders: number
  /** Completed downloads since the swarm exists. */
  downloaded: number
}
