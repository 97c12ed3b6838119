import { durationSchema, type Duration, type OptionsSchema } from '@chihaya/core'
import type { TrackerMetrics } from './tracker-metrics.ts'

export interface MetricsOptions {
  /** Where metrics are served; `false` serves them nowhere here. @default '/metrics' */
  path?: string | false
  /** How long a reading of the store is reused. @default '1s' */
  prometheusReportingInterval?: Duration
  /** Measure the duration of hooks. @default false */
  hookTiming?: boolean
  /** Add process metrics: CPU, memory, event loop, garbage collection. @default true */
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
      description:
        'Where metrics are served, whatever the prefix of the scope; false serves them nowhere here.',
      type: ['string', 'boolean'],
      pattern: '^/[^?#*:]*$',
      not: { const: true },
      default: '/metrics',
    },
    prometheusReportingInterval: durationSchema('How long a reading of the store is reused.', '1s'),
    hookTiming: {
      description: 'Measure the duration of hooks.',
      type: 'boolean',
      default: false,
    },
    processMetrics: {
      description: 'Add process metrics: CPU, memory, event loop, garbage collection.',
      type: 'boolean',
      default: true,
    },
    metrics: {
      description:
        'Metrics that outlive this application, with an interval and processMetrics of their own.',
      type: 'object',
    },
  },
}
