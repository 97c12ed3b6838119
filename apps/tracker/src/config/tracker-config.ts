import type { ConnectionLimits } from '@chihaya/listeners'
import type { HttpListenerOptions, ListenAddress } from './addresses.ts'
import type { TrackerOptions } from '../plugin/options.ts'
import { DEFAULT_METRICS_ADDRESS, type MetricsAddress } from './metrics-address.ts'
import type { ConfigNote } from './problems.ts'

/** What the `chihaya` command runs. */
export interface TrackerConfig {
  /** Options of `trackerPlugin`, but for the addresses. */
  readonly tracker: TrackerOptions
  /** Where HTTP and HTTPS are served. */
  readonly http: readonly HttpListenerOptions[]
  /** How many may be connected over HTTP. @default {} */
  readonly connections?: ConnectionLimits
  /** Where UDP is served. */
  readonly udp: readonly ListenAddress[]
  /** Where the operator is served: metrics, health and statistics. Undefined for nowhere. */
  readonly metricsAddress: MetricsAddress | undefined
  /** Whether the addresses of `http` serve the statistics too. */
  readonly stats: boolean
  /** Whether the operator is served the torrents as well. @default false */
  readonly torrents?: boolean
  /** Origins whose pages may read the statistics. @default [] */
  readonly statsOrigins?: readonly string[]
  /** What the operator should know, in the order of the file. */
  readonly warnings: readonly ConfigNote[]
}

const EVERYWHERE: ListenAddress = { host: '', port: 6969, key: 'the built-in default' }

/**
 * What runs without a configuration file: HTTP and UDP on port 6969 of every address, and swarms in
 * memory.
 */
export const defaultConfig: TrackerConfig = {
  tracker: {},
  http: [{ address: EVERYWHERE }],
  udp: [EVERYWHERE],
  metricsAddress: DEFAULT_METRICS_ADDRESS,
  stats: false,
  warnings: [],
}
