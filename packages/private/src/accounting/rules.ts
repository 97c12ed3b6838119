import type { Combination } from './credit.ts'

/** What a site decides about accounting. Times are in seconds. */
export interface AccountingRules {
  /** A longer time between two announces is no time seeded or leeched. */
  readonly gapLimit: number
  /** Smaller counters within this time are a late datagram; later, a client that lost them. */
  readonly reorderWindow: number
  /** Silence after which an active session has expired. */
  readonly peerLifetime: number
  /** How long an inactive session is remembered. */
  readonly sessionLifetime: number
  /** Sessions remembered at most. */
  readonly maxSessions: number
  /** Active sessions of a user on one torrent. */
  readonly peersPerTorrent: number
  /** Whether a user without a free slot is refused, or served and shown to nobody. */
  readonly onSlotsFull: 'refuse' | 'hide'
  readonly combine: Combination
  /** Bytes a second beyond which an announce is suspicious. */
  readonly maxSpeed: number
  /** Whether bytes moved at more than `maxSpeed` are credited. */
  readonly onMaxSpeed: 'flag' | 'withhold'
  /** Whether every completed download is a snatch, or the first of a user and torrent. */
  readonly snatches: 'every' | 'unique'
  /** Whether seeding without the event `completed` is a snatch. */
  readonly countSilentCompletion: boolean
  /** Whether bytes reported with `started` are credited. */
  readonly creditStarted: boolean
  /** Whether a token is used up for a torrent that is free anyway. */
  readonly tokenOnFree: boolean
  readonly tokenEnds: 'completion' | 'expiry'
}
