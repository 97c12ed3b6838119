import type { Address, ProxyHeader } from '@chihaya/bittorrent'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Called when a connection becomes busy or idle. A busy one has a request under way. */
export interface RequestWatch {
  busy(): void
  idle(): void
}

/** Node's private handle of a socket, the only access to the system's side of it. */
interface WithHandle {
  readonly _handle?: { readonly fd?: number; readonly writeQueueSize?: number } | null
}

/** An accepted connection, and the replies that are due on it. */
export class Connection {
  /** The TCP or Unix socket, also beneath TLS. */
  readonly socket: Socket
  /** The client's address, which a proxy may have named; undefined over a Unix socket. */
  source: Address | undefined
  /** Address and port from the header of the PROXY protocol. */
  proxied: ProxyHeader['source']
  /** Set if the connection is counted. */
  watch: RequestWatch | undefined
  /** What to call when a request is done, in the order of the requests. */
  readonly #due = new Map<ServerResponse, () => void>()
  #last: ServerResponse | undefined
  #endsWithLast = false
  #isUpgraded = false
  /** Bytes that the system had not taken at the last check, and the time they last became fewer. */
  #unsent = 0
  #movedAt = 0

  constructor(socket: Socket) {
    this.socket = socket
    // A response does not always report its end: of several on one connection, Node 20 and 22 never
    // close those after the last one that was sent.
    socket.once('close', () => {
      for (const done of this.#due.values()) done()
      this.#due.clear()
    })
  }

  /** The file descriptor, or -1. */
  get descriptor(): number {
    return (this.socket as WithHandle)._handle?.fd ?? -1
  }

  /** Calls `done` once: when the request is answered or the connection has closed. */
  begin(request: IncomingMessage, response: ServerResponse, done: () => void): void {
    if (this.#endsWithLast) {
      // Of several requests at once, the one before is no longer the last.
      if (this.#last && !this.#last.headersSent) this.#last.shouldKeepAlive = true
      response.shouldKeepAlive = false
    }
    this.#last = response
    this.#due.set(response, done)
    // A request that has not arrived in full is not under way: a client that never completes it
    // only holds the connection open.
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

  /** Ends the connection with the last reply that is due, which says so. */
  endWithLast(): void {
    this.#endsWithLast = true
    if (this.#last && !this.#last.headersSent) this.#last.shouldKeepAlive = false
  }

  /** Whether the client has not read any of the written bytes for `patience` milliseconds. */
  isStalled(now: number, patience: number): boolean {
    const unsent = (this.socket as WithHandle)._handle?.writeQueueSize ?? 0
    // Neither further requests nor replies that pile up are a sign of a client that reads.
    const isMoving = unsent === 0 || this.#unsent === 0 || unsent < this.#unsent
    this.#unsent = unsent
    if (isMoving) this.#movedAt = now
    return !isMoving && now - this.#movedAt >= patience
  }
}
