import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import type { AddressFamily, InfoHash } from '@chihaya/bittorrent'
import { DEFAULT_TIMEOUT } from './tracker-client.ts'
import type {
  AnnounceAnswer,
  ClientAnnounce,
  ClientOptions,
  ScrapeAnswer,
  TrackerClient,
} from './tracker-client.ts'
import {
  readAnnounce,
  readConnect,
  readScrape,
  readTransactionId,
  writeAnnounce,
  writeConnect,
  writeScrape,
} from './udp-packets.ts'

/** Milliseconds for which a client may use a connection id (BEP 15). */
const CONNECTION_ID_LIFETIME = 60_000
/**
 * Milliseconds until a datagram is taken for lost. BEP 15 waits 15 s; on one machine less will do.
 */
const RETRANSMISSION = 1_000

interface Transaction {
  resolve(answer: Buffer): void
  reject(error: Error): void
}

/**
 * A tracker behind `udp://host:port/path` (BEP 15); the path and query go along with announces (BEP
 * 41).
 */
export class UdpTrackerClient implements TrackerClient {
  readonly #host: string
  readonly #port: number
  readonly #urlData: string
  readonly #family: AddressFamily
  readonly #timeout: number
  readonly #socket: Socket
  readonly #bound: Promise<void>
  readonly #transactions = new Map<number, Transaction>()
  #connectionId: Promise<bigint> | undefined
  #connectedAt = 0

  /** The host of the URL is an IP literal. */
  constructor(announceUrl: string, options: ClientOptions = {}) {
    const [, ipv6, ipv4, port, urlData] =
      /^udp:\/\/(?:\[([^\]]+)\]|([^/:]+)):(\d+)(.*)$/.exec(announceUrl) ?? []
    const host = ipv6 ?? ipv4
    if (host === undefined) throw new TypeError(`${announceUrl} is no UDP tracker`)
    this.#host = host
    this.#port = Number(port)
    this.#urlData = urlData ?? ''
    this.#family = ipv6 === undefined ? 'ipv4' : 'ipv6'
    this.#timeout = options.timeout ?? DEFAULT_TIMEOUT
    this.#socket = createSocket(this.#family === 'ipv6' ? 'udp6' : 'udp4')
    this.#socket.on('message', (answer, from) => this.#receive(answer, from))
    this.#bound = this.#bind(options.localAddress)
    // Whoever asks something awaits the same promise and gets the error.
    this.#bound.catch(() => undefined)
  }

  async announce(announce: ClientAnnounce): Promise<AnnounceAnswer> {
    const connectionId = await this.connect()
    const answer = await this.#ask((transactionId) =>
      writeAnnounce(connectionId, transactionId, announce, this.#urlData),
    )
    return readAnnounce(answer, this.#family)
  }

  async scrape(infoHashes: readonly InfoHash[]): Promise<ScrapeAnswer[]> {
    const connectionId = await this.connect()
    const answer = await this.#ask((transactionId) =>
      writeScrape(connectionId, transactionId, infoHashes),
    )
    return readScrape(answer, infoHashes.length)
  }

  /** A connection id, which is asked for anew when the last one is older than a minute. */
  connect(): Promise<bigint> {
    if (
      this.#connectionId === undefined ||
      Date.now() - this.#connectedAt > CONNECTION_ID_LIFETIME
    ) {
      this.#connectedAt = Date.now()
      this.#connectionId = this.#ask(writeConnect).then(readConnect)
      this.#connectionId.catch(() => (this.#connectionId = undefined))
    }
    return this.#connectionId
  }

  async close(): Promise<void> {
    for (const transaction of this.#transactions.values())
      transaction.reject(new Error('the client was closed'))
    await this.#bound.catch(() => undefined)
    const closed = once(this.#socket, 'close')
    this.#socket.close()
    await closed
  }

  async #bind(localAddress: string | undefined): Promise<void> {
    const listening = once(this.#socket, 'listening')
    this.#socket.bind(localAddress === undefined ? {} : { address: localAddress })
    await listening
  }

  /** Sends a request, again and again, until its answer comes or the time is up. */
  async #ask(write: (transactionId: number) => Buffer): Promise<Buffer> {
    await this.#bound
    const transactionId = randomInt(2 ** 32)
    const request = write(transactionId)
    let repetition: NodeJS.Timeout | undefined
    let expiry: NodeJS.Timeout | undefined
    try {
      return await new Promise<Buffer>((resolve, reject) => {
        const send = (): void =>
          this.#socket.send(request, this.#port, this.#host, (error) => error && reject(error))
        this.#transactions.set(transactionId, { resolve, reject })
        repetition = setInterval(send, RETRANSMISSION)
        expiry = setTimeout(
          () => reject(new Error(`no answer within ${this.#timeout} ms`)),
          this.#timeout,
        )
        send()
      })
    } finally {
      clearInterval(repetition)
      clearTimeout(expiry)
      this.#transactions.delete(transactionId)
    }
  }

  #receive(answer: Buffer, from: RemoteInfo): void {
    if (from.port !== this.#port) return
    const transactionId = readTransactionId(answer)
    if (transactionId !== undefined) this.#transactions.get(transactionId)?.resolve(answer)
  }
}
