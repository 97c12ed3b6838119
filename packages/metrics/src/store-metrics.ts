import {
  NETWORKS,
  peersIn,
  type Durations,
  type MaybePromise,
  type PeerStore,
  type StoreStats,
} from '@chihaya/core'
import { histogramSamples, type Metric, type Sample } from './exposition.ts'
import { NETWORK_LABELS } from './request-metrics.ts'

/** Metrics of a Redis store; see `RedisStoreMetrics`. */
export interface RemoteStoreMetrics {
  readonly roundTrips: Durations
  readonly errors: Readonly<Record<string, number>>
  readonly pending: number
  readonly fallbackAnnounces: number
  readonly fallbackPeers: number
}

/** A peer store with the figures that stores may offer; all are optional. */
export interface MeasuredStore extends PeerStore {
  /** Bytes of memory for swarms. */
  readonly bytes?: number
  /** Durations of the searches for expired peers. */
  expiryPasses?(): Durations
  metrics?(): RemoteStoreMetrics
  /** The problem, if there is one. */
  health?(): string | undefined
}

/** Where a scrape reads the store. */
export interface StoreSource {
  /** The current store, if there is one. */
  readonly store: () => MeasuredStore | undefined
  /** Its totals, cached and with a time limit. */
  readonly stats: () => Promise<StoreStats | undefined>
}

/** Metrics that every store has, and those that some have. */
export function storeMetrics({ store, stats }: StoreSource): Metric[] {
  const total = (
    name: string,
    help: string,
    of: (totals: StoreStats) => Iterable<Sample>,
  ): Metric => ({
    name: `chihaya_storage_${name}`,
    help,
    type: 'gauge',
    read: async () => {
      const totals = await stats()
      return totals && of(totals)
    },
  })
  return [
    total('infohashes_count', 'Infohashes with at least one peer.', ({ swarms }) => [
      { labels: {}, value: swarms },
    ]),
    total('seeders_count', 'Seeders in all swarms.', ({ seeders }) => [
      { labels: {}, value: peersIn(seeders) },
    ]),
    total('leechers_count', 'Leechers in all swarms, partial seeds among them.', ({ leechers }) => [
      { labels: {}, value: peersIn(leechers) },
    ]),
    total('peers', 'Peers in all swarms, by what they are and where.', (totals) =>
      (['seeders', 'leechers'] as const).flatMap((role) =>
        NETWORKS.flatMap((network) => {
          const { [network]: value } = totals[role]
          if (value === undefined) return []
          const labels = { address_family: NETWORK_LABELS[network], role: role.slice(0, -1) }
          return [{ labels, value }]
        }),
      ),
    ),
    ofStore(
      store,
      'chihaya_storage_memory_bytes',
      'gauge',
      'Bytes that swarms take from the system.',
      ({ bytes }) => (bytes === undefined ? undefined : [{ labels: {}, value: bytes }]),
    ),
    ofStore(
      store,
      'chihaya_storage_gc_duration_milliseconds',
      'histogram',
      'How long searches for peers past their lifetime took, pauses left out.',
      (measured, name) => {
        const passes = measured.expiryPasses?.()
        return passes && histogramSamples(name, {}, passes)
      },
    ),
    ofStore(
      store,
      'chihaya_storage_up',
      'gauge',
      'Whether a store that can fail works: 1 or 0.',
      (measured) =>
        measured.health && [{ labels: {}, value: measured.health() === undefined ? 1 : 0 }],
    ),
    ...redisMetrics(store),
  ]
}

function redisMetrics(store: StoreSource['store']): Metric[] {
  const metric = (
    name: string,
    type: Metric['type'],
    help: string,
    of: (metrics: RemoteStoreMetrics, name: string) => Iterable<Sample>,
  ): Metric =>
    ofStore(store, `chihaya_redis_${name}`, type, help, (measured, fullName) => {
      const metrics = measured.metrics?.()
      return metrics && of(metrics, fullName)
    })
  return [
    metric(
      'round_trip_duration_milliseconds',
      'histogram',
      'How long Redis took to answer.',
      ({ roundTrips }, name) => histogramSamples(name, {}, roundTrips),
    ),
    metric('errors_total', 'counter', 'Commands that failed, by kind.', ({ errors }) =>
      Object.entries(errors).map(([kind, value]) => ({ labels: { kind }, value })),
    ),
    metric('pending_commands', 'gauge', 'Commands that wait for their answer.', ({ pending }) => [
      { labels: {}, value: pending },
    ]),
    metric(
      'fallback_announces_total',
      'counter',
      'Announces answered while Redis was away.',
      ({ fallbackAnnounces }) => [{ labels: {}, value: fallbackAnnounces }],
    ),
    metric(
      'fallback_peers',
      'gauge',
      'Peers that Redis has yet to be told of.',
      ({ fallbackPeers }) => [{ labels: {}, value: fallbackPeers }],
    ),
  ]
}

function ofStore(
  store: StoreSource['store'],
  name: string,
  type: Metric['type'],
  help: string,
  read: (measured: MeasuredStore, name: string) => MaybePromise<Iterable<Sample> | undefined>,
): Metric {
  return {
    name,
    help,
    type,
    read: () => {
      const measured = store()
      return measured && read(measured, name)
    },
  }
}
