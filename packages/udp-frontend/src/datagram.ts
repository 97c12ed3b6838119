import type { Action, Drop } from '@chihaya/core'
import { PacketBuffer } from './packets/packet-buffer.ts'
import type { Source } from './source.ts'

const NOTHING = PacketBuffer.allocate(0)

/** The reply to a datagram whose hooks or store were asynchronous. */
export interface LateReply {
  readonly bytes: Buffer
  /** The text of a refusal; empty for an answer. */
  readonly refusal: string
}

/**
 * A datagram, the room for its reply, and what the dispatcher did with it. A socket fills in the
 * same object again and again. All positions are in bytes.
 */
export class Datagram {
  input: PacketBuffer = NOTHING
  /**
   * The datagram extends from `start` to `end`. Of a datagram longer than the dispatcher's
   * `requestRoom`, `input` may hold the beginning only.
   */
  start = 0
  end = 0
  source: Source = { address: new Uint8Array(4), port: 0 }
  output: PacketBuffer = NOTHING
  /** Where the reply goes: an even position followed by `replyRoom` free bytes. */
  replyAt = 0

  /** The client's request. */
  action: Action = 'other'
  /** The client's number for its request, which the reply repeats. */
  transaction = 0
  /** Why there is no reply; undefined if there is one. */
  drop: Drop | undefined = undefined
  /** The text of a refusal; empty for an answer. */
  refusal = ''

  /** Bytes of the datagram. */
  get length(): number {
    return this.end - this.start
  }

  /** Records why there is no reply. Returns its length, 0. */
  dropped(drop: Drop): 0 {
    this.drop = drop
    return 0
  }
}

/** Answers datagrams for a socket. */
export interface DatagramHandler {
  /** Bytes that every reply fits into. */
  readonly replyRoom: number
  /** Bytes that every valid request fits into. */
  readonly requestRoom: number

  /**
   * Reads the clock, which costs as much as checking a connection id. Sockets call it before each
   * datagram, or before each batch.
   */
  readClock(): void

  /**
   * Handles a datagram: writes the reply to `replyAt` and returns its length, or 0 for no reply,
   * and records the outcome in the datagram. If a hook or the store is asynchronous, it returns a
   * promise of a reply in its own memory. The datagram may be filled in again as soon as this
   * returns. Never throws.
   */
  handle(datagram: Datagram): number | Promise<LateReply>
}
