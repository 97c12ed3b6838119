import type { AddressInfo } from 'node:net'
import { Dispatcher, type DispatcherInit, type TrackerOfFrontend } from './dispatch.ts'
import type { UdpFrontendOptions } from './options.ts'
import { Slab } from './slab.ts'
import { chooseTransport } from './transport.ts'
import type { SocketLog, UdpSocket } from './udp-socket.ts'
import { sourceFrom } from './source.ts'

const DRAIN_TIMEOUT = 5000

/** The UDP side of a tracker. */
export interface UdpTracker {
  /** The bound addresses, in the order of the `listen` option; none before `onReady`. */
  addresses(): AddressInfo[]
  /**
   * Handles a datagram as if it had come from `source`, without a socket. The reply, or undefined when there is none.
   * @throws {TypeError} when `source.address` is no IP address.
   */
  inject(datagram: Uint8Array, source: { address: string; port: number }): Promise<Buffer | undefined>
}

export interface UdpFrontendInit {
  readonly tracker: TrackerOfFrontend
  /** As `parseOptions` leaves them. */
  readonly options: Required<UdpFrontendOptions>
  /** Whether addresses that the host does not have are passed over. */
  readonly optionalAddresses: boolean
  readonly log: SocketLog & DispatcherInit['log']
  /** Milliseconds since 1970. */
  readonly now?: () => number
  /** Milliseconds that `drain` waits for replies. */
  readonly drainTimeout?: number
}

/** The sockets of one tracker, and the dispatcher they share: a connection id is good at each of them. */
export class UdpFrontend implements UdpTracker {
  readonly #init: UdpFrontendInit
  readonly #dispatcher: Dispatcher
  #sockets: readonly UdpSocket[] = []

  constructor(init: UdpFrontendInit) {
    this.#init = init
    this.#dispatcher = new Dispatcher(init)
  }

  /** Binds every socket. @throws the first error, with no socket left open. */
  async bind(): Promise<void> {
    const { options, log, optionalAddresses: optional, drainTimeout = DRAIN_TIMEOUT } = this.#init
    const { receiveBufferSize, reusePort } = options
    const open = await chooseTransport(options.transport, log)
    const dispatcher = this.#dispatcher
    this.#sockets = options.listen.map(({ host, port }) =>
      open({ host, port, optional, receiveBufferSize, reusePort, dispatcher, log, drainTimeout }),
    )
    const bound = await Promise.allSettled(this.#sockets.map((socket) => socket.bind()))
    const failed = bound.find((result) => result.status === 'rejected')
    if (!failed) return
    await this.close()
    throw failed.reason
  }

  async drain(): Promise<void> {
    await Promise.all(this.#sockets.map((socket) => socket.drain()))
  }

  async close(): Promise<void> {
    await Promise.all(this.#sockets.map((socket) => socket.close()))
  }

  addresses(): AddressInfo[] {
    return this.#sockets.flatMap((socket) => socket.address() ?? [])
  }

  async inject(datagram: Uint8Array, source: { address: string; port: number }): Promise<Buffer | undefined> {
    const from = sourceFrom(source.address, source.port)
    if (!from) throw new TypeError(`${JSON.stringify(source.address)} is no IP address`)
    const input = Slab.allocate(datagram.length)
    input.bytes.set(datagram)
    const output = Slab.allocate(this.#dispatcher.replyRoom)
    this.#dispatcher.readClock()
    const reply = await this.#dispatcher.handle(input, 0, datagram.length, from, output, 0)
    if (typeof reply !== 'number') return reply
    return reply === 0 ? undefined : output.bytes.subarray(0, reply)
  }
}
