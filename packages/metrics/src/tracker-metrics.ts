import {
  HookMeter,
  Probe,
  RequestMeter,
  type Log,
  type PeerStore,
  type StoreStats,
} from '@chihaya/core'
import { Registry } from 'prom-client'
import { writeMetric, type Metric, type Sample } from './exposition.ts'
import { FailureLog } from './failure-log.ts'
import { addProcessMetrics } from './process-metrics.ts'
import { durationMetrics, hookMetric, requestMetrics } from './request-metrics.ts'
import { storeMetrics, type MeasuredStore } from './store-metrics.ts'

/** Milliseconds that a scrape waits for the store. Prometheus waits ten seconds for the scrape. */
const STORE_TIMEOUT = 2000

export interface TrackerMetricsInit {
  /** Counts requests. @default a new one */
  readonly meter?: RequestMeter
  /** Measures hooks. @default a new one */
  readonly hookMeter?: HookMeter
  /** The peer store; may be set later. */
  readonly store?: PeerStore
  readonly log: Pick<Log, 'info' | 'warn'>
  /** Version of the tracker, for `chihaya_build_info`. @default '' */
  readonly version?: string
  /** Milliseconds for which a reading of the store is reused. @default 1000 */
  readonly storeInterval?: number
  /** Add prom-client's metrics of the process, which it collects until the end. @default true */
  readonly processMetrics?: boolean
}

/**
 * All metrics of a tracker. They may outlive an application, so that counters continue after a
 * reload.
 */
export class TrackerMetrics {
  readonly meter: RequestMeter
  readonly hookMeter: HookMeter
  /** Metrics of the process, and your own. */
  readonly registry: Registry = new Registry()
  /** The current peer store. */
  store: PeerStore | undefined
  readonly #metrics: readonly Metric[]
  readonly #failures: FailureLog
  readonly #registryFailures: FailureLog

  constructor(init: TrackerMetricsInit) {
    const { log, version = '', storeInterval = 1000, processMetrics = true } = init
    this.meter = init.meter ?? new RequestMeter()
    this.hookMeter = init.hookMeter ?? new HookMeter()
    this.store = init.store
    this.#failures = new FailureLog(log)
    this.#registryFailures = new FailureLog(log)
    const stats = new Probe(() => this.store?.stats(), {
      maxAge: storeInterval,
      timeout: STORE_TIMEOUT,
    })
    const storeSource = {
      store: (): MeasuredStore | undefined => this.store,
      stats: (): Promise<StoreStats | undefined> => stats.read(),
    }
    this.#metrics = [
      buildInfo(version),
      ...requestMetrics(this.meter),
      hookMetric(this.hookMeter),
      ...storeMetrics(storeSource),
    ]
    if (processMetrics) addProcessMetrics(this.registry)
  }

  /** The `content-type` of `text`. */
  get contentType(): string {
    return this.registry.contentType
  }

  /** All metrics in Prometheus' text format, except those that cannot be read. */
  async text(): Promise<string> {
    const texts = await Promise.all([
      // Frontends may add protocols later.
      ...durationMetrics(this.meter).map((metric) => this.#textOf(metric)),
      ...this.#metrics.map((metric) => this.#textOf(metric)),
      ...this.registry.getMetricsAsArray().map(({ name }) => this.#textFromRegistry(name)),
    ])
    return texts.join('')
  }

  async #textOf(metric: Metric): Promise<string> {
    let samples: Iterable<Sample> = []
    try {
      samples = (await metric.read()) ?? []
      this.#failures.succeeded(metric.name)
    } catch (error) {
      this.#failures.failed(metric.name, error)
    }
    return writeMetric(metric, samples)
  }

  // One by one: the registry as a whole fails if a single metric does.
  async #textFromRegistry(name: string): Promise<string> {
    try {
      const text = await this.registry.getSingleMetricAsString(name)
      this.#registryFailures.succeeded(name)
      return `${text}\n\n`
    } catch (error) {
      this.#registryFailures.failed(name, error)
      return ''
    }
  }
}

function buildInfo(version: string): Metric {
  const labels = { version, nodejs: process.version }
  return {
    name: 'chihaya_build_info',
    help: 'Always 1; the labels name the versions.',
    type: 'gauge',
    read: () => [{ labels, value: 1 }],
  }
}
