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

/** Metrics of every store, and of some stores. */
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
    total('leechers_count', 'Leechers in all swarms, including partial seeds.', ({ leechers }) => [
      { labels: {}, value: peersIn(leechers) },
    ]),
    total('peers', 'Peers in all swarms, by role and network.', (totals) =>
      (['seeders', 'leechers'] as const).flatMap((role) =>
        NETWORKS.flatMap((network) => {
          const { [network]: value } = totals[role]
          if (value === undefined) return []
          const labels = { address_family: NETWORK_LABELS[network], role: role.slice(0, -1) }
          return [{ labels, value }]
        }),
      ),
    ),
    ofStore(store, 'chihaya_storage_memory_bytes', 'gauge', 'Memory of the swarms.', ({ bytes }) =>
      bytes === undefined ? undefined : [{ labels: {}, value: bytes }],
    ),
    ofStore(
      store,
      'chihaya_storage_gc_duration_milliseconds',
      'histogram',
      'How long searches for expired peers took, without pauses.',
      (measured, name) => {
        const passes = measured.expiryPasses?.()
        return passes && histogramSamples(name, {}, passes)
      },
    ),
    ofStore(
      store,
      'chihaya_storage_up',
      'gauge',
      'Whether the store works: 1 or 0. Only for stores that can fail.',
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
      'How long Redis took to reply.',
      ({ roundTrips }, name) => histogramSamples(name, {}, roundTrips),
    ),
    metric('errors_total', 'counter', 'Failed commands, by kind.', ({ errors }) =>
      Object.entries(errors).map(([kind, value]) => ({ labels: { kind }, value })),
    ),
    metric('pending_commands', 'gauge', 'Commands that wait for a reply.', ({ pending }) => [
      { labels: {}, value: pending },
    ]),
    metric(
      'fallback_announces_total',
      'counter',
      'Announces answered while Redis was unavailable.',
      ({ fallbackAnnounces }) => [{ labels: {}, value: fallbackAnnounces }],
    ),
    metric('fallback_peers', 'gauge', 'Peers not yet written to Redis.', ({ fallbackPeers }) => [
      { labels: {}, value: fallbackPeers },
    ]),
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
