import { Probe, type PeerStore, type SwarmEntry } from '@chihaya/core'
import { Largest } from './largest.ts'
import { listedFigures, type TorrentFigures } from './torrent-figures.ts'

/** What torrents can be sorted by, the largest first. */
export const SORTS = ['peers', 'seeders', 'leechers', 'downloaded'] as const
export type Sort = (typeof SORTS)[number]

/** Torrents in an answer at most. */
export const MOST_TORRENTS = 1000

/** Milliseconds for which one walk over all swarms is good, and that an operator waits for one. */
const MAX_AGE = 10_000
const TIMEOUT = 30_000

/** The torrents that lead each order, and when they did. */
interface Ranking {
  /** ISO 8601. */
  readonly time: string
  /** Torrents in all. */
  readonly swarms: number
  readonly leaders: Readonly<Record<Sort, readonly TorrentFigures[]>>
}

/** What `/torrents.json` answers. */
export interface TopTorrents {
  /** When the torrents were counted, in ISO 8601. */
  readonly time: string
  /** Torrents in all. */
  readonly swarms: number
  readonly sort: Sort
  readonly torrents: readonly TorrentFigures[]
}

/**
 * The largest torrents of a store. However often it is asked, there is one walk over the swarms at
 * a time.
 */
export class TorrentRanking {
  readonly #store: () => PeerStore | undefined
  readonly #rankings: Probe<Ranking>

  constructor(store: () => PeerStore | undefined) {
    this.#store = store
    this.#rankings = new Probe(() => rank(this.#store()), { timeout: TIMEOUT, maxAge: MAX_AGE })
  }

  /**
   * Undefined when the store cannot list its swarms. Rejects with what the store throws, or a
   * `ProbeTimeout`.
   */
  async top(sort: Sort, limit: number): Promise<TopTorrents | undefined> {
    const store = this.#store()
    if (store !== undefined && store.swarms === undefined) return undefined
    const { time, swarms, leaders } = await this.#rankings.read()
    return { time, swarms, sort, torrents: leaders[sort].slice(0, limit) }
  }
}

async function rank(store: PeerStore | undefined): Promise<Ranking> {
  const peers = new Largest<SwarmEntry>(MOST_TORRENTS)
  const seeders = new Largest<SwarmEntry>(MOST_TORRENTS)
  const leechers = new Largest<SwarmEntry>(MOST_TORRENTS)
  const downloaded = new Largest<SwarmEntry>(MOST_TORRENTS)
  let swarms = 0
  for await (const entries of store?.swarms?.() ?? []) {
    for (const entry of entries) {
      const complete = entry.seeders.ipv4 + entry.seeders.ipv6
      const incomplete = entry.leechers.ipv4 + entry.leechers.ipv6
      peers.add(complete + incomplete, entry)
      seeders.add(complete, entry)
      leechers.add(incomplete, entry)
      downloaded.add(entry.downloaded, entry)
    }
    swarms += entries.length
  }
  const leaders = {
    peers: figuresOf(peers),
    seeders: figuresOf(seeders),
    leechers: figuresOf(leechers),
    downloaded: figuresOf(downloaded),
  }
  return { time: new Date().toISOString(), swarms, leaders }
}

/** A store may list a torrent twice that comes and goes meanwhile. */
function figuresOf(largest: Largest<SwarmEntry>): TorrentFigures[] {
  const seen = new Set<string>()
  const entries = largest
    .sorted()
    .filter(({ infoHash }) => !seen.has(infoHash) && seen.add(infoHash))
  return entries.map(listedFigures)
}
