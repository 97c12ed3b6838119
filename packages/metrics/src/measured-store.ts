import type { Durations, PeerStore } from '@chihaya/core'

/** What Redis stores know beside their peers; see `RedisStoreMetrics`. */
export interface RemoteStoreMetrics {
  readonly roundTrips: Durations
  readonly errors: Readonly<Record<string, number>>
  readonly pending: number
  readonly fallbackAnnounces: number
  readonly fallbackPeers: number
}

/**
 * A peer store with whatever it may tell of itself. Stores of other makers tell nothing, or the
 * same.
 */
export interface MeasuredStore extends PeerStore {
  /** Bytes that swarms take from the system. */
  readonly bytes?: number
  /** How long searches for peers past their lifetime took. */
  expiryPasses?(): Durations
  metrics?(): RemoteStoreMetrics
  /** What is wrong, or undefined. */
  health?(): string | undefined
}
