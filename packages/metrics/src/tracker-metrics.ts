import { HookMeter, Probe, RequestMeter, type PeerStore, type StoreStats } from '@chihaya/core'
import { Registry } from 'prom-client'
import { FailureLog, type MetricsLog } from './failure-log.ts'
import type { MeasuredStore } from './measured-store.ts'
import { Metric } from './metric.ts'
import { addProcessMetrics } from './process-metrics.ts'
import { hookMetric, requestMetrics, type Reading } from './request-metrics.ts'
import { storeMetrics } from './store-metrics.ts'

/**
 * Milliseconds that a scrape waits for a store. Prometheus itself waits ten seconds for everything.
 */
const STORE_TIMEOUT = 2000

export interface TrackerMetricsInit {
  /** Counts the requests. @default a new one */
  readonly meter?: RequestMeter
  /** Measures the hooks of the trackers that are given it. @default a new one */
  readonly hookMeter?: HookMeter
  /** Where the swarms are; may be given later. */
  readonly store?: PeerStore
  readonly log: MetricsLog
  /** Version of the tracker, for `chihaya_build_info`. @default '' */
  readonly version?: string
  /** Milliseconds for which a reading of the store is good. @default 1000 */
  readonly storeInterval?: number
  /**
   * Whether to add prom-client's metrics of the process. They go on until it ends. @default true
   */
  readonly processMetrics?: boolean
}

/**
 * All metrics of a tracker, in a registry of their own. It is no part of an application: one that
 * is replaced by another, for a new configuration, hands it on, and no counter starts anew.
 */
export class TrackerMetrics {
  readonly meter: RequestMeter
  readonly hookMeter: HookMeter
  /** For metrics of your own. */
  readonly registry: Registry = new Registry()
  /** Where the swarms are now. */
  store: PeerStore | undefined
  /** Failures of metrics that the application has added. */
  readonly #foreignFailures: FailureLog

  constructor(init: TrackerMetricsInit) {
    const { log, version = '', storeInterval = 1000, processMetrics = true } = init
    this.meter = init.meter ?? new RequestMeter()
    this.hookMeter = init.hookMeter ?? new HookMeter()
    this.store = init.store
    this.#foreignFailures = new FailureLog(log)
    const failures = new FailureLog(log)
    const stats = new Probe(() => this.store?.stats(), {
      maxAge: storeInterval,
      timeout: STORE_TIMEOUT,
    })
    const storeSource = {
      store: (): MeasuredStore | undefined => this.store,
      stats: (): Promise<StoreStats | undefined> => stats.read(),
    }
    const readings = [
      buildInfo(version),
      ...requestMetrics(this.meter),
      hookMetric(this.hookMeter),
      ...storeMetrics(storeSource),
    ]
    for (const reading of readings) {
      new Metric({ ...reading, report: failures.report(reading.name) }).register(this.registry)
    }
    if (processMetrics) addProcessMetrics(this.registry, failures)
  }

  /** The `content-type` of `text`. */
  get contentType(): string {
    return this.registry.contentType
  }

  /** All metrics in the text format of Prometheus, but for those that cannot be read. */
  async text(): Promise<string> {
    const texts = await Promise.all(
      this.registry.getMetricsAsArray().map(({ name }) => this.#textOf(name)),
    )
    return texts.join('')
  }

  // One by one, as the registry would give up all of them for one of the application's own that
  // fails.
  async #textOf(name: string): Promise<string> {
    const report = this.#foreignFailures.report(name)
    try {
      const text = await this.registry.getSingleMetricAsString(name)
      report(undefined)
      return `${text}\n\n`
    } catch (error) {
      report(error)
      return ''
    }
  }
}

function buildInfo(version: string): Reading {
  const labels = { version, nodejs: process.version }
  return {
    name: 'chihaya_build_info',
    help: 'Always 1; its labels say what runs.',
    type: 'gauge',
    read: () => [{ labels, value: 1 }],
  }
}
