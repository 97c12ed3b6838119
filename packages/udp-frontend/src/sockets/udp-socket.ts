import { Pending, type DropMeter, type Log, type SocketDrops } from '@chihaya/core'
import { lookup } from 'node:dns/promises'
import type { AddressInfo } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import type { DatagramHandler } from '../datagram.ts'
import type { UdpFrontendOptions } from '../options.ts'

const REPORT_INTERVAL = 1000
// The errors of a bind on a host without IPv6.
const NO_SUCH_FAMILY: ReadonlySet<string | undefined> = new Set(['EAFNOSUPPORT', 'EADDRNOTAVAIL'])
// The least that a datagram takes of the receive buffer, in bytes: systems also count their own
// bookkeeping.
const LEAST_FOOTPRINT = 256
// Turns of the event loop without a datagram that show the queue to be empty: the first turn may
// already be past its poll.
const IDLE_TURNS = 2

/** What a socket needs to answer datagrams. It may be replaced at any time. */
export interface UdpService {
  readonly dispatcher: DatagramHandler
  /** Replies that wait for hooks and stores. */
  readonly replies: Pending
  /** Counts what the socket drops. */
  readonly drops: DropMeter | undefined
  readonly log: Pick<Log, 'info' | 'warn'>
}

/** Bytes of the longest request and of the longest reply that a socket can take. */
export interface SocketRoom {
  readonly request: number
  readonly reply: number
}

export interface UdpSocketInit {
  readonly host: string
  readonly port: number
  /** Whether `bind` skips an address that the host does not have. */
  readonly optional: boolean
  /** Bytes; undefined for the system's default. */
  readonly receiveBufferSize: number | undefined
  /** Whether other sockets may share the port. */
  readonly reusePort: boolean
  /** The configured transport. */
  readonly transport: Required<UdpFrontendOptions>['transport']
  readonly service: UdpService
}

/**
 * A bound address: feeds datagrams to the dispatcher, and sends each reply from the address that
 * received its request.
 */
export abstract class UdpSocket {
  readonly init: UdpSocketInit
  protected service: UdpService
  /** Replies that the system has not taken yet. */
  protected readonly sending: Pending = new Pending()
  #unwatch: (() => void) | undefined
  #errors = 0
  #reportedAt = Number.NEGATIVE_INFINITY

  constructor(init: UdpSocketInit) {
    this.init = init
    this.service = init.service
  }

  abstract readonly room: SocketRoom

  /** The bound address; undefined before `bind` and after `close`. */
  abstract address(): AddressInfo | undefined

  /** Whether the socket is bound. */
  get bound(): boolean {
    return this.address() !== undefined
  }

  /**
   * Binds to a resolved address and starts reading.
   * @throws {NodeJS.ErrnoException} with nothing left open.
   */
  protected abstract open(address: string, family: 4 | 6): Promise<void>

  /** Datagrams read so far. */
  protected abstract received(): number

  /** Bytes of the system's receive buffer. */
  protected abstract receiveBuffer(): number

  protected abstract stopReading(): void

  protected abstract drops(): SocketDrops

  protected abstract release(): Promise<void>

  /**
   * Binds and starts reading.
   * @throws {NodeJS.ErrnoException} unless the address is optional and the host does not have it.
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

  /** Switches to another dispatcher, whose requests and replies must fit the socket's room. */
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
   * Reads the datagrams that have arrived, then stops reading. The system does not tell how many it
   * still holds, so this reads until none come, until as many have been read as its buffer can
   * hold, or until `deadline` by `performance.now()`.
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
   * Waits until the system has taken all replies, or until `deadline`. Returns how many are left.
   */
  async flush(deadline: number): Promise<number> {
    await this.sending.idle(deadline)
    return this.sending.count
  }

  /**
   * Logs an error and the number of errors so far, at most once a second: without a route, every
   * reply fails.
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
