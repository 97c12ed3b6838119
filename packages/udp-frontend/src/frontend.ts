import { Pending, type Handover, type Log, type RequestMeter } from '@chihaya/core'
import type { AddressInfo } from 'node:net'
import { connectionIds, type ConnectionIds } from './protection/connection-id.ts'
import { Dispatcher, type TrackerOfFrontend } from './dispatcher.ts'
import { MeteredDispatcher } from './metered-dispatcher.ts'
import { ProxiedDispatcher, proxyNetworks } from './proxied-dispatcher.ts'
import {
  closeSockets,
  fixedOptionsChanged,
  matchSockets,
  openSockets,
  withinRoom,
} from './open-sockets.ts'
import type { UdpFrontendOptions } from './options.ts'
import { PacketBuffer } from './packets/packet-buffer.ts'
import { Datagram, type DatagramHandler } from './datagram.ts'
import { sourceFrom } from './source.ts'
import type { UdpService, UdpSocket } from './sockets/udp-socket.ts'

const DRAIN_TIMEOUT = 5000
// Far more than a working hook or store needs. A stalled one must not fill memory.
const MAX_PENDING = 20_000

/** The UDP side of a tracker. */
export interface UdpTracker {
  /** The bound addresses, in the order of the `listen` option; none before `onReady`. */
  addresses(): AddressInfo[]
  /**
   * Handles a datagram as if it had come from `source`, without a socket.
   * @returns the reply, or undefined if there is none.
   * @throws {TypeError} if `source.address` is not an IP address.
   */
  inject(
    datagram: Uint8Array,
    source: { address: string; port: number },
  ): Promise<Buffer | undefined>
  /**
   * Prepares to take over from another application's frontend, which needs `bind: false`. Sockets
   * at addresses that both have change hands without losing a datagram, the other addresses of
   * `listen` are opened now, and connection ids stay valid. The previous frontend's other sockets
   * close once they have answered; close its application after that. Without a previous frontend,
   * all of `listen` is opened.
   *
   * @throws the first error of binding, with nothing left open.
   */
  takeOver(previous?: UdpTracker): Promise<Handover>
}

export interface UdpFrontendInit {
  readonly tracker: TrackerOfFrontend
  /** As `parseOptions` leaves them. */
  readonly options: Required<UdpFrontendOptions>
  /** Whether to skip addresses that the host does not have. */
  readonly optionalAddresses: boolean
  readonly log: Log
  /** Milliseconds since 1970. */
  readonly now?: () => number
  /** Milliseconds that `drain` waits for replies. */
  readonly drainTimeout?: number
  /** Replies that may wait for hooks and the store at a time; further requests are dropped. */
  readonly maxPending?: number
}

/** The sockets of one tracker and their dispatcher. A connection id is valid at all of them. */
export class UdpFrontend implements UdpTracker {
  readonly #init: UdpFrontendInit
  readonly #ids: ConnectionIds
  readonly #replies: Pending
  #dispatcher: DatagramHandler
  #meter: RequestMeter | undefined
  #sockets: readonly UdpSocket[] = []

  constructor(init: UdpFrontendInit) {
    this.#init = init
    this.#replies = new Pending(init.maxPending ?? MAX_PENDING)
    this.#ids = connectionIds(init.options, this.#seconds())
    this.#dispatcher = this.#makeDispatcher(init.options)
  }

  /**
   * Call this once the tracker's hooks are fixed, and before sockets are bound. With a meter, every
   * datagram is counted.
   */
  start(meter?: RequestMeter): void {
    this.#meter = meter
    this.#dispatcher = this.#makeDispatcher(this.#init.options)
  }

  /** Binds all sockets. @throws the first error, with no socket left open. */
  async bind(): Promise<void> {
    const handover = await this.takeOver()
    await handover.commit()
  }

