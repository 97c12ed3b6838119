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

/** What a client has of a torrent before it starts, and what it is not to fetch. */
export interface ClientShare {
  readonly complete?: boolean
  readonly leaveOut?: readonly number[]
}

/** A network with a tracker, or with trackers that share a Redis, and clients that come and go. */
export class Lab {
  readonly network: Network
  readonly tracker: TrackerProcess
  /** All of them, that one first. */
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

  /** Opens one with two trackers that share their swarms. */
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

  /** A new torrent that is tracked here. */
  createTorrent(
    protocol: 'http' | 'udp',
    family: AddressFamily,
    lengths: readonly number[] = [1_000_000],
  ): Torrent {
    return createTorrent(this.tracker.announceUrl(protocol, family), lengths)
  }

  /** Starts a client on a host of its own. */
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

  /** The counters of a torrent, asked over HTTP. */
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
