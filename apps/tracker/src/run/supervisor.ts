import { HttpListeners, resolveUdpAddresses } from '@chihaya/listeners'
import { LastingObjects, readinessOf } from '@chihaya/core'
import { recommendedServerOptions } from '@chihaya/http-frontend'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { TrackerConfig } from '../config/tracker-config.ts'
import { TrackerApp } from './tracker-app.ts'
import { isCounted, AdminServer } from './admin-server.ts'
import { refuseOwnPorts, type Endpoint } from './endpoint.ts'
import { refuseRequest } from './refuse-request.ts'
import { SharedStore } from './shared-store.ts'

/** Milliseconds that WebSockets stay with the previous application after a reload. */
const UPGRADE_GRACE = 30_000

/** The tracker of a configuration, and what may outlive it. */
interface InForce {
  readonly tracker: TrackerApp
  readonly lasting: LastingObjects
  readonly admin: AdminServer
  readonly http: HttpListeners
  readonly endpoints: readonly Endpoint[]
}

/**
 * Runs the tracker of one configuration after the other.
 *
 * A configuration is applied in three steps. An application is built beside the one that runs, and
 * new addresses are opened. Then everything that the two have in common changes hands, in one turn
 * of the event loop. A failure in the first two steps leaves everything as it was. The first start
 * is the same with nothing before it.
 */
export class Supervisor {
  readonly #log: FastifyBaseLogger
  readonly #version: string
  readonly #stopping = new AbortController()
  #inForce: InForce | undefined
  /** Previous trackers that have not closed yet. */
  readonly #retiring = new Set<Promise<void>>()
  /** Until then addresses that the configuration no longer has may still be open. */
  #addressesClosed: Promise<unknown> = Promise.resolve()

  constructor(log: FastifyBaseLogger, version: string) {
    this.#log = log
    this.#version = version
  }

  /** The application of the current configuration. */
  get app(): FastifyInstance | undefined {
    return this.#inForce?.tracker.app
  }

  /**
   * Starts the tracker with a configuration, or changes to it. One call at a time.
   * @throws if that fails. A running tracker is unaffected.
   */
  async apply(config: TrackerConfig): Promise<void> {
    const previous = this.#inForce
    const endpoints = endpointsOf(config)
    if (previous) {
      const { endpoint } = previous.admin
      refuseOwnPorts(endpoints, [...previous.endpoints, ...(endpoint ? [endpoint] : [])])
    }
    await this.#addressesClosed
    const lasting = new LastingObjects(previous?.lasting)
    try {
      const next = await this.#prepare(config, lasting)
      // One turn of the event loop: no request falls between two trackers.
      const complete = lasting.takeOver()
      this.#inForce = { ...next, lasting, endpoints }
      if (previous) this.#retire(previous, complete)
    } catch (error) {
      await this.#close(lasting)
      throw error
    }
  }

  /** Builds the next tracker, and opens the addresses that are new. */
  async #prepare(
    config: TrackerConfig,
    lasting: LastingObjects,
  ): Promise<Omit<InForce, 'lasting' | 'endpoints'>> {
    const { storage } = config.tracker
    const log = this.#log
    // First, so that it answers probes while the tracker starts and closes.
    const admin = lasting.get('admin server', {
      create: () => new AdminServer(log, this.#version, () => this.#inForce?.tracker),
      close: (server) => server.close(),
    })
    await lasting.stage(await admin.prepare(config))
    const udpAddresses = await resolveUdpAddresses(config.udp)
    const store = await lasting.get('store', {
      create: () => SharedStore.open(storage, log),
      close: (opened) => opened.close(),
    })
    const http = lasting.get('HTTP listeners', {
      create: () =>
        new HttpListeners({
          log,
          name: 'tracker',
          meter: admin.connections,
          server: recommendedServerOptions,
          refuse: refuseRequest,
        }),
      close: (listeners) => listeners.close(),
    })
    const tracker = await TrackerApp.build({
      config,
      udpAddresses,
      store,
      lasting,
      metrics: isCounted(config) ? admin.metrics : undefined,
      routes: config.stats ? admin.publicStats(config) : undefined,
      log,
    })
    try {
      const plan = {
        listeners: config.http,
        limits: config.connections ?? {},
        service: tracker.http,
      }
      await lasting.stage(await http.prepare(plan))
    } catch (error) {
      await tracker.app.close()
      throw error
    }
    if (!store.matches(storage)) {
      log.warn(
        'chihaya.storage has changed, which takes effect at the next start: the store and its peers stay as they are',
      )
    }
    return { tracker, admin, http }
  }

  /** Answers what has arrived, and closes everything: the store and the admin server last. */
  async close(): Promise<void> {
    const inForce = this.#inForce
    if (!inForce) return
    readinessOf(inForce.tracker.app).close()
    await inForce.http.close()
    this.#stopping.abort()
    await inForce.tracker.http.close()
    await Promise.all(this.#retiring)
    await this.#close(inForce.lasting)
  }

  #retire(previous: InForce, complete: Promise<void>): void {
    const retired = complete
      .then(() =>
        previous.tracker.http.close({ grace: UPGRADE_GRACE, signal: this.#stopping.signal }),
      )
      .catch((error: unknown) =>
        this.#log.error({ err: error }, 'the previous tracker failed to close'),
      )
      .then(() => this.#close(previous.lasting))
      .finally(() => this.#retiring.delete(retired))
    this.#retiring.add(retired)
    this.#addressesClosed = complete
  }

  async #close(lasting: LastingObjects): Promise<void> {
    try {
      await lasting.close()
    } catch (error) {
      this.#log.error({ err: error }, 'an object that outlives configurations failed to close')
    }
  }
}

/** Addresses that the configuration requires. The default one of the admin server is optional. */
function endpointsOf(config: TrackerConfig): Endpoint[] {
  return [
    ...config.http.map(({ address, tls }) => ({ protocol: tls ? 'https' : 'http', address })),
    ...config.udp.map((address) => ({ protocol: 'udp', address })),
    ...(config.metricsAddress?.optional === false
      ? [{ protocol: 'http', address: config.metricsAddress }]
      : []),
  ]
}
