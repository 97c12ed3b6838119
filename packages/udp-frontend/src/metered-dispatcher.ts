import { addressFamily, type AddressFamily } from '@chihaya/bittorrent'
import { UNTIMED, type Action, type RequestMeter } from '@chihaya/core'
import type { Datagram, DatagramHandler, LateReply } from './datagram.ts'

export interface MeteredDispatcherInit {
  readonly dispatcher: DatagramHandler
  readonly meter: RequestMeter
  /** Whether to time every request. */
  readonly timing: boolean
}

/** Counts the outcomes of another dispatcher. */
export class MeteredDispatcher implements DatagramHandler {
  readonly replyRoom: number
  readonly requestRoom: number
  readonly #dispatcher: DatagramHandler
  readonly #meter: RequestMeter
  readonly #timing: boolean
  /** When handling began: the clock is read once between two datagrams of a batch. */
  #since = 0

  constructor({ dispatcher, meter, timing }: MeteredDispatcherInit) {
    this.replyRoom = dispatcher.replyRoom
    this.requestRoom = dispatcher.requestRoom
    this.#dispatcher = dispatcher
    this.#meter = meter
    this.#timing = timing
  }

  readClock(): void {
    this.#dispatcher.readClock()
    if (this.#timing) this.#since = performance.now()
  }

  handle(datagram: Datagram): number | Promise<LateReply> {
    const reply = this.#dispatcher.handle(datagram)
    const { action, source, length } = datagram
    if (typeof reply !== 'number')
      return this.#later(reply, action, addressFamily(source.address), length, this.#since)
    if (datagram.drop !== undefined) {
      this.#meter.drops.count(datagram.drop)
      return reply
    }
    let milliseconds = UNTIMED
    if (this.#timing) {
      const now = performance.now()
      milliseconds = now - this.#since
      this.#since = now
    }
    this.#meter.count(
      'udp',
      action,
      addressFamily(source.address),
      datagram.refusal,
      length,
      reply,
      milliseconds,
    )
    return reply
  }

  async #later(
    pending: Promise<LateReply>,
    action: Action,
    family: AddressFamily,
    length: number,
    since: number,
  ): Promise<LateReply> {
    const reply = await pending
    const milliseconds = this.#timing ? performance.now() - since : UNTIMED
    this.#meter.count(
      'udp',
      action,
      family,
      reply.refusal,
      length,
      reply.bytes.length,
      milliseconds,
    )
    return reply
  }
}
