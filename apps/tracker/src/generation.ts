import {
  bencodedErrorHandler,
  bencodedNotFoundHandler,
  recommendedServerOptions,
} from '@chihaya/http-frontend'
import type { UdpTracker } from '@chihaya/udp-frontend'
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyPluginAsync,
} from 'fastify'
import type { TrackerConfig } from './config/tracker-config.ts'
import type { HttpService } from './http-listener.ts'
import { InFlight } from './in-flight.ts'
import { configuredTracker } from './plugin.ts'
import type { UdpAddress } from './resolve-address.ts'
import type { SharedStore } from './shared-store.ts'

export interface GenerationInit {
  readonly config: TrackerConfig
  readonly udpAddresses: readonly UdpAddress[]
  readonly store: SharedStore
  /** What counts requests, for the application to be decorated with. */
  readonly decorations: Readonly<Record<string, unknown>>
  /** Routes beside those of the tracker. */
  readonly routes?: FastifyPluginAsync | undefined
  readonly log: FastifyBaseLogger
}

/**
 * The tracker of one configuration: an application that is ready to answer, and listens nowhere by
 * itself.
 */
export class Generation {
  readonly app: FastifyInstance
  /** Undefined when there is no UDP. */
  readonly udp: UdpTracker | undefined
  readonly http: HttpService

  private constructor(app: FastifyInstance, udp: UdpTracker | undefined) {
    this.app = app
    this.udp = udp
    this.http = {
      handler: (request, response) => app.routing(request, response),
      requests: new InFlight(),
    }
  }

  /** @throws what keeps the tracker from starting, with nothing left open. */
  static async build({
    config,
    udpAddresses,
    store,
    decorations,
    routes,
    log,
  }: GenerationInit): Promise<Generation> {
    const app: FastifyInstance = Fastify({ ...recommendedServerOptions, loggerInstance: log })
    app.setErrorHandler(bencodedErrorHandler)
    app.setNotFoundHandler(bencodedNotFoundHandler)
    for (const [name, value] of Object.entries(decorations)) app.decorate(name, value)
    if (routes) app.register(routes)
    let scope: FastifyInstance = app
    const findScope = async (fastify: FastifyInstance): Promise<void> => {
      scope = fastify
    }
    const { posthooks = [], udp, ...options } = config.tracker
    app.register(configuredTracker, {
      ...options,
      storage: { plugin: store.plugin },
      posthooks: [...posthooks, { plugin: findScope }],
      udp: udpAddresses.length === 0 ? false : { ...udp, listen: [...udpAddresses], bind: false },
    })
    try {
      await app.ready()
    } catch (error) {
      await app.close()
      throw error
    }
    return new Generation(
      app,
      scope.hasDecorator('udpTracker') ? scope.getDecorator<UdpTracker>('udpTracker') : undefined,
    )
  }

  /**
   * Closes once everything that it was asked is answered. Nobody may ask it any more, but over UDP.
   */
  async retire(): Promise<void> {
    await this.http.requests.idle()
    await this.app.close()
  }
}
