import { trackerCore, type CoreOptions, type PeerStore } from '@chihaya/core'
import {
  httpFrontend,
  recommendedServerOptions,
  type HttpFrontendOptions,
} from '@chihaya/http-frontend'
import { memoryStorage, type MemoryStorageOptions } from '@chihaya/storage-memory'
import { udpFrontend, type UdpFrontendOptions } from '@chihaya/udp-frontend'
import { trackerClient, type ClientOptions, type TrackerClient } from '@chihaya/client'
import Fastify, { type FastifyInstance } from 'fastify'
import type { AddressInfo } from 'node:net'

export type Protocol = 'http' | 'http6' | 'udp' | 'udp6'

export interface TestTrackerInit {
  /** Registers the plugin under test, between core and the frontends. */
  readonly register: (app: FastifyInstance) => void
  /** @default a memory store */
  readonly store?: PeerStore
  readonly memory?: MemoryStorageOptions
  readonly core?: CoreOptions
  readonly http?: HttpFrontendOptions
  readonly udp?: UdpFrontendOptions
}

/** Milliseconds; BEP 15's 15 s are for the Internet. */
const RETRANSMISSION = 1000

/** A line of the log. */
export type LogLine = Readonly<Record<string, unknown>>

/** A complete tracker on free ports: HTTP and UDP, IPv4 and IPv6. */
export class TestTracker implements AsyncDisposable {
  readonly app: FastifyInstance
  readonly log: LogLine[]
  readonly #clients: TrackerClient[] = []

  private constructor(app: FastifyInstance, log: LogLine[]) {
    this.app = app
    this.log = log
  }

  /** Starts a tracker. @throws the error that stops its boot, after closing it. */
  static async start(init: TestTrackerInit): Promise<TestTracker> {
    const log: LogLine[] = []
    const stream = { write: (line: string) => void log.push(JSON.parse(line) as LogLine) }
    const app: FastifyInstance = Fastify({
      ...recommendedServerOptions,
      logger: { level: 'info', stream },
    })
    if (init.store) app.decorate('peerStore', init.store)
    else app.register(memoryStorage, init.memory ?? {})
    app.register(trackerCore, init.core ?? {})
    init.register(app)
    app.register(httpFrontend, init.http ?? {})
    app.register(udpFrontend, {
      ...init.udp,
      listen: ['127.0.0.1', '::1'].map((host) => ({ host, port: 0 })),
    })
    try {
      await app.listen({ host: '::', port: 0 })
    } catch (error) {
      await app.close()
      throw error
    }
    return new TestTracker(app, log)
  }

  /** The announce URL for a protocol. */
  url(protocol: Protocol, path = '/announce'): string {
    const udp = protocol.startsWith('udp')
    const bound = (udp ? this.app.udpTracker.addresses() : this.app.addresses()) as AddressInfo[]
    const ipv6 = protocol.endsWith('6')
    const { port } = (udp ? bound[ipv6 ? 1 : 0] : bound[0]) as AddressInfo
    return `${udp ? 'udp' : 'http'}://${ipv6 ? '[::1]' : '127.0.0.1'}:${port}${path}`
  }

  /** A client that is closed with the tracker. */
  client(
    protocol: Protocol,
    options: ClientOptions & { readonly path?: string } = {},
  ): TrackerClient {
    const client = trackerClient(this.url(protocol, options.path), {
      retransmission: RETRANSMISSION,
      ...options,
    })
    this.#clients.push(client)
    return client
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()))
    await this.app.close()
  }
}
