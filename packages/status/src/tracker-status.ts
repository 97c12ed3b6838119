import { createRequire } from 'node:module'
import { UrlDataParams, type InfoHash } from '@chihaya/bittorrent'
import {
  PlainScrape,
  Probe,
  ScrapeAnswer,
  type PeerStore,
  type Readiness,
  type RequestMeter,
  type StoreStats,
} from '@chihaya/core'
import { scrapedFigures, type TorrentFigures } from './torrent-figures.ts'
import { TorrentRanking, type Sort, type TopTorrents } from './top-torrents.ts'
import { RequestHistory } from './request-history.ts'
import type { MemoryFigures, StatusReport, StoreFigures, TrackerStats } from './tracker-stats.ts'

const NO_PARAMS = new UrlDataParams('')

export interface TrackerStatusInit {
  /** The store now; none while there is no tracker yet. */
  readonly store: () => PeerStore | undefined
  /** What the frontends count requests with. */
  readonly meter: RequestMeter
  /**
   * The readiness of the tracker now; none while there is no tracker yet. After a reload it is
   * another's.
   */
  readonly readiness: () => Readiness | undefined
  /** @default the name of the store's class, `memory` for a `MemoryPeerStore` */
  readonly storeName?: string | undefined
  /** @default the version of this package */
  readonly version?: string | undefined
}

/**
 * What is to be said about a tracker, whichever application says it. It may outlive the tracker's
 * own.
 */
export class TrackerStatus {
  readonly #init: TrackerStatusInit
  readonly #version: string
  readonly #history: RequestHistory
  readonly #storeStats: Probe<StoreStats | undefined>
  readonly #ranking: TorrentRanking

  constructor(init: TrackerStatusInit) {
    this.#init = init
    this.#version = init.version ?? ownVersion()
    this.#history = new RequestHistory(init.meter)
    this.#storeStats = new Probe(() => init.store()?.stats())
    this.#ranking = new TorrentRanking(init.store)
  }

  /** Begins to look at the meter, so that there are rates. */
  start(): void {
    this.#history.start()
  }

  stop(): void {
    this.#history.stop()
  }

  /** Never rejects. */
  async report(): Promise<StatusReport> {
    const readiness = this.#init.readiness()
    if (!readiness) return { status: 'starting', checks: {} }
    const { status, checks } = await readiness.report()
    return { status, checks }
  }

  /** Never rejects: a store that fails has figures that are null. */
  async stats(): Promise<TrackerStats> {
    const [{ status, checks }, store] = await Promise.all([this.report(), this.#storeFigures()])
    return {
      status,
      version: this.#version,
      time: new Date().toISOString(),
      uptime: Math.round(process.uptime()),
      checks,
      store,
      requests: this.#history.figures(),
      memory: memoryFigures(),
    }
  }

  /**
   * What is known of a torrent; undefined for an unknown one. Rejects with what the store throws.
   */
  async torrent(infoHash: InfoHash): Promise<TorrentFigures | undefined> {
    const store = this.#init.store()
    if (!store) return undefined
    const [ipv4, ipv6] = await Promise.all([
      scrapeOne(store, infoHash, 4),
      scrapeOne(store, infoHash, 16),
    ])
    const figures = scrapedFigures(infoHash, ipv4, ipv6)
    const { seeders, leechers, downloaded } = figures
    return sum(seeders) + sum(leechers) + downloaded > 0 ? figures : undefined
  }

  /**
   * The largest torrents, from a walk over all swarms that is up to ten seconds old. Undefined when
   * the store cannot list them; rejects with what the store throws, or a `ProbeTimeout`.
   */
  topTorrents(sort: Sort, limit: number): Promise<TopTorrents | undefined> {
    return this.#ranking.top(sort, limit)
  }

  async #storeFigures(): Promise<StoreFigures> {
    const name = this.#init.storeName ?? storeName(this.#init.store())
    // Why it fails is the store's to log, and its readiness' to say.
    const stats = await this.#storeStats.read().catch(() => undefined)
    if (!stats) return { name, swarms: null, seeders: null, leechers: null, totals: null }
    const { swarms, seeders, leechers } = stats
    return {
      name,
      swarms,
      seeders,
      leechers,
      totals: { seeders: sum(seeders), leechers: sum(leechers) },
    }
  }
}

/** The counters of one torrent in the family whose addresses have so many bytes. */
async function scrapeOne(
  store: PeerStore,
  infoHash: InfoHash,
  addressLength: 4 | 16,
): Promise<ScrapeAnswer> {
  const answer = new ScrapeAnswer()
  answer.begin(1, 0)
  await store.scrape(
    new PlainScrape('status', [infoHash], new Uint8Array(addressLength), NO_PARAMS),
    answer,
  )
  return answer
}

function storeName(store: PeerStore | undefined): string {
  const name = store?.constructor.name.replace(/PeerStore$/, '').toLowerCase() ?? ''
  return name === '' || name === 'object' ? 'unnamed' : name
}

function sum({ ipv4, ipv6 }: StoreStats['seeders']): number {
  return ipv4 + ipv6
}

function memoryFigures(): MemoryFigures {
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage()
  return { resident: rss, heap: heapUsed, buffers: arrayBuffers }
}

function ownVersion(): string {
  const { version } = createRequire(import.meta.url)('../package.json') as { version: string }
  return version
}
