import type { ConnectionLimits } from '@chihaya/listeners'
import type { HttpListenerOptions, ListenAddress } from './addresses.ts'
import type { TrackerOptions } from '../plugin/options.ts'
import type { Section } from './source.ts'
import type { YamlSchema } from './spelling.ts'
import type { ConfigNote, Path } from './problems.ts'

/** The address of the admin server: metrics, health and statistics. */
export interface MetricsAddress extends ListenAddress {
  /** Set for the default address: the tracker starts without it if its port is in use. */
  readonly optional: boolean
}

/** The address of an absent `metrics_addr`. */
export const DEFAULT_METRICS_ADDRESS: MetricsAddress = {
  host: '127.0.0.1',
  port: 6880,
  key: 'the default of chihaya.metrics_addr',
  optional: true,
}

/** The values under `chihaya` by their YAML names, to explain them. */
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
  /** The address of the admin server; undefined for none. */
  readonly metricsAddress: MetricsAddress | undefined
  /** Whether the addresses of `http` serve statistics too. */
  readonly stats: boolean
  /** Whether the admin server lists torrents. @default false */
  readonly torrents?: boolean
  /** Origins that may read the statistics (CORS). @default [] */
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
