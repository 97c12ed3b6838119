import type { ReadinessReport, StoreStats } from '@chihaya/core'
import type { RequestFigures } from './request-figures.ts'

/** The answer of `/readyz`; `starting` before there is a tracker. */
export interface StatusReport {
  readonly status: ReadinessReport['status'] | 'starting'
  readonly checks: ReadinessReport['checks']
}

/** Swarms and peers of the store; all null while the store fails. */
export interface StoreFigures {
  readonly name: string
  readonly swarms: number | null
  readonly seeders: StoreStats['seeders'] | null
  readonly leechers: StoreStats['leechers'] | null
  /** All networks. */
  readonly totals: { readonly seeders: number; readonly leechers: number } | null
}

/** Memory of the process in bytes. */
export interface MemoryFigures {
  /** Resident set size. */
  readonly resident: number
  /** JavaScript objects. */
  readonly heap: number
  /** Buffers, which include the swarms of a memory store. */
  readonly buffers: number
}

/** The answer of `/stats.json`. It reveals no client and no torrent. */
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
