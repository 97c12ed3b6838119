import type { ConnectionLimits } from '@chihaya/listeners'
import type { HttpListenerOptions, ListenAddress } from './addresses.ts'
import type { TrackerOptions } from '../plugin/options.ts'
import type { Section } from './source.ts'
import type { YamlSchema } from './spelling.ts'
import type { ConfigNote, Path } from './problems.ts'

/** Where the operator is served: metrics, health and statistics. */
export interface MetricsAddress extends ListenAddress {
  /** Nobody asked for this address: the tracker starts without it if its port is in use. */
  readonly optional: boolean
}

/** The address of an absent `metrics_addr`. */
export const DEFAULT_METRICS_ADDRESS: MetricsAddress = {
  host: '127.0.0.1',
  port: 6880,
  key: 'the default of chihaya.metrics_addr',
  optional: true,
}

/** The values under `chihaya` in the words of the file, for whoever explains them. */
export interface Settings {
  readonly section: Section
  readonly schema: YamlSchema
  /** The environment variables that a value comes from, or refers to. */
  readonly variables: (path: Path) => readonly string[]
  /** Whether an environment variable has set any key. */
  readonly isChanged: boolean
}

/** What the `chihaya` command runs. */
export interface TrackerConfig {
  /** Options of `trackerPlugin`, without addresses. */
  readonly tracker: TrackerOptions
  /** Where HTTP and HTTPS are served. */
  readonly http: readonly HttpListenerOptions[]
  /** Limits of connections over HTTP. @default {} */
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
  /** Warnings and remarks, in the order of the file. */
  readonly warnings: readonly ConfigNote[]
}

const EVERYWHERE: ListenAddress = { host: '', port: 6969, key: 'the built-in default' }

/** The configuration without a file: HTTP and UDP on port 6969, and swarms in memory. */
export const defaultConfig: TrackerConfig = {
  tracker: {},
  http: [{ address: EVERYWHERE }],
  udp: [EVERYWHERE],
  metricsAddress: DEFAULT_METRICS_ADDRESS,
  stats: false,
  warnings: [],
}
