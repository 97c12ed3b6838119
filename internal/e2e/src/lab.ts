import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { trackerClient, type ScrapeAnswer } from '@internal/client'
import type { AddressFamily } from '@chihaya/bittorrent'
import type { Client, StartClient } from './client.ts'
import { Network } from './network.ts'
import { createTorrent, writeFiles, type Torrent } from './torrent.ts'
import { TrackerProcess } from './tracker-process.ts'

/** What a client has of a torrent before it starts, and what it is not to fetch. */
export interface ClientShare {
  readonly complete?: boolean
  readonly leaveOut?: readonly number[]
}

/** A network with a tracker, and clients that come and go. */
export class Lab {
  readonly network: Network
  readonly tracker: TrackerProcess
  readonly #folder: string
  readonly #clients: Client[] = []

  private constructor(network: Network, tracker: TrackerProcess, folder: string) {
    this.network = network
    this.tracker = tracker
    this.#folder = folder
  }

  static async open(): Promise<Lab> {
    const folder = await mkdtemp(join(tmpdir(), 'chihaya-e2e-'))
    const network = await Network.create()
    return new Lab(network, await TrackerProcess.start(await network.addHost(), folder), folder)
  }

  /** A new torrent that is tracked here. */
  createTorrent(protocol: 'http' | 'udp', family: AddressFamily, lengths: readonly number[] = [1_000_000]): Torrent {
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
  async scrape(torrent: Torrent, family: AddressFamily): Promise<ScrapeAnswer> {
    const client = trackerClient(this.tracker.announceUrl('http', family))
    try {
      const [entry] = await client.scrape([torrent.infoHash])
      return entry as ScrapeAnswer
    } finally {
      await client.close()
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map(({ program }) => program.stop('SIGKILL')))
    await this.tracker.stop()
    await this.network.close()
    await rm(this.#folder, { recursive: true })
  }
}
