import { HttpListeners, HttpService } from '@chihaya/listeners'
import {
  readinessOf,
  RequestMeter,
  type ConnectionMeter,
  type Handover,
  type PeerStore,
} from '@chihaya/core'
import { recommendedServerOptions } from '@chihaya/http-frontend'
import { metrics, TrackerMetrics } from '@chihaya/metrics'
import { status, TrackerStatus, type StatusOptions } from '@chihaya/status'
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyPluginAsync,
} from 'fastify'
import { isDeepStrictEqual } from 'node:util'
import type { TrackerConfig } from '../config/tracker-config.ts'
import { overlap, type Endpoint } from './endpoint.ts'

/** The tracker that the admin server reports on. */
export interface Operated {
  readonly app: FastifyInstance
  readonly peerStore: PeerStore
}

const NOTHING: Handover = { commit: async () => undefined, cancel: async () => undefined }

/** Options of the routes. */
type Routes = Pick<StatusOptions, 'torrents' | 'statsOrigins'>

/**
 * Serves metrics, health and statistics to the operator, on its own listener. It outlives
 * configurations, so no counter restarts and no probe fails during a reload.
 */
export class AdminServer {
  readonly #log: FastifyBaseLogger
  readonly #listeners: HttpListeners
  readonly #version: string
  readonly #meter = new RequestMeter()
  #metrics: TrackerMetrics | undefined
  readonly #status: TrackerStatus
  #app: FastifyInstance | undefined
  #routes: Routes = {}
  #endpoint: Endpoint | undefined

  /** @param operated the current tracker; undefined until there is one. */
  constructor(log: FastifyBaseLogger, version: string, operated: () => Operated | undefined) {
    this.#log = log
    this.#version = version
    this.#status = new TrackerStatus({
      store: () => operated()?.peerStore,
      meter: this.#meter,
      readiness: () => {
        const app = operated()?.app
        return app && readinessOf(app)
      },
      version,
    })
    this.#listeners = new HttpListeners({
      log,
      name: 'admin server',
      server: recommendedServerOptions,
    })
  }

  /** The counters of all configurations. */
  get metrics(): TrackerMetrics {
    this.#metrics ??= new TrackerMetrics({
      log: this.#log,
      version: this.#version,
      meter: this.#meter,
    })
    return this.#metrics
  }

  /** Counts the connections of the tracker's listeners. */
  get connections(): ConnectionMeter {
    return this.#meter.connections
  }

  /** Statistics on the tracker's own addresses. */
  publicStats({ statsOrigins = [] }: TrackerConfig): FastifyPluginAsync {
    const source = this.#status
    return async (fastify) => {
      await fastify.register(status, {
        health: false,
        stats: true,
        statsOrigins: [...statsOrigins],
        source,
      })
    }
  }

  /** Where it listens; undefined if it does not. */
  get endpoint(): Endpoint | undefined {
    return this.#endpoint
  }

  /**
   * Opens the listener of a configuration if its address is new.
   * @throws if that fails, unless the address is a default.
   */
  async prepare(config: TrackerConfig): Promise<Handover> {
    const { metricsAddress: address } = config
    if (isCounted(config)) this.#status.start()
    const endpoint = address && { protocol: 'http', address }
    if (endpoint && address.optional) {
      const holder = config.http.find((other) =>
        overlap(endpoint, { protocol: 'http', address: other.address }),
      )
      if (holder) return this.#doWithout(`${address.key}: ${holder.address.key} has the port`)
    }
    const { torrents = false, statsOrigins = [] } = config
    try {
      return await this.#listen(endpoint, { torrents, statsOrigins: [...statsOrigins] })
    } catch (error) {
      if (address?.optional !== true) throw error
      return this.#doWithout((error as Error).message)
    }
  }

  async #doWithout(reason: string): Promise<Handover> {
    this.#log.warn(
      `${reason}; there are no metrics, health checks and statistics: set chihaya.metrics_addr to another address, or to ""`,
    )
    return this.#listen(undefined)
  }

  async #listen(endpoint: Endpoint | undefined, routes: Routes = {}): Promise<Handover> {
    if (!endpoint && !this.#app) return NOTHING
    const isSame = this.#app !== undefined && isDeepStrictEqual(this.#routes, routes)
    const app = this.#app && (isSame || !endpoint) ? this.#app : await this.#build(routes)
    const handover = await this.#listeners.prepare({
      // The operator may use the file descriptors that clients are denied.
      limits: { sparesDescriptors: false },
      service: new HttpService(app),
      listeners: endpoint ? [{ address: endpoint.address }] : [],
    })
    return {
      commit: async () => {
        this.#endpoint = endpoint
        if (endpoint) [this.#app, this.#routes] = [app, routes]
        await handover.commit()
      },
      cancel: () => handover.cancel(),
    }
  }

  async close(): Promise<void> {
    await this.#listeners.close()
    await this.#app?.close()
    this.#status.stop()
  }

  /** The application owns nothing, so one that is replaced need not be closed. */
  async #build(routes: Routes): Promise<FastifyInstance> {
    const app: FastifyInstance = Fastify({
      loggerInstance: this.#log,
      logController: recommendedServerOptions.logController,
    })
    app.register(metrics, { metrics: this.metrics })
    app.register(status, { ...routes, stats: true, source: this.#status })
    await app.ready()
    return app
  }
}

/** Whether the number of requests is shown anywhere. */
export function isCounted({ metricsAddress, stats }: TrackerConfig): boolean {
  return metricsAddress !== undefined || stats
}
