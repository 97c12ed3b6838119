import { durationSchema, type Duration, type OptionsSchema } from '@chihaya/core'
import type { TrackerMetrics } from './tracker-metrics.ts'

export interface MetricsOptions {
  /** Where metrics are served; `false` serves them nowhere here. @default '/metrics' */
  path?: string | false
  /** For how long a reading of the store is good. @default '1s' */
  prometheusReportingInterval?: Duration
  /** Measure the hooks of middleware. @default false */
  hookTiming?: boolean
  /** Add metrics of the process: CPU, memory, event loop, garbage collection. @default true */
  processMetrics?: boolean
  /**
   * Metrics that outlive this application, in place of `prometheusReportingInterval` and
   * `processMetrics`.
   */
  metrics?: TrackerMetrics | undefined
}

export const optionsSchema: OptionsSchema<MetricsOptions> = {
  type: 'object',
  additionalProperties: false,
  properties: {
    path: {
      description: 'Where metrics are served; false serves them nowhere here.',
      type: ['string', 'boolean'],
      pattern: '^/[^?#*:]*$',
      not: { const: true },
      default: '/metrics',
    },
    prometheusReportingInterval: durationSchema(
      'For how long a reading of the store is good.',
      '1s',
    ),
    hookTiming: {
      description: 'Measure the hooks of middleware.',
      type: 'boolean',
      default: false,
    },
    processMetrics: {
      description: 'Add metrics of the process: CPU, memory, event loop, garbage collection.',
      type: 'boolean',
      default: true,
    },
    metrics: { description: 'Metrics that outlive this application.', type: 'object' },
  },
}
