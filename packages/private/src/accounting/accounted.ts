import type { Address } from '@chihaya/bittorrent'
import type { Bytes, DeltaFlag, FreeReason } from '@chihaya/deltas'
import type { Rate } from './credit.ts'
import type { SessionState } from './session-state.ts'

/** Why an announce is refused although its user and torrent are known. */
export type Refusal = 'leeching forbidden' | 'too many clients' | 'no slot'

/** Where a peer was reached, and is not any more. */
export interface Endpoint {
  readonly address: Address
  readonly port: number
}

/** What an announce did to accounts. One object serves all announces, one after the other. */
export class Accounted {
  /** The session, or 0 where there is none. */
  session = 0
  /** Whether the session is a new one. */
  isNew = false
  refusal: Refusal | undefined = undefined
  /** Whether the peer is kept out of the answers to others. */
  hidden = false
  /** Whether there is something to record. */
  changed = false
  before: SessionState | undefined = undefined
  state: SessionState = 'leeching'

  /** Bytes moved since the last announce, as the client counts. */
  rawUp = 0
  rawDown = 0
  rawCorrupt = 0
  /** Bytes that count for the user. */
  creditUp: Bytes = 0
  creditDown: Bytes = 0
  /** Seconds. */
  seedTime = 0
  leechTime = 0
  /** Bytes a second. */
  upSpeed = 0
  downSpeed = 0
  snatch = false
  /** Whether the snatch ends the token that paid for it. */
  tokenUsed = false
  readonly suspicions: Set<DeltaFlag> = new Set()
  readonly rate: Rate = { free: undefined, divisor: 100, up: 100, down: 100 }
  /** Endpoints that leave the swarm, besides what the announce does by itself. */
  readonly vacated: Endpoint[] = []
  /** Sessions of the same user that this one replaces. */
  readonly replaced: number[] = []

  get free(): FreeReason | undefined {
    return this.rate.free
  }

  begin(): void {
    this.session = 0
    this.isNew = false
    this.refusal = undefined
    this.hidden = false
    this.changed = false
    this.before = undefined
    this.rawUp = 0
    this.rawDown = 0
    this.rawCorrupt = 0
    this.creditUp = 0
    this.creditDown = 0
    this.seedTime = 0
    this.leechTime = 0
    this.upSpeed = 0
    this.downSpeed = 0
    this.snatch = false
    this.tokenUsed = false
    this.rate.free = undefined
    if (this.suspicions.size > 0) this.suspicions.clear()
    this.vacated.length = 0
    this.replaced.length = 0
  }
}
