import { HttpService, type UdpAddress } from '@chihaya/listeners'
import type { LastingObjects, PeerStore } from '@chihaya/core'
import {
  bencodedErrorHandler,
  bencodedNotFoundHandler,
  recommendedServerOptions,
} from '@chihaya/http-frontend'
import { metrics, type TrackerMetrics } from '@chihaya/metrics'
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyPluginAsync,
} from 'fastify'
import type { TrackerConfig } from '../config/tracker-config.ts'
import { configuredTracker } from '../plugin/plugin.ts'
import type { SharedStore } from './shared-store.ts'

export interface TrackerAppInit {
  readonly config: TrackerConfig
  readonly udpAddresses: readonly UdpAddress[]
  readonly store: SharedStore
  /** Objects that outlive the application. */
  readonly lasting: LastingObjects
  /** Counts requests, and the time of hooks if the configuration asks for that. */
  readonly metrics: TrackerMetrics | undefined
  /** Additional routes. */
  readonly routes?: FastifyPluginAsync | undefined
  readonly log: FastifyBaseLogger
}

/**
 * The tracker of one configuration: an application that is ready to answer. It takes over UDP
 * sockets itself, and HTTP listeners are handed to it.
 */
export class TrackerApp {
  readonly app: FastifyInstance
  readonly peerStore: PeerStore
  readonly http: HttpService

  private constructor(app: FastifyInstance, peerStore: PeerStore) {
    this.app = app
    this.peerStore = peerStore
    this.http = new HttpService(app)
  }

  /** @throws if the tracker cannot start, with nothing left open. */
  static async build({
    config,
    udpAddresses,
    store,
    lasting,
    metrics: counters,
    routes,
    log,
  }: TrackerAppInit): Promise<TrackerApp> {
    const app: FastifyInstance = Fastify({ ...recommendedServerOptions, loggerInstance: log })
    app.setErrorHandler(bencodedErrorHandler)
    app.setNotFoundHandler(bencodedNotFoundHandler)
    lasting.lendTo(app)
    const { http, udp } = config.tracker
    if (counters) {
      counters.store = store.peerStore
      const hookTiming = ((http && http.requestTiming) || (udp && udp.requestTiming)) ?? false
      app.register(metrics, { metrics: counters, path: false, hookTiming })
    }
    if (routes) app.register(routes)
    app.register(configuredTracker, {
      ...config.tracker,
      storage: { plugin: store.plugin },
      udp: udpAddresses.length === 0 ? false : { ...udp, listen: [...udpAddresses] },
    })
    try {
      await app.ready()
    } catch (error) {
      await app.close()
      throw error
    }
    return new TrackerApp(app, store.peerStore)
  }
}
