import type { MaybePromise } from '@chihaya/core'
import type { Metric as PromMetric, Registry } from 'prom-client'

export type Labels = Readonly<Record<string, string | number>>

/** One line of the exposition. */
export interface Sample {
  /** Where it differs from the metric's: the parts of a histogram. */
  readonly metricName?: string
  readonly labels: Labels
  readonly value: number
}

export interface MetricInit {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  /** Reads the present samples; undefined or an error leaves the metric without any. */
  readonly read: () => MaybePromise<Iterable<Sample> | undefined>
  /** Is told of every reading that fails, and of every other. */
  readonly report: Report
}

/** `error` is undefined where nothing has failed. */
export type Report = (error: unknown) => void

/**
 * A metric whose numbers are kept elsewhere and read when they are asked for. It gives a registry
 * of prom-client what its own metrics give, and never fails: one part of the tracker that is down
 * must not hide the others.
 */
export class Metric {
  readonly name: string
  readonly help: string
  readonly type: MetricInit['type']
  readonly #init: MetricInit

  constructor(init: MetricInit) {
    this.name = init.name
    this.help = init.help
    this.type = init.type
    this.#init = init
  }

  /** Adds the metric to a registry, whose types name the classes of prom-client alone. */
  register(registry: Registry): void {
    registry.registerMetric(this as unknown as PromMetric)
  }

  /** What a registry asks of its metrics. */
  async get(): Promise<{
    name: string
    help: string
    type: string
    values: Sample[]
    aggregator: string
  }> {
    const { name, help, type } = this
    return { name, help, type, values: await this.#samples(), aggregator: 'sum' }
  }

  /** What a registry asks of its metrics when all of them are to start anew, which these do not. */
  reset(): void {}

  async #samples(): Promise<Sample[]> {
    try {
      const samples = [...((await this.#init.read()) ?? [])]
      this.#init.report(undefined)
      return samples
    } catch (error) {
      this.#init.report(error)
      return []
    }
  }
}
