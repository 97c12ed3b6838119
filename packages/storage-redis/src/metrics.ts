import type { FaultKind } from './connection/faults.ts'
import type { Histogram } from './connection/round-trips.ts'

/**
 * Numbers of a store for whoever draws or watches them. Those without a unit in their description
 * only ever grow.
 */
export interface RedisStoreMetrics {
  /** Milliseconds from a command to its answer. */
  readonly roundTrips: Histogram
  /** Commands that failed, by kind. */
  readonly errors: Readonly<Record<FaultKind, number>>
  /** Commands that wait for their answer now. */
  readonly pending: number
  /** Announces that the fallback has answered. */
  readonly fallbackAnnounces: number
  /** Peers now that Redis has yet to be told of. */
  readonly fallbackPeers: number
}
