import { collectDefaultMetrics, type Registry } from 'prom-client'
import type { FailureLog } from './failure-log.ts'
import { Metric, type Sample } from './metric.ts'

/**
 * Milliseconds between two looks at the event loop. More of them would keep an idle process busy.
 */
const STEP = 500
const IN_SECOND = 1000
const DELAYS = ['min', 'max', 'mean', 'p50', 'p90', 'p99'].map(
  (figure) => `nodejs_eventloop_lag_${figure}_seconds`,
)
/** Seconds. What nobody has looked at yet is longer: the least of no delays is 292 years. */
const LONGEST = 86_400

/**
 * Adds prom-client's metrics of the process, but for the delay of the event loop: there it has the
 * time between two looks, which is `STEP` when nothing delays them, so that the tracker would look
 * slow.
 */
export function addProcessMetrics(registry: Registry, failures: FailureLog): void {
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: STEP })
  for (const name of DELAYS) {
    const between = registry.getSingleMetric(name) as Metric | undefined
    if (!between) continue
    registry.removeSingleMetric(name)
    const read = async (): Promise<Sample[]> => {
      const { values } = await between.get()
      return values.map(({ labels, value }) => ({ labels, value: delayOf(value) }))
    }
    const help = 'Seconds by which timers were late since the last scrape.'
    new Metric({ name, help, type: 'gauge', read, report: failures.report(name) }).register(
      registry,
    )
  }
}

function delayOf(seconds: number): number {
  return seconds < LONGEST ? Math.max(seconds - STEP / IN_SECOND, 0) : 0
}
