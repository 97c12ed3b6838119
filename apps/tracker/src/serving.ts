import { readinessOf, RequestMeter } from '@chihaya/core'
import type { Handover } from '@chihaya/udp-frontend'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { TrackerConfig } from './config/tracker-config.ts'
import { Generation } from './generation.ts'
import { HttpListeners } from './http-listeners.ts'
import { Operations, type Operated } from './operations.ts'
import { refuseOwnPorts, type Endpoint } from './own-ports.ts'
import { resolveUdpAddresses } from './resolve-address.ts'
import { SharedStore } from './shared-store.ts'

/** A handover of nothing: there is no UDP before, or none after. */
const NOTHING: Handover = { commit: async () => undefined, cancel: async () => undefined }

interface Prepared {
  readonly next: Generation
  readonly store: SharedStore
  readonly handovers: readonly Handover[]
}

/**
 * The tracker that runs: what outlives a configuration, and the generation of the one in force.
 *
 * A configuration is applied in three steps. A generation is built beside the one that runs; then
 * the addresses that are new are opened; then all addresses change hands at once. What fails in the
 * first two leaves everything as it was. The first start is the same, with nothing before it.
 */
export class Serving {
  readonly #log: FastifyBaseLogger
  readonly #operations: Operations
  readonly #http: HttpListeners
  #store: SharedStore | undefined
  #generation: Generation | undefined
  #endpoints: readonly Endpoint[] = []
  /** Former generations that have not closed yet. */
  readonly #retiring = new Set<Promise<void>>()
  /** Until then UDP addresses of a former generation may still be open. */
  #udpClosed: Promise<void> = Promise.resolve()

  constructor(log: FastifyBaseLogger, version: string) {
    this.#log = log
    const meter = new RequestMeter()
    const operated = (): Operated => ({ app: this.app, peerStore: this.#store?.peerStore })
    this.#operations = new Operations(log, version, meter, operated)
    this.#http = new HttpListeners(log, 'tracker', meter.connections)
  }

  /** The application of the configuration in force. */
  get app(): FastifyInstance | undefined {
    return this.#generation?.app
  }

  /**
   * Has the tracker run with a configuration. One call at a time.
   * @throws what keeps it from doing so; it goes on as before then.
   */
  async apply(config: TrackerConfig): Promise<void> {
    const endpoints = endpointsOf(config)
    const { endpoint: operations } = this.#operations
    refuseOwnPorts(endpoints, operations ? [...this.#endpoints, operations] : this.#endpoints)
    await this.#udpClosed
    const former = this.#generation
    const { next, store, handovers } = await this.#prepare(config, former)
    // All of this is one turn of the event loop: no request falls between two generations.
    const closed = handovers.map((handover) => handover.commit())
    this.#generation = next
    this.#operations.follow(store.peerStore)
    this.#endpoints = endpoints
    if (!store.matches(config.tracker.storage)) {
      this.#log.warn(
        'chihaya.storage has changed, which takes effect at the next start: the store and its peers stay as they are',
      )
    }
    if (former) this.#retire(former, closed, next.udp === undefined)
  }

  /**
   * Builds the next generation, and opens the addresses that are new. @throws with none of that
   * left.
   */
  async #prepare(config: TrackerConfig, former: Generation | undefined): Promise<Prepared> {
    const handovers: Handover[] = []
    let next: Generation | undefined
    try {
      // First, so that probes are told that it starts for as long as it does.
      handovers.push(await this.#operations.prepare(config))
      const udpAddresses = await resolveUdpAddresses(config.udp)
      const store = (this.#store ??= await SharedStore.open(config.tracker.storage, this.#log))
      next = await Generation.build({
        config,
        udpAddresses,
        store,
        decorations: this.#operations.decorations(config),
        routes: config.stats ? this.#operations.publicStats(config) : undefined,
        log: this.#log,
      })
      handovers.push((await next.udp?.succeed(former?.udp)) ?? NOTHING)
      handovers.push(
        await this.#http.prepare({
          listeners: config.http,
          limits: config.connections ?? {},
          service: next.http,
        }),
      )
      return { next, store, handovers }
    } catch (error) {
      await Promise.all(handovers.map((handover) => handover.cancel()))
      await next?.app.close()
      throw error
    }
  }

  /** Answers what has been asked, and closes everything, the store last. */
  async close(): Promise<void> {
    if (this.#generation) readinessOf(this.#generation.app).close()
    await this.#http.close()
    await this.#generation?.retire()
    await Promise.all(this.#retiring)
    await this.#store?.close()
    // Last, so that probes are told that it closes for as long as it does.
    await this.#operations.close()
  }

  #retire(former: Generation, closed: ReadonlyArray<Promise<void>>, withUdp: boolean): void {
    const addressesClosed = Promise.all(closed).then(() => undefined)
    const retired = addressesClosed
      .then(() => former.retire())
      .catch((error: unknown) =>
        this.#log.error({ err: error }, 'the former tracker does not close'),
      )
      .finally(() => this.#retiring.delete(retired))
    this.#retiring.add(retired)
    this.#udpClosed = withUdp ? retired : addressesClosed
  }
}

/** What the tracker has to listen on: the default of the operations server is none of it. */
function endpointsOf(config: TrackerConfig): Endpoint[] {
  return [
    ...config.http.map(({ address, tls }) => ({ protocol: tls ? 'https' : 'http', address })),
    ...config.udp.map((address) => ({ protocol: 'udp', address })),
    ...(config.metricsAddress?.optional === false
      ? [{ protocol: 'http', address: config.metricsAddress }]
      : []),
  ]
}
