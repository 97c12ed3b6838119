import type { Report } from './metric.ts'

/** What the metrics need of a logger; Fastify's fits. */
export interface MetricsLog {
  warn(details: object, message: string): void
  info(details: object, message: string): void
}

/**
 * Says once that metrics cannot be read, and once that all of them can again, however often they
 * are asked for.
 */
export class FailureLog {
  readonly #log: MetricsLog
  readonly #failing = new Set<string>()

  constructor(log: MetricsLog) {
    this.#log = log
  }

  /** Where a metric tells how its readings end. */
  report(metric: string): Report {
    return (error) => {
      if (error === undefined) this.#succeeded(metric)
      else this.#failed(metric, error)
    }
  }

  #failed(metric: string, error: unknown): void {
    if (this.#failing.size === 0)
      this.#log.warn({ metric, err: error }, 'metrics are served without those that cannot be read')
    this.#failing.add(metric)
  }

  #succeeded(metric: string): void {
    if (this.#failing.delete(metric) && this.#failing.size === 0)
      this.#log.info({}, 'metrics are complete again')
  }
}