  async takeOver(previous?: UdpTracker): Promise<Handover> {
    const { options, optionalAddresses } = this.#init
    const { listen } = options
    const from = previous instanceof UdpFrontend ? previous : undefined
    const { kept, rest } = matchSockets(listen, from ? from.#sockets : [])
    const staying = kept.filter((socket) => socket !== undefined)
    if (from) this.#ids.takeOver(from.#ids, this.#seconds())
    this.#adaptTo(staying)
    const service = this.#service()
    const missing = listen.filter((_address, index) => kept[index] === undefined)
    const opened = await openSockets(missing, options, optionalAddresses, service)
    return {
      commit: async () => {
        for (const socket of staying) socket.serve(service)
        const added = opened.values()
        this.#sockets = kept.map((socket) => socket ?? (added.next().value as UdpSocket))
        if (from) await from.#leave(rest)
      },
      cancel: () => this.#abandon(opened),
    }
  }

  /** Answers what has arrived, and closes the sockets. */
  async leave(): Promise<void> {
    await this.#leave(this.#sockets)
  }

  /** Answers what has arrived, and stops reading. */
  async drain(): Promise<void> {
    await this.#drain(this.#sockets)
  }

  async close(): Promise<void> {
    await closeSockets(this.#sockets)
  }

  addresses(): AddressInfo[] {
    return this.#sockets.flatMap((socket) => socket.address() ?? [])
  }

  async inject(
    datagram: Uint8Array,
    source: { address: string; port: number },
  ): Promise<Buffer | undefined> {
    const from = sourceFrom(source.address, source.port)
    if (!from) throw new TypeError(`${JSON.stringify(source.address)} is not an IP address`)
    const received = new Datagram()
    received.input = PacketBuffer.allocate(datagram.length)
    received.input.bytes.set(datagram)
    received.end = datagram.length
    received.source = from
    received.output = PacketBuffer.allocate(this.#dispatcher.replyRoom)
    this.#dispatcher.readClock()
    const reply = await this.#dispatcher.handle(received)
    if (typeof reply !== 'number') return reply.bytes
    return reply === 0 ? undefined : received.output.bytes.subarray(0, reply)
  }

  /** Closes these sockets once they have answered. The others belong to another tracker now. */
  async #leave(sockets: readonly UdpSocket[]): Promise<void> {
    this.#sockets = sockets
    if (sockets.length > 0) await this.#drain(sockets)
    await this.#abandon(sockets)
  }

  async #abandon(sockets: readonly UdpSocket[]): Promise<void> {
    for (const socket of sockets) {
      const { address, port } = socket.address() ?? {}
      if (address !== undefined)
        this.#init.log.info({ address, port }, 'the UDP tracker no longer listens')
    }
    await closeSockets(sockets)
  }

  async #drain(sockets: readonly UdpSocket[]): Promise<void> {
    const { drainTimeout = DRAIN_TIMEOUT, log } = this.#init
    const deadline = performance.now() + drainTimeout
    await Promise.all(sockets.map((socket) => socket.finishReading(deadline)))
    await this.#replies.idle(deadline)
    const unsent = await Promise.all(sockets.map((socket) => socket.flush(deadline)))
    const pending = unsent.reduce((sum, count) => sum + count, this.#replies.count)
    if (pending > 0) log.warn({ pending }, 'UDP replies were not ready when the tracker closed')
  }

  #seconds(): number {
    return (this.#init.now ?? Date.now)() / 1000
  }

  #makeDispatcher(options: Required<UdpFrontendOptions>): DatagramHandler {
    const proxies = proxyNetworks(options.proxyProtocolFrom)
    const dispatcher = this.#makeMetered(
      new Dispatcher({ ...this.#init, options, ids: this.#ids }),
      options,
    )
    return proxies ? new ProxiedDispatcher({ dispatcher, proxies, meter: this.#meter }) : dispatcher
  }

  #makeMetered(
    dispatcher: DatagramHandler,
    options: Required<UdpFrontendOptions>,
  ): DatagramHandler {
    const meter = this.#meter
    if (!meter) return dispatcher
    return new MeteredDispatcher({ dispatcher, meter, timing: options.requestTiming })
  }

  #service(): UdpService {
    return {
      dispatcher: this.#dispatcher,
      replies: this.#replies,
      drops: this.#meter?.drops,
      log: this.#init.log,
    }
  }

  /** Limits datagrams to the room of sockets that were opened with other options. */
  #adaptTo(sockets: readonly UdpSocket[]): void {
    const { options, log } = this.#init
    const changed = fixedOptionsChanged(sockets, options)
    if (changed.length > 0) {
      log.warn(
        { options: changed },
        'UDP sockets that stay open keep their values of these options until the next start',
      )
    }
    const within = withinRoom(sockets, options)
    const { maxReplySize, maxScrapeInfoHashes } = within
    if (
      maxReplySize === options.maxReplySize &&
      maxScrapeInfoHashes === options.maxScrapeInfoHashes
    )
      return
    log.warn(
      { maxReplySize, maxScrapeInfoHashes },
      'UDP sockets that stay open have no room for more until the next start',
    )
    this.#dispatcher = this.#makeDispatcher(within)
  }
}
