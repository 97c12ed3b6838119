import { parseGoAddress } from '@chihaya/listeners'
import type { ListenAddress } from './addresses.ts'
import { isScalar } from 'yaml'
import { describeNode, type ConfigReader, type Located } from './reader.ts'

/** Where the operator is served: metrics, health and statistics. */
export interface MetricsAddress extends ListenAddress {
  /** Nobody asked for this address: a port in use is no reason not to start. */
  readonly optional: boolean
}

/** What is in force when nobody says anything. */
export const DEFAULT_METRICS_ADDRESS: MetricsAddress = {
  host: '127.0.0.1',
  port: 6880,
  key: 'the default of chihaya.metrics_addr',
  optional: true,
}

/** Reads `metrics_addr`: an address, or `""`, for which it is false. */
export function readMetricsAddress(
  reader: ConfigReader,
  place: Located,
  path: string,
): MetricsAddress | false | undefined {
  const node = reader.node(place)
  if (node === undefined) return undefined
  const value: unknown = isScalar(node) ? node.value : undefined
  if (value === '') return false
  const address = typeof value === 'string' ? parseGoAddress(value) : undefined
  if (address) return { ...address, key: path, optional: false }
  const given = describeNode(node, path)
  const allowed = 'host:port, such as 127.0.0.1:6880 or :6880, or "" for no listener'
  reader.problem(node, path, `${path} must be ${allowed}, not ${given}`)
}
