import dgram, { type RemoteInfo, type Socket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import type { Dispatcher } from './dispatch.ts'
import { Slab } from './slab.ts'
import { sourceFrom } from './source.ts'

// Replies are written one behind the other and never over one another, as the system may still have to read them.
const OUTPUT_LENGTH = 65_536
// The longest that UDP can carry.
const MAX_DATAGRAM = 65_536
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
  readonly dispatcher: Dispatcher
  readonly log: SocketLog
  /** Milliseconds that `drain` waits for replies. */
  readonly drainTimeout: number
}

/** One bound address: it feeds datagrams to the dispatcher, and sends the replies from where they were received. */
export class UdpSocket {
  readonly #init: UdpSocketInit
  #socket: Socket | undefined
  readonly #input = Slab.allocate(MAX_DATAGRAM)
  #output = Slab.allocate(0)
  #outputAt = 0
  /** Replies that are not with the system yet. */
  #pending = 0
  #idle: (() => void) | undefined
  #errors = 0
  #reportedAt = Number.NEGATIVE_INFINITY

  constructor(init: UdpSocketInit) {
    this.#init = init
  }

  /** The bound address, or undefined when there is none. */
  address(): AddressInfo | undefined {
    return this.#socket?.address()
  }

  /** Binds and starts reading. @throws what the system says, unless the address is optional and the host does not have it. */
  async bind(): Promise<void> {
    const { host, port, optional, receiveBufferSize, log } = this.#init
    const { address, family } = await lookup(host)
    const socket = dgram.createSocket({
      type: family === 6 ? 'udp6' : 'udp4',
      ipv6Only: family === 6,
      // Every address here is an address already. The default would ask the resolver about each reply's.
      lookup: (literal, _options, done) => done(null, literal, family),
      ...(receiveBufferSize !== undefined && { recvBufferSize: receiveBufferSize }),
    })
    socket.once('listening', () => socket.on('error', (error) => this.#report(error)))
    socket.on('message', (message, remote) => this.#receive(socket, message, remote))
    try {
      const listening = once(socket, 'listening')
      socket.bind(port, address)
      await listening
    } catch (error) {
      socket.close()
      if (!optional || !NO_SUCH_FAMILY.has((error as NodeJS.ErrnoException).code)) throw error
      log.info({ host, port, err: error }, 'the UDP tracker skips an address that this host does not have')
      return
    }
    this.#socket = socket
    log.info({ address: socket.address().address, port: socket.address().port }, 'the UDP tracker listens')
  }

  /** Reads what has arrived, stops reading, and waits for the replies that are on their way. */
  async drain(): Promise<void> {
    if (!this.#socket) return
    // The first turn may be past its poll for datagrams; the second has one for sure.
    await setImmediate()
    await setImmediate()
    this.#socket.removeAllListeners('message')
    if (this.#pending === 0) return
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve) => {
      this.#idle = resolve
      timer = setTimeout(resolve, this.#init.drainTimeout)
    })
    clearTimeout(timer)
    if (this.#pending > 0) this.#init.log.warn({ pending: this.#pending }, 'UDP replies were not ready when the tracker closed')
  }

  async close(): Promise<void> {
    const socket = this.#socket
    if (!socket) return
    this.#socket = undefined
    socket.close()
    await once(socket, 'close')
  }

  #receive(socket: Socket, message: Buffer, remote: RemoteInfo): void {
    const source = sourceFrom(remote.address, remote.port)
    if (!source) return
    const { dispatcher } = this.#init
    if (this.#output.bytes.length - this.#outputAt < dispatcher.replyRoom) {
      this.#output = Slab.allocate(Math.max(OUTPUT_LENGTH, dispatcher.replyRoom))
      this.#outputAt = 0
    }
    this.#input.bytes.set(message)
    const reply = dispatcher.handle(this.#input, 0, message.length, source, this.#output, this.#outputAt)
    if (typeof reply === 'number') {
      if (reply === 0) return
      this.#pending++
      this.#send(socket, this.#output.bytes, this.#outputAt, reply, remote)
      this.#outputAt = (this.#outputAt + reply + 1) & ~1
    } else {
      this.#pending++
      void this.#sendLater(socket, reply, remote)
    }
  }

  async #sendLater(socket: Socket, reply: Promise<Buffer>, remote: RemoteInfo): Promise<void> {
    const buffer = await reply
    // A socket that did not wait for this reply any longer is closed.
    if (socket === this.#socket) this.#send(socket, buffer, 0, buffer.length, remote)
  }

  #send(socket: Socket, buffer: Buffer, at: number, length: number, remote: RemoteInfo): void {
    socket.send(buffer, at, length, remote.port, remote.address, this.#sent)
  }

  // One function for all replies: a closure for each would hold on to its buffer.
  readonly #sent = (error: Error | null): void => {
    if (error) this.#report(error)
    if (--this.#pending === 0) this.#idle?.()
  }

  /** Logs an error and how many there have been, once a second: a host without a route has one for every reply. */
  #report(error: Error): void {
    this.#errors++
    const now = performance.now()
    if (now - this.#reportedAt < REPORT_INTERVAL) return
    this.#reportedAt = now
    this.#init.log.warn({ err: error, errors: this.#errors }, 'a UDP socket failed')
  }
}
