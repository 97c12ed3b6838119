import type { InfoHash } from '@chihaya/bittorrent'
import { unlessAborted, withDeadline } from '../deadline.ts'
import { NoAnswerError, TrackerFailure } from '../errors.ts'
import {
  DEFAULT_TIMEOUT,
  type ClientAnnounce,
  type ClientOptions,
  type ExchangeOptions,
  type ScrapeAnswer,
  type TrackerClient,
} from '../tracker-client.ts'
import {
  readAnnounce,
  readConnect,
  readScrape,
  writeAnnounce,
  writeConnect,
  writeScrape,
  type UdpAnnounceAnswer,
} from './packets.ts'
import { UdpSocket, type UdpRequestOptions } from './udp-socket.ts'

export type UdpClientOptions = ClientOptions & Pick<UdpRequestOptions, 'retransmission'>

/** Milliseconds for which a client may use a connection id it has received (BEP 15). */
const CONNECTION_ID_LIFETIME = 60_000

interface Connection {
  readonly id: Promise<bigint>
  /** Milliseconds on the clock of `performance.now`. */
  expires: number
}

/**
 * A tracker behind `udp://host:port/path` (BEP 15). Path and query travel with announces (BEP 41).
 */
export class UdpTrackerClient implements TrackerClient {
  readonly #host: string
  readonly #port: number
  readonly #urlData: string
  readonly #options: UdpClientOptions
  #socket: Promise<UdpSocket> | undefined
  #connection: Connection | undefined
  #closed = false

  /** @throws {TypeError} for a URL that is not `udp:` or has no port. */
  constructor(announceUrl: string, options: UdpClientOptions = {}) {
    const [, ipv6, name, port, urlData = ''] =
      /^udp:\/\/(?:\[([^\]]+)\]|([^/:?#]+)):(\d{1,5})([^#]*)/.exec(announceUrl) ?? []
    const host = ipv6 ?? name
    if (host === undefined) throw new TypeError('not the URL of a UDP tracker')
    this.#host = host
    this.#port = Number(port)
    this.#urlData = urlData
    this.#options = options
  }

  announce(announce: ClientAnnounce, options?: ExchangeOptions): Promise<UdpAnnounceAnswer> {
    return this.#ask(
      options?.signal,
      (connectionId, transactionId) =>
        writeAnnounce(connectionId, transactionId, announce, this.#urlData),
      (response, { family }) => readAnnounce(response, family),
    )
  }

  scrape(infoHashes: readonly InfoHash[], options?: ExchangeOptions): Promise<ScrapeAnswer[]> {
    return this.#ask(
      options?.signal,
      (connectionId, transactionId) => writeScrape(connectionId, transactionId, infoHashes),
      (response) => readScrape(response, infoHashes.length),
    )
  }

  /** A connection id, reused for a minute. */
  connect({ signal }: ExchangeOptions = {}): Promise<bigint> {
    return withDeadline(this.#timeout, signal, async (deadline) => {
      const socket = await unlessAborted(this.#open(), deadline)
      return unlessAborted(this.#connect(socket), deadline)
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    const socket = await this.#socket?.catch(() => undefined)
    await socket?.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  get #timeout(): number {
    return this.#options.timeout ?? DEFAULT_TIMEOUT
  }

  #ask<T>(
    signal: AbortSignal | undefined,
    write: (connectionId: bigint, transactionId: number) => Buffer,
    read: (response: Buffer, socket: UdpSocket) => T,
  ): Promise<T> {
    return withDeadline(this.#timeout, signal, async (deadline) => {
      const socket = await unlessAborted(this.#open(), deadline)
      const response = await socket.request(
        async (transactionId) =>
          write(await unlessAborted(this.#connect(socket), deadline), transactionId),
        { ...this.#options, signal: deadline },
      )
      try {
        return read(response, socket)
      } catch (error) {
        // A tracker that has restarted may not know the connection id any more.
        if (error instanceof TrackerFailure) this.#connection = undefined
        throw error
      }
    })
  }

  #open(): Promise<UdpSocket> {
    if (this.#closed) throw new NoAnswerError('the client was closed')
    this.#socket ??= UdpSocket.open(this.#host, this.#port, this.#options).catch((error) => {
      this.#socket = undefined
      throw error
    })
    return this.#socket
  }

  /** Exchanges share it, so that it has the client's time limit and no caller's signal. */
  #connect(socket: UdpSocket): Promise<bigint> {
    if (this.#connection && performance.now() < this.#connection.expires) return this.#connection.id
    const signal = AbortSignal.timeout(this.#timeout)
    const id = socket.request(writeConnect, { ...this.#options, signal }).then(readConnect)
    const connection: Connection = { id, expires: Infinity }
    this.#connection = connection
    void this.#time(connection)
    return id
  }

  /** Times a connection id from its arrival, and forgets a failed attempt. */
  async #time(connection: Connection): Promise<void> {
    try {
      await connection.id
      connection.expires = performance.now() + CONNECTION_ID_LIFETIME
    } catch {
      if (this.#connection === connection) this.#connection = undefined
    }
  }
}
