import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { trackerClient, type ScrapeAnswer } from '@chihaya/client'
import type { AddressFamily } from '@chihaya/bittorrent'
import type { Client, StartClient } from './client.ts'
import { Network } from './network.ts'
import type { Program } from './program.ts'
import { redisServer, REDIS_PORT } from './redis-server.ts'
import { createTorrent, writeFiles, type Torrent } from './torrent.ts'
import { TrackerProcess } from './tracker-process.ts'

/** The files that a client has at the start, and those that it skips. */
export interface ClientShare {
  readonly complete?: boolean
  readonly leaveOut?: readonly number[]
}

/** A network with clients and a tracker, or several trackers that share a Redis. */
export class Lab {
  readonly network: Network
  readonly tracker: TrackerProcess
  /** All trackers; `tracker` is the first. */
  readonly trackers: readonly TrackerProcess[]
  readonly #redis: Program | undefined
  readonly #folder: string
  readonly #clients: Client[] = []

  private constructor(
    network: Network,
    folder: string,
    trackers: readonly TrackerProcess[],
    redis?: Program,
  ) {
    this.network = network
    this.tracker = trackers[0] as TrackerProcess
    this.trackers = trackers
    this.#redis = redis
    this.#folder = folder
  }

  static async open(): Promise<Lab> {
    const folder = await mkdtemp(join(tmpdir(), 'chihaya-e2e-'))
    const network = await Network.create()
    return new Lab(network, folder, [await TrackerProcess.start(await network.addHost(), folder)])
  }

  /** Opens a lab with two trackers that share their swarms. */
  static async openShared(): Promise<Lab> {
    const folder = await mkdtemp(join(tmpdir(), 'chihaya-e2e-'))
    const network = await Network.create()
    const redisHost = await network.addHost()
    const redis = await redisServer(redisHost)
    const storage = `{ name: redis, config: { redis_broker: "redis://${redisHost.ipv4}:${REDIS_PORT}/0" } }`
    const trackers = [
      await TrackerProcess.start(await network.addHost(), folder, storage),
      await TrackerProcess.start(await network.addHost(), folder, storage),
    ]
    return new Lab(network, folder, trackers, redis)
  }

  /** Creates a torrent that announces to the first tracker. */
  createTorrent(
    protocol: 'http' | 'udp',
    family: AddressFamily,
    lengths: readonly number[] = [1_000_000],
  ): Torrent {
    return createTorrent(this.tracker.announceUrl(protocol, family), lengths)
  }

  /** Starts a client on a new host. */
  async addClient(start: StartClient, torrent: Torrent, share: ClientShare = {}): Promise<Client> {
    const host = await this.network.addHost()
    const folder = join(this.#folder, host.name)
    await mkdir(folder)
    if (share.complete === true) await writeFiles(torrent, folder)
    const torrentFile = join(folder, 'shared.torrent')
    await writeFile(torrentFile, torrent.metainfo)
    const program = await start({ host, folder, torrentFile, leaveOut: share.leaveOut ?? [] })
    const client = { host, program, folder }
    this.#clients.push(client)
    return client
  }

  /** Scrapes the counters of a torrent over HTTP. */
  async scrape(
    torrent: Torrent,
    family: AddressFamily,
    tracker: TrackerProcess = this.tracker,
  ): Promise<ScrapeAnswer> {
    const client = trackerClient(tracker.announceUrl('http', family))
    try {
      const [entry] = await client.scrape([torrent.infoHash])
      return entry as ScrapeAnswer
    } finally {
      await client.close()
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map(({ program }) => program.stop('SIGKILL')))
    await Promise.all(this.trackers.map((tracker) => tracker.stop()))
    await this.#redis?.stop('SIGKILL')
    await this.network.close()
    await rm(this.#folder, { recursive: true })
  }
}
