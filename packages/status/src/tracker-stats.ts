import type { ReadinessReport, StoreStats } from '@chihaya/core'
import type { RequestFigures } from './request-figures.ts'

/** What `/readyz` answers; `starting` while there is no tracker yet. */
export interface StatusReport {
  readonly status: ReadinessReport['status'] | 'starting'
  readonly checks: ReadinessReport['checks']
}

/** Swarms and peers of the store; all null while it cannot be asked. */
export interface StoreFigures {
  readonly name: string
  readonly swarms: number | null
  readonly seeders: StoreStats['seeders'] | null
  readonly leechers: StoreStats['leechers'] | null
  /** Of both families. */
  readonly totals: { readonly seeders: number; readonly leechers: number } | null
}

/** Bytes that the process holds. */
export interface MemoryFigures {
  /** All of it, as the system sees it. */
  readonly resident: number
  /** JavaScript objects. */
  readonly heap: number
  /** Flat memory, the swarms of a store in memory among it. */
  readonly buffers: number
}

/** What `/stats.json` answers. It holds nothing about single clients or torrents. */
export interface TrackerStats extends StatusReport {
  readonly version: string
  /** ISO 8601. */
  readonly time: string
  /** Seconds since the process started. */
  readonly uptime: number
  readonly store: StoreFigures
  readonly requests: RequestFigures
  readonly memory: MemoryFigures
}
