/** The part of a logger that metrics use; Fastify's fits. */
export interface MetricsLog {
  warn(details: object, message: string): void
  info(details: object, message: string): void
}

/**
 * Logs once that metrics cannot be read, and once that all can be read again, however many scrapes
 * there are in between.
 */
export class FailureLog {
  readonly #log: MetricsLog
  readonly #failing = new Set<string>()

  constructor(log: MetricsLog) {
    this.#log = log
  }

  failed(metric: string, error: unknown): void {
    if (this.#failing.size === 0)
      this.#log.warn({ metric, err: error }, 'metrics are served without those that cannot be read')
    this.#failing.add(metric)
  }

  succeeded(metric: string): void {
    if (this.#failing.delete(metric) && this.#failing.size === 0)
      this.#log.info({}, 'metrics are complete again')
  }
}
