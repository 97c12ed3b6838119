import { Pending, type DropMeter, type SocketDrops } from '@chihaya/core'
import { lookup } from 'node:dns/promises'
import type { AddressInfo } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import type { DatagramHandler } from './datagram-handler.ts'
import type { UdpFrontendOptions } from './options.ts'

const REPORT_INTERVAL = 1000
// What a host without IPv6 says to a bind.
const NO_SUCH_FAMILY: ReadonlySet<string | undefined> = new Set(['EAFNOSUPPORT', 'EADDRNOTAVAIL'])
// Bytes of the receive buffer that the shortest datagram takes at least: systems count what they
// keep beside it.
const LEAST_FOOTPRINT = 256
// Turns of the event loop without a datagram after which there is none: the first may be past its
// poll for them.
const IDLE_TURNS = 2

export interface SocketLog {
  info(details: object, message: string): void
  warn(details: object, message: string): void
}

/** What a socket needs to answer: another one may take its place at any time. */
export interface UdpService {
  readonly dispatcher: DatagramHandler
  /** Replies that hooks and stores are waited for. */
  readonly replies: Pending
  /** Counts what the socket drops. */
  readonly drops: DropMeter | undefined
  readonly log: SocketLog
}

/** Bytes of the longest request and of the longest reply that pass, whatever the dispatcher. */
export interface SocketRoom {
  readonly request: number
  readonly reply: number
}

export interface UdpSocketInit {
  readonly host: string
  readonly port: number
  /** Whether binding may pass over an address that the host does not have. */
  readonly optional: boolean
  /** Bytes; undefined for the system's default. */
  readonly receiveBufferSize: number | undefined
  /** Whether other sockets may share the port. */
  readonly reusePort: boolean
  /** The transport that was asked for. */
  readonly transport: Required<UdpFrontendOptions>['transport']
  readonly service: UdpService
}

/**
 * One bound address: it feeds datagrams to the dispatcher, and sends the replies from where they
 * were received.
 */
export abstract class UdpSocket {
  readonly init: UdpSocketInit
  protected service: UdpService
  /** Replies that are not with the system yet. */
  protected readonly sending: Pending = new Pending()
  #unwatch: (() => void) | undefined
  #errors = 0
  #reportedAt = Number.NEGATIVE_INFINITY

  constructor(init: UdpSocketInit) {
    this.init = init
    this.service = init.service
  }

  abstract readonly room: SocketRoom

  /** The bound address, or undefined when there is none. */
  abstract address(): AddressInfo | undefined

  /** Whether there is one. */
  get bound(): boolean {
    return this.address() !== undefined
  }

  /**
   * Binds to an address that has been resolved and starts reading. @throws what the system says,
   * with nothing left open.
   */
  protected abstract open(address: string, family: 4 | 6): Promise<void>

  /** Datagrams that have been read so far. */
  protected abstract received(): number

  /** Bytes of the system's queue of unread datagrams. */
  protected abstract receiveBuffer(): number

  protected abstract stopReading(): void

  protected abstract drops(): SocketDrops

  protected abstract release(): Promise<void>

  /**
   * Binds and starts reading. @throws what the system says, unless the address is optional and the
   * host does not have it.
   */
  async bind(): Promise<void> {
    const { host, port, optional } = this.init
    const { log } = this.service
    const { address, family } = await lookup(host)
    try {
      await this.open(address, family === 6 ? 6 : 4)
    } catch (error) {
      if (!optional || !NO_SUCH_FAMILY.has((error as NodeJS.ErrnoException).code)) throw error
      log.info(
        { host, port, err: error },
        'the UDP tracker skips an address that this host does not have',
      )
      return
    }
    this.#watchDrops()
    const bound = this.address()
    log.info({ address: bound?.address, port: bound?.port }, 'the UDP tracker listens')
  }

  /**
   * From the next datagram on, another dispatcher answers, whose requests and replies must be
   * within the room.
   */
  serve(service: UdpService): void {
    const { drops } = this.service
    this.service = service
    if (drops !== service.drops) this.#watchDrops()
  }

  async close(): Promise<void> {
    this.#unwatch?.()
    this.#unwatch = undefined
    await this.release()
  }

  /**
   * Reads what had arrived, and stops reading. There is no asking the system what it still holds,
   * so this reads until nothing comes, or as many datagrams as its buffer can have held, or until
   * `deadline` by `performance.now()`.
   */
  async finishReading(deadline: number): Promise<void> {
    if (!this.address()) return
    const first = this.received()
    const enough = first + this.receiveBuffer() / LEAST_FOOTPRINT
    let last = first
    for (let idle = 0; idle < IDLE_TURNS && last < enough && performance.now() < deadline;) {
      // oxlint-disable-next-line no-await-in-loop
      await setImmediate()
      const received = this.received()
      idle = received === last ? idle + 1 : 0
      last = received
    }
    this.stopReading()
  }

  /**
   * Waits until the system has all replies, or until `deadline`. Returns how many it does not have.
   */
  async flush(deadline: number): Promise<number> {
    await this.sending.idle(deadline)
    return this.sending.count
  }

  /**
   * Logs an error and how many there have been, once a second: a host without a route has one for
   * every reply.
   */
  protected report(error: Error): void {
    this.#errors++
    const now = performance.now()
    if (now - this.#reportedAt < REPORT_INTERVAL) return
    this.#reportedAt = now
    this.service.log.warn({ err: error, errors: this.#errors }, 'a UDP socket failed')
  }

  #watchDrops(): void {
    this.#unwatch?.()
    this.#unwatch = this.service.drops?.watch(() => this.drops())
  }
}
