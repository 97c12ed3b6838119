import { lookup } from 'node:dns/promises'
import type { AddressInfo } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import type { Dispatcher } from './dispatch.ts'

const REPORT_INTERVAL = 1000
// What a host without IPv6 says to a bind.
const NO_SUCH_FAMILY: ReadonlySet<string | undefined> = new Set(['EAFNOSUPPORT', 'EADDRNOTAVAIL'])

export interface SocketLog {
  info(details: object, message: string): void
  warn(details: object, message: string): void
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
  readonly dispatcher: Dispatcher
  readonly log: SocketLog
  /** Milliseconds that `drain` waits for replies. */
  readonly drainTimeout: number
}

/** One bound address: it feeds datagrams to the dispatcher, and sends the replies from where they were received. */
export abstract class UdpSocket {
  protected readonly init: UdpSocketInit
  /** Replies that are not with the system yet. */
  #pending = 0
  #idle: (() => void) | undefined
  #errors = 0
  #reportedAt = Number.NEGATIVE_INFINITY

  constructor(init: UdpSocketInit) {
    this.init = init
  }

  /** The bound address, or undefined when there is none. */
  abstract address(): AddressInfo | undefined

  /** Binds to an address that has been resolved and starts reading. @throws what the system says, with nothing left open. */
  protected abstract open(address: string, family: 4 | 6): Promise<void>

  protected abstract stopReading(): void

  abstract close(): Promise<void>

  /** Binds and starts reading. @throws what the system says, unless the address is optional and the host does not have it. */
  async bind(): Promise<void> {
    const { host, port, optional, log } = this.init
    const { address, family } = await lookup(host)
    try {
      await this.open(address, family === 6 ? 6 : 4)
    } catch (error) {
      if (!optional || !NO_SUCH_FAMILY.has((error as NodeJS.ErrnoException).code)) throw error
      log.info({ host, port, err: error }, 'the UDP tracker skips an address that this host does not have')
      return
    }
    const bound = this.address()
    log.info({ address: bound?.address, port: bound?.port }, 'the UDP tracker listens')
  }

  /** Reads what has arrived, stops reading, and waits for the replies that are on their way. */
  async drain(): Promise<void> {
    if (!this.address()) return
    // The first turn may be past its poll for datagrams; the second has one for sure.
    await setImmediate()
    await setImmediate()
    this.stopReading()
    if (this.#pending === 0) return
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve) => {
      this.#idle = resolve
      timer = setTimeout(resolve, this.init.drainTimeout)
    })
    clearTimeout(timer)
    if (this.#pending > 0) this.init.log.warn({ pending: this.#pending }, 'UDP replies were not ready when the tracker closed')
  }

  /** Counts a reply that `drain` has to wait for. */
  protected begin(): void {
    this.#pending++
  }

  /** Counts one off that is with the system, or has failed. */
  protected end(): void {
    if (--this.#pending === 0) this.#idle?.()
  }

  /** Logs an error and how many there have been, once a second: a host without a route has one for every reply. */
  protected report(error: Error): void {
    this.#errors++
    const now = performance.now()
    if (now - this.#reportedAt < REPORT_INTERVAL) return
    this.#reportedAt = now
    this.init.log.warn({ err: error, errors: this.#errors }, 'a UDP socket failed')
  }
}
