import type { Log } from '@chihaya/core'

/**
 * Logs once that metrics cannot be read, and once that all can be read again, regardless of the
 * number of scrapes in between.
 */
export class FailureLog {
  readonly #log: Pick<Log, 'info' | 'warn'>
  readonly #failing = new Set<string>()

  constructor(log: Pick<Log, 'info' | 'warn'>) {
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
