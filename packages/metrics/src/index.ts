import { metrics } from './plugin.ts'

export default metrics
export { metrics }
export { optionsSchema, type MetricsOptions } from './options.ts'
export type { MeasuredStore, RemoteStoreMetrics } from './store-metrics.ts'
export { TrackerMetrics, type TrackerMetricsInit } from './tracker-metrics.ts'
