import type { Address, ProxyHeader } from '@chihaya/bittorrent'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Is told when a connection has requests under way, and when it has none. */
export interface RequestWatch {
  busy(): void
  idle(): void
}

/** What Node keeps of a socket; the system's side of it is nowhere else. */
interface WithHandle {
  readonly _handle?: { readonly fd?: number; readonly writeQueueSize?: number } | null
}

/** A connection that a listener has accepted, and the replies that are due on it. */
export class Connection {
  /** What was accepted; over TLS that is not what requests come over. */
  readonly socket: Socket
  /**
   * Who is at the other end, a proxy's client where the proxy says so; undefined over a Unix
   * socket.
   */
  source: Address | undefined
  /** The same as the header of the PROXY protocol has it. */
  proxied: ProxyHeader['source']
  /** Set where connections are counted. */
  watch: RequestWatch | undefined
  /** What each request is under way for, in the order of the requests. */
  readonly #due = new Map<ServerResponse, () => void>()
  #last: ServerResponse | undefined
  #endsWithLast = false
  #isUpgraded = false
  /**
   * Bytes that the system had not taken when they were last looked at, and when they were last
   * fewer than before.
   */
  #unsent = 0
  #movedAt = 0

  constructor(socket: Socket) {
    this.socket = socket
    // The response alone does not tell that it is done with: of several on one connection, Node 20
    // and 22 leave those open for ever that come behind the last one that was sent.
    socket.once('close', () => {
      for (const done of this.#due.values()) done()
      this.#due.clear()
    })
  }

  /** The number of its file descriptor; -1 where the system has none. */
  get descriptor(): number {
    return (this.socket as WithHandle)._handle?.fd ?? -1
  }

  /** Calls `done` once: when the request is answered, or when the connection has gone. */
  begin(request: IncomingMessage, response: ServerResponse, done: () => void): void {
    if (this.#endsWithLast) {
      // Of several that come at once, the one before is no longer the last.
      if (this.#last && !this.#last.headersSent) this.#last.shouldKeepAlive = true
      response.shouldKeepAlive = false
    }
    this.#last = response
    this.#due.set(response, done)
    // One that has yet to arrive in full is not under way: whoever never ends it only holds the
    // connection open.
    if (request.headers['transfer-encoding'] === undefined) this.watch?.busy()
    else request.once('end', () => this.#due.has(response) && this.watch?.busy())
    response.once('close', () => {
      if (!this.#due.delete(response)) return
      if (this.#last === response) this.#last = undefined
      done()
      if (this.#due.size === 0 && !this.#isUpgraded) this.watch?.idle()
    })
  }

  /** Leaves the connection to the application. It is busy until it ends. */
  upgrade(): void {
    this.#isUpgraded = true
    this.watch?.busy()
  }

  get isUpgraded(): boolean {
    return this.#isUpgraded
  }

  /** Has the last reply that is due say that the connection ends with it, and end it. */
  endWithLast(): void {
    this.#endsWithLast = true
    if (this.#last && !this.#last.headersSent) this.#last.shouldKeepAlive = false
  }

  /**
   * Whether the system has not taken a byte of what is written for `patience` milliseconds: the
   * client does not read.
   */
  isStalled(now: number, patience: number): boolean {
    const unsent = (this.socket as WithHandle)._handle?.writeQueueSize ?? 0
    // Requests that go on arriving are no sign of a client that reads, nor are the replies that
    // pile up.
    const isMoving = unsent === 0 || this.#unsent === 0 || unsent < this.#unsent
    this.#unsent = unsent
    if (isMoving) this.#movedAt = now
    return !isMoving && now - this.#movedAt >= patience
  }
}
