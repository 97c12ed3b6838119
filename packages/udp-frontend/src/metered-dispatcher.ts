import { UNTIMED, type Action, type Drop, type RequestMeter } from '@chihaya/core'
import type { AddressFamily } from '@chihaya/bittorrent'
import type { DatagramHandler } from './datagram-handler.ts'
import {
  ACTION_OFFSET,
  ANNOUNCE,
  ANNOUNCE_IPV6,
  CONNECT,
  ERROR,
  HEADER_LENGTH,
  REPLY_HEADER_LENGTH,
  SCRAPE,
} from './packets/header.ts'
import type { Slab } from './slab.ts'
import { isUnicast, type Source } from './source.ts'

export interface MeteredDispatcherInit {
  readonly dispatcher: DatagramHandler
  readonly meter: RequestMeter
  /** Whether to read the clock. */
  readonly timing: boolean
  /** Whether action 4 is an announce. */
  readonly opentrackerIpv6: boolean
  readonly dropSourcePorts: readonly number[]
}

/** Counts what a dispatcher is asked and what it answers, by the bytes of both. */
export class MeteredDispatcher implements DatagramHandler {
  readonly replyRoom: number
  readonly requestRoom: number
  readonly #dispatcher: DatagramHandler
  readonly #meter: RequestMeter
  readonly #timing: boolean
  readonly #answersIpv6Announce: boolean
  readonly #dropPorts: ReadonlySet<number>
  /** When the last datagram was done with, which is when the next one's turn comes: one look at the clock serves both. */
  #since = 0

  constructor({ dispatcher, meter, timing, opentrackerIpv6, dropSourcePorts }: MeteredDispatcherInit) {
    this.replyRoom = dispatcher.replyRoom
    this.requestRoom = dispatcher.requestRoom
    this.#dispatcher = dispatcher
    this.#meter = meter
    this.#timing = timing
    this.#answersIpv6Announce = opentrackerIpv6
    this.#dropPorts = new Set([0, ...dropSourcePorts])
  }

  readClock(): void {
    this.#dispatcher.readClock()
    if (this.#timing) this.#since = performance.now()
  }

  handle(input: Slab, start: number, end: number, source: Source, output: Slab, at: number): number | Promise<Buffer> {
    const reply = this.#dispatcher.handle(input, start, end, source, output, at)
    if (typeof reply === 'number') {
      if (reply === 0) this.#meter.drops.count(this.#dropReason(input.bytes, start, end, source))
      else this.#count(input.bytes, start, end, source, output.bytes, at, reply)
      return reply
    }
    return this.#later(reply, this.#action(input.bytes, start), familyOf(source), end - start, this.#since)
  }

  #count(input: Buffer, start: number, end: number, source: Source, output: Buffer, at: number, reply: number): void {
    let milliseconds = UNTIMED
    if (this.#timing) {
      const now = performance.now()
      milliseconds = now - this.#since
      this.#since = now
    }
    const error = errorOf(output, at, reply)
    this.#meter.count('udp', this.#action(input, start), familyOf(source), error, end - start, reply, milliseconds)
  }

  async #later(pending: Promise<Buffer>, action: Action, family: AddressFamily, length: number, since: number): Promise<Buffer> {
    const reply = await pending
    const milliseconds = this.#timing ? performance.now() - since : UNTIMED
    this.#meter.count('udp', action, family, errorOf(reply, 0, reply.length), length, reply.length, milliseconds)
    return reply
  }

  /** The action of a datagram that was answered, and so has a whole header. */
  #action(input: Buffer, start: number): Action {
    const action = input.readInt32BE(start + ACTION_OFFSET)
    if (action === ANNOUNCE || (action === ANNOUNCE_IPV6 && this.#answersIpv6Announce)) return 'announce'
    if (action === CONNECT) return 'connect'
    return action === SCRAPE ? 'scrape' : 'other'
  }

  #dropReason(input: Buffer, start: number, end: number, source: Source): Drop {
    const length = end - start
    if (this.#dropPorts.has(source.port) || !isUnicast(source.address)) return 'source'
    if (length > this.requestRoom) return 'too_long'
    if (length < HEADER_LENGTH || input.readInt32BE(start + ACTION_OFFSET) === CONNECT) return 'malformed'
    return 'connection_id'
  }
}

function familyOf(source: Source): AddressFamily {
  return source.address.length === 4 ? 'ipv4' : 'ipv6'
}

/** The text of an error reply, and an empty one for any other. */
function errorOf(reply: Buffer, at: number, length: number): string {
  // Actions of replies fit into the last of their four bytes.
  return reply[at + 3] === ERROR ? reply.toString('latin1', at + REPLY_HEADER_LENGTH, at + length) : ''
}
