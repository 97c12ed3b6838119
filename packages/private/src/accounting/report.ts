import type { Address, AnnounceEvent } from '@chihaya/bittorrent'
import type { Counters } from './session-table.ts'

/** What a client tells about its download, as far as accounting goes. */
export interface Report extends Counters {
  /** The record of the user. */
  readonly user: number
  /** The record of the torrent. */
  readonly torrent: number
  /** The 20 bytes of the peer id, as words that hold them in their order. */
  readonly peerId: Uint32Array
  readonly event: AnnounceEvent
  /** Where the peer listens. */
  readonly address: Address
  /** 0 where nobody can reach the peer. */
  readonly port: number
  /** Whole seconds since 1970. */
  readonly now: number
}

/** Counters of 2⁵³ and more are beyond what any client can have moved, and beyond exact numbers. */
export function isAbsurd({ uploaded, downloaded }: Counters): boolean {
  return !(uploaded <= Number.MAX_SAFE_INTEGER && downloaded <= Number.MAX_SAFE_INTEGER)
}
