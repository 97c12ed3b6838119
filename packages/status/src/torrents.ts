import { toHex, type InfoHash } from '@chihaya/bittorrent'
import {
  peersIn,
  Probe,
  type NetworkCounts,
  type PeerStore,
  type ScrapeAnswer,
  type SwarmEntry,
} from '@chihaya/core'
import { Largest } from './largest.ts'

/** Sort orders, each descending. */
export const SORTS = ['peers', 'seeders', 'leechers', 'downloaded'] as const
export type Sort = (typeof SORTS)[number]

/** Most torrents in an answer. */
export const MOST_TORRENTS = 1000

/** Milliseconds for which a walk over all swarms is reused, and for which a request waits. */
const MAX_AGE = 10_000
const TIMEOUT = 30_000

/** Figures of one torrent. Partial seeds count as leechers. */
export interface TorrentFigures {
  /** 40 hex digits. */
  readonly infoHash: string
  readonly seeders: NetworkCounts
  readonly leechers: NetworkCounts
  /** Downloads completed. */
  readonly downloaded: number
}

/** Figures from a scrape of each network. A store with unified families gives both all peers. */
export function scrapedFigures(
  infoHash: InfoHash,
  ipv4: ScrapeAnswer,
  ipv6: ScrapeAnswer,
  webrtc: ScrapeAnswer | undefined,
): TorrentFigures {
  const byNetwork = (of: (answer: ScrapeAnswer) => number): NetworkCounts => ({
    ipv4: of(ipv4),
    ipv6: of(ipv6),
    ...(webrtc && { webrtc: of(webrtc) }),
  })
  return {
    infoHash: toHex(infoHash),
    seeders: byNetwork((answer) => answer.complete(0)),
    leechers: byNetwork((answer) => answer.incomplete(0)),
    downloaded: Math.max(...[ipv4, ipv6, webrtc].map((answer) => answer?.downloaded(0) ?? 0)),
  }
}

/** The first torrents of each order. */
interface Ranking {
  /** ISO 8601. */
  readonly time: string
  /** Number of all torrents. */
  readonly swarms: number
  readonly leaders: Readonly<Record<Sort, readonly TorrentFigures[]>>
}

/** The answer of `/torrents.json`. */
export interface TopTorrents {
  /** When the torrents were counted (ISO 8601). */
  readonly time: string
  /** Number of all torrents. */
  readonly swarms: number
  readonly sort: Sort
  readonly torrents: readonly TorrentFigures[]
}

/** The largest torrents of a store, from at most one walk over its swarms at a time. */
export class TorrentRanking {
  readonly #store: () => PeerStore | undefined
  readonly #rankings: Probe<Ranking>

  constructor(store: () => PeerStore | undefined) {
    this.#store = store
    this.#rankings = new Probe(() => rank(this.#store()), { timeout: TIMEOUT, maxAge: MAX_AGE })
  }

  /** Undefined if the store cannot list its swarms. @throws the store's errors, `ProbeTimeout` */
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
      const complete = peersIn(entry.seeders)
      const incomplete = peersIn(entry.leechers)
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

/** A torrent that is removed and added during the walk may be listed twice. */
function figuresOf(largest: Largest<SwarmEntry>): TorrentFigures[] {
  const seen = new Set<string>()
  const entries = largest
    .sorted()
    .filter(({ infoHash }) => !seen.has(infoHash) && seen.add(infoHash))
  return entries.map(listedFigures)
}

function listedFigures({ infoHash, seeders, leechers, downloaded }: SwarmEntry): TorrentFigures {
  return { infoHash: toHex(infoHash), seeders, leechers, downloaded }
}
