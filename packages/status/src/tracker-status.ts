import { createRequire } from 'node:module'
import { UrlDataParams, type InfoHash } from '@chihaya/bittorrent'
import {
  peersIn,
  PlainScrape,
  Probe,
  ScrapeAnswer,
  type Network,
  type PeerStore,
  type Readiness,
  type RequestMeter,
  type StoreStats,
} from '@chihaya/core'
import { RequestHistory } from './request-history.ts'
import {
  scrapedFigures,
  TorrentRanking,
  type Sort,
  type TopTorrents,
  type TorrentFigures,
} from './torrents.ts'
import type { MemoryFigures, StatusReport, StoreFigures, TrackerStats } from './tracker-stats.ts'

const NO_PARAMS = new UrlDataParams('')

export interface TrackerStatusInit {
  /** The current store; undefined before there is a tracker. */
  readonly store: () => PeerStore | undefined
  /** The meter of the frontends. */
  readonly meter: RequestMeter
  /** The current tracker's readiness, which a reload replaces; undefined before there is one. */
  readonly readiness: () => Readiness | undefined
  /** @default the name of the store's class, `memory` for a `MemoryPeerStore` */
  readonly storeName?: string | undefined
  /** @default the version of this package */
  readonly version?: string | undefined
}

/** Status and statistics of a tracker. They may outlive the tracker's application. */
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

  /** Starts sampling the meter, which rates need. */
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

  /** Never rejects: the figures of a failing store are null. */
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

  /** Figures of a torrent; undefined for an unknown one. @throws the store's errors */
  async torrent(infoHash: InfoHash): Promise<TorrentFigures | undefined> {
    const store = this.#init.store()
    if (!store) return undefined
    const [ipv4, ipv6, webrtc] = await Promise.all([
      scrapeOne(store, infoHash, 'ipv4'),
      scrapeOne(store, infoHash, 'ipv6'),
      store.keepsWebRtcPeers === true ? scrapeOne(store, infoHash, 'webrtc') : undefined,
    ])
    const figures = scrapedFigures(infoHash, ipv4, ipv6, webrtc)
    const { seeders, leechers, downloaded } = figures
    return peersIn(seeders) + peersIn(leechers) + downloaded > 0 ? figures : undefined
  }

  /**
   * The largest torrents, up to ten seconds old. Undefined if the store cannot list them.
   * @throws the store's errors, `ProbeTimeout`
   */
  topTorrents(sort: Sort, limit: number): Promise<TopTorrents | undefined> {
    return this.#ranking.top(sort, limit)
  }

  async #storeFigures(): Promise<StoreFigures> {
    const name = this.#init.storeName ?? storeName(this.#init.store())
    // The store logs why it fails, and its readiness reports it.
    const stats = await this.#storeStats.read().catch(() => undefined)
    if (!stats) return { name, swarms: null, seeders: null, leechers: null, totals: null }
    const { swarms, seeders, leechers } = stats
    return {
      name,
      swarms,
      seeders,
      leechers,
      totals: { seeders: peersIn(seeders), leechers: peersIn(leechers) },
    }
  }
}

/** Counters of one torrent in a network. */
async function scrapeOne(
  store: PeerStore,
  infoHash: InfoHash,
  network: Network,
): Promise<ScrapeAnswer> {
  const answer = new ScrapeAnswer()
  answer.begin(1, 0)
  const address = new Uint8Array(network === 'ipv6' ? 16 : 4)
  const scrape = new PlainScrape('status', [infoHash], address, NO_PARAMS)
  scrape.webrtc = network === 'webrtc'
  await store.scrape(scrape, answer)
  return answer
}

function storeName(store: PeerStore | undefined): string {
  const name = store?.constructor.name.replace(/PeerStore$/, '').toLowerCase() ?? ''
  return name === '' || name === 'object' ? 'unnamed' : name
}

function memoryFigures(): MemoryFigures {
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage()
  return { resident: rss, heap: heapUsed, buffers: arrayBuffers }
}

function ownVersion(): string {
  const { version } = createRequire(import.meta.url)('../package.json') as { version: string }
  return version
}
