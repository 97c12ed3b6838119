import type { Action, Drop } from '@chihaya/core'
import { PacketBuffer } from './packets/packet-buffer.ts'
import type { Source } from './source.ts'

const NOTHING = PacketBuffer.allocate(0)

/** The reply to a datagram that hooks or the store were waited for. */
export interface LateReply {
  readonly bytes: Buffer
  /** The text of a refusal; empty for an answer. */
  readonly refusal: string
}

/**
 * A datagram, the room for its reply, and what the dispatcher has made of it. A socket fills one
 * and the same object again and again. All positions are in bytes.
 */
export class Datagram {
  input: PacketBuffer = NOTHING
  /**
   * The datagram reaches from `start` to `end`, where `input` may hold only as much as the
   * dispatcher has room for.
   */
  start = 0
  end = 0
  source: Source = { address: new Uint8Array(4), port: 0 }
  output: PacketBuffer = NOTHING
  /**
   * Where the reply goes, an even position with as many bytes free as the dispatcher's `replyRoom`.
   */
  replyAt = 0

  /** What was asked for. */
  action: Action = 'other'
  /** The id that the client has given its request. */
  transaction = 0
  /** Why it got no reply; undefined when there is one. */
  drop: Drop | undefined = undefined
  /** The text that it was refused with; empty for an answer. */
  refusal = ''

  /** Bytes of the datagram. */
  get length(): number {
    return this.end - this.start
  }

  /** Notes why there is no reply; its length, 0. */
  dropped(drop: Drop): 0 {
    this.drop = drop
    return 0
  }
}
