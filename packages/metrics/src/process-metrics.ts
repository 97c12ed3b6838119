import { collectDefaultMetrics, Gauge, type Registry } from 'prom-client'

/** Milliseconds between two samples of the event loop; shorter would keep an idle process busy. */
const PRECISION = 500
const IN_SECOND = 1000
const LAGS = ['min', 'max', 'mean', 'p50', 'p90', 'p99'].map(
  (figure) => `nodejs_eventloop_lag_${figure}_seconds`,
)
/** Seconds. Without a sample since the last scrape, the minimum reads as 292 years. */
const LONGEST = 86_400

/**
 * Adds prom-client's metrics of the process. Its event loop lags contain the time between two
 * samples, `PRECISION` even if nothing is late; that time is subtracted here.
 */
export function addProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: PRECISION })
  for (const name of LAGS) {
    const uncorrected = registry.getSingleMetric(name)
    if (!uncorrected) continue
    registry.removeSingleMetric(name)
    const corrected = new Gauge({
      name,
      help: 'Seconds by which timers were late since the last scrape.',
      registers: [],
      async collect() {
        const { values } = await uncorrected.get()
        for (const { value } of values) this.set(lagOf(value))
      },
    })
    registry.registerMetric(corrected)
  }
}

function lagOf(seconds: number): number {
  return seconds < LONGEST ? Math.max(seconds - PRECISION / IN_SECOND, 0) : 0
}
