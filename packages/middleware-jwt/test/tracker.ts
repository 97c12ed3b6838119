import type { AddressInfo } from 'node:net'
import type { AnnounceEvent, InfoHash } from '@chihaya/bittorrent'
import { LastingObjects, trackerCore } from '@chihaya/core'
import { samplePeerId } from '@chihaya/core/testing'
import {
  httpFrontend,
  recommendedServerOptions,
  type HttpFrontendOptions,
} from '@chihaya/http-frontend'
import { jwtApproval, type JwtApprovalOptions } from '@chihaya/middleware-jwt'
import { memoryStorage } from '@chihaya/storage-memory'
import { udpFrontend } from '@chihaya/udp-frontend'
import {
  readConnect,
  trackerClient,
  TrackerFailure,
  writeAnnounce,
  writeConnect,
  type ScrapeAnswer,
} from '@chihaya/client'
import Fastify, { type FastifyInstance } from 'fastify'
import { AUDIENCE, ISSUER, TORRENT } from './tokens.ts'

export type Protocol = 'http' | 'udp'

export const PROTOCOLS: readonly Protocol[] = ['http', 'udp']

/** A tracker on real sockets that requires tokens, and its log. */
export class Tracker implements AsyncDisposable {
  readonly log: string[]
  readonly app: FastifyInstance
  readonly #lasting: LastingObjects

  private constructor(app: FastifyInstance, lasting: LastingObjects, log: string[]) {
    this.app = app
    this.#lasting = lasting
    this.log = log
  }

  static async start(
    options: Partial<JwtApprovalOptions>,
    http: HttpFrontendOptions = {},
    previous?: Tracker,
  ): Promise<Tracker> {
    const log: string[] = []
    const logger = { level: 'debug', stream: { write: (line: string) => void log.push(line) } }
    const app: FastifyInstance = Fastify({ ...recommendedServerOptions, logger })
    const lasting = new LastingObjects(previous && previous.#lasting)
    lasting.lendTo(app)
    try {
      await app.register(memoryStorage)
      await app.register(trackerCore)
      await app.register(jwtApproval, { issuer: ISSUER, audience: AUDIENCE, ...options })
      await app.register(httpFrontend, http)
      await app.register(udpFrontend, { listen: [{ host: '127.0.0.1', port: 0 }] })
      await app.listen({ host: '127.0.0.1', port: 0 })
    } catch (error) {
      await app.close()
      await lasting.close()
      throw error
    }
    await lasting.takeOver()
    return new Tracker(app, lasting, log)
  }

  url(protocol: Protocol, path: string): string {
    const [udp] = this.app.udpTracker.addresses()
    const port = protocol === 'http' ? (this.app.server.address() as AddressInfo).port : udp?.port
    return `${protocol}://127.0.0.1:${port}${path}`
  }

  /** Announces to a path: `approved`, or the text of the refusal. */
  async announceTo(
    protocol: Protocol,
    path: string,
    infoHash: InfoHash = TORRENT,
    event?: AnnounceEvent,
  ): Promise<string> {
    const client = trackerClient(this.url(protocol, path))
    try {
      await client.announce({
        infoHash,
        peerId: samplePeerId(1),
        port: 6881,
        left: 1n,
        ...(event && { event }),
      })
      return 'approved'
    } catch (error) {
      if (error instanceof TrackerFailure) return error.message
      throw error
    } finally {
      await client.close()
    }
  }

  /** Announces with a token in the query. */
  announce(protocol: Protocol, token: string, infoHash: InfoHash = TORRENT): Promise<string> {
    return this.announceTo(protocol, `/announce?jwt=${token}`, infoHash)
  }

  /** Announces over UDP without a socket: `approved`, the text of the refusal, or `silence`. */
  async inject(path: string): Promise<string> {
    const source = { address: '127.0.0.1', port: 6881 }
    const connected = await this.app.udpTracker.inject(writeConnect(1), source)
    const announce = { infoHash: TORRENT, peerId: samplePeerId(1), port: 6881, left: 1n }
    const id = readConnect(connected ?? Buffer.alloc(0))
    const reply = await this.app.udpTracker.inject(writeAnnounce(id, 2, announce, path), source)
    if (reply === undefined) return 'silence'
    return reply.readUInt32BE(0) === 1 ? 'approved' : reply.subarray(8).toString()
  }

  async scrape(
    protocol: Protocol,
    token: string | undefined,
    infoHashes: readonly InfoHash[],
  ): Promise<ScrapeAnswer[]> {
    const client = trackerClient(
      this.url(protocol, `/announce${token === undefined ? '' : `?jwt=${token}`}`),
    )
    try {
      return await client.scrape(infoHashes)
    } finally {
      await client.close()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.app.close()
    await this.#lasting.close()
  }
}
