import { readinessOf, type PeerStore, type RequestMeter } from '@chihaya/core'
import { recommendedServerOptions } from '@chihaya/http-frontend'
import { metrics, TrackerMetrics } from '@chihaya/metrics'
import { status, TrackerStatus, type StatusOptions } from '@chihaya/status'
import type { Handover } from '@chihaya/udp-frontend'
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyPluginAsync,
} from 'fastify'
import { isDeepStrictEqual } from 'node:util'
import type { TrackerConfig } from './config/tracker-config.ts'
import { HttpListeners } from './http-listeners.ts'
import { InFlight } from './in-flight.ts'
import { overlap, type Endpoint } from './own-ports.ts'

/** What the operations server tells of; both are of the generation in force. */
export interface Operated {
  readonly app: FastifyInstance | undefined
  readonly peerStore: PeerStore | undefined
}

/** What a configuration says of the routes. */
type Routes = Pick<StatusOptions, 'torrents' | 'statsOrigins'>

/**
 * What is for the operator alone: metrics, health and statistics, on a listener of their own. It
 * outlives configurations, so that no counter starts anew and no probe fails while the tracker
 * changes hands.
 */
export class Operations {
  readonly #log: FastifyBaseLogger
  readonly #version: string
  readonly #meter: RequestMeter
  readonly #listeners: HttpListeners
  readonly #operated: () => Operated
  #metrics: TrackerMetrics | undefined
  #status: TrackerStatus | undefined
  #app: FastifyInstance | undefined
  #routes: Routes = {}
  #endpoint: Endpoint | undefined

  /** `meter` counts what the tracker is asked. */
  constructor(
    log: FastifyBaseLogger,
    version: string,
    meter: RequestMeter,
    operated: () => Operated,
  ) {
    this.#log = log
    this.#version = version
    this.#meter = meter
    this.#operated = operated
    this.#listeners = new HttpListeners(log, 'operations server')
  }

  /**
   * What a generation is decorated with so that its requests, and its hooks where it asks for that,
   * are counted.
   */
  decorations(config: TrackerConfig): Record<string, unknown> {
    if (!isCounted(config)) return {}
    const { meter, hookMeter } = this.#counters()
    const { http, udp } = config.tracker
    const timing = (http && http.requestTiming) || (udp && udp.requestTiming)
    return { requestMeter: meter, ...(timing && { hookMeter }) }
  }

  /** Statistics for the addresses of the tracker itself, where they are asked for. */
  publicStats({ statsOrigins = [] }: TrackerConfig): FastifyPluginAsync {
    const source = this.#trackerStatus()
    return async (fastify) => {
      await fastify.register(status, {
        health: false,
        stats: true,
        statsOrigins: [...statsOrigins],
        source,
      })
    }
  }

  /** Where it listens. */
  get endpoint(): Endpoint | undefined {
    return this.#endpoint
  }

  /**
   * Opens the listener of a configuration where it is a new one.
   * @throws when that fails, unless nobody asked for this address.
   */
  async prepare(config: TrackerConfig): Promise<Handover> {
    const { metricsAddress: address } = config
    if (isCounted(config)) this.#trackerStatus().start()
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
    const former = this.#app
    const isSame = former !== undefined && isDeepStrictEqual(this.#routes, routes)
    const app = endpoint && (isSame ? former : await this.#build(routes))
    const service = {
      handler: (request: object, response: object) =>
        app?.routing(request as never, response as never),
      requests: new InFlight(),
    }
    const handover = await this.#listeners.prepare({
      // The operator is told even when clients have all file descriptors that they may have.
      limits: { sparesDescriptors: false },
      service,
      listeners: endpoint ? [{ address: endpoint.address }] : [],
    })
    return {
      commit: async () => {
        this.#endpoint = endpoint
        if (app) [this.#app, this.#routes] = [app, routes]
        await handover.commit()
      },
      cancel: () => handover.cancel(),
    }
  }

  /** Has the metrics show a store: there is none yet when the first configuration is prepared. */
  follow(store: PeerStore): void {
    if (this.#metrics) this.#metrics.store = store
  }

  async close(): Promise<void> {
    await this.#listeners.close()
    await this.#app?.close()
    this.#status?.stop()
  }

  /**
   * It binds nothing and owns nothing, so one that another replaces is left to what it still
   * answers.
   */
  async #build(routes: Routes): Promise<FastifyInstance> {
    const app: FastifyInstance = Fastify({
      loggerInstance: this.#log,
      logController: recommendedServerOptions.logController,
    })
    app.register(metrics, { metrics: this.#counters() })
    app.register(status, { ...routes, stats: true, source: this.#trackerStatus() })
    await app.ready()
    return app
  }

  #counters(): TrackerMetrics {
    this.#metrics ??= new TrackerMetrics({
      log: this.#log,
      version: this.#version,
      meter: this.#meter,
    })
    return this.#metrics
  }

  #trackerStatus(): TrackerStatus {
    this.#status ??= new TrackerStatus({
      store: () => this.#operated().peerStore,
      meter: this.#counters().meter,
      readiness: () => {
        const { app } = this.#operated()
        return app && readinessOf(app)
      },
      version: this.#version,
    })
    return this.#status
  }
}

/** Whether anybody can see how many requests there are. */
function isCounted({ metricsAddress, stats }: TrackerConfig): boolean {
  return metricsAddress !== undefined || stats
}
