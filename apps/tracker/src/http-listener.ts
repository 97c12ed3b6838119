import { parseDuration, Pending, type Duration } from '@chihaya/core'
import { recommendedServerOptions } from '@chihaya/http-frontend'
import { once } from 'node:events'
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { ConnectionLimit, type DropListener } from './connection-limit.ts'
import { isUnixAddress, type HttpAddress } from './http-address.ts'
import { ACCEPT_QUEUE, HttpConnections, type ConnectionRules } from './http-connections.ts'
import { listenError } from './listen-error.ts'
import { resolveTcp } from './resolve-address.ts'
import { listenUnix } from './unix-socket.ts'

export interface HttpListenerOptions {
  readonly address: HttpAddress
  /** Serves HTTPS with this certificate and key, both in PEM. */
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer }
  /** Time for a request to arrive in full. @default '5s' */
  readonly readTimeout?: Duration
  /** Time a connection may stand still while it is answered. @default '5s' */
  readonly writeTimeout?: Duration
  /** Time a connection is kept for the next request. @default '30s' */
  readonly idleTimeout?: Duration
  /** Permissions of a Unix socket. @default 0o660 */
  readonly unixMode?: number
  /**
   * Addresses and CIDR ranges of the proxies whose connections begin with a header of the PROXY
   * protocol, as all do over a Unix socket. Without this there are no such headers.
   */
  readonly proxyProtocolFrom?: readonly string[]
}

/** Who answers requests; another one may take its place at any time. */
export interface HttpService {
  readonly handler: RequestListener
  /** Requests that are being answered. */
  readonly requests: Pending
}

// A hook or store that stands still must not have memory fill up with what waits for it: a
// connection brings up to a hundred.
const MOST_REQUESTS = 20_000
const BUSY = 'd14:failure reason25:too many requests at oncee'
const BUSY_HEADERS = {
  'content-type': 'text/plain',
  'content-length': BUSY.length,
  'cache-control': 'no-store',
  connection: 'close',
}

const CLOSING_STEP = 50
/**
 * Milliseconds for what clients have begun to send, a TLS handshake or a request, to arrive in
 * full.
 */
const CLOSING_GRACE = 1000
// Longer than answers take unless something is wrong, and shorter than the process may take to
// stop.
const CLOSING_PATIENCE = 8000
// What Node's timers can count.
const LONGEST = 0x7fff_ffff
const UNIX_MODE = 0o660

/**
 * One HTTP or HTTPS address of the tracker: a server of its own, since a Fastify instance listens
 * only once.
 */
export class HttpListener {
  readonly protocol: 'http' | 'https'
  #options: HttpListenerOptions
  #service: HttpService
  readonly #server: Server | TlsServer
  readonly #requests = new Pending()
  readonly #connections: HttpConnections
  #closing: Promise<void> | undefined

  /**
   * `onDrop` hears of connections that are not accepted, and of those that `limit` does not hear of
   * itself.
   */
  constructor(
    options: HttpListenerOptions,
    service: HttpService,
    limit: ConnectionLimit = new ConnectionLimit(),
    onDrop: DropListener = () => undefined,
  ) {
    const { tls, readTimeout = '5s' } = options
    this.#options = options
    this.#service = service
    this.protocol = tls ? 'https' : 'http'
    const settings = recommendedServerOptions.http
    // Clients that could speak HTTP/2 have nothing to gain from it.
    const secure = { ...tls, ALPNProtocols: ['http/1.1'], handshakeTimeout: timeout(readTimeout) }
    this.#server = tls ? createTlsServer({ ...settings, ...secure }) : createServer(settings)
    this.#server.maxRequestsPerSocket = recommendedServerOptions.maxRequestsPerSocket
    this.#connections = new HttpConnections(
      this.#server,
      options.address,
      rulesOf(options),
      limit,
      onDrop,
    )
    this.#setTimeouts()
    this.#server.once('listening', () => {
      this.#server.on('error', (error: NodeJS.ErrnoException) =>
        onDrop(dropOf(error), 'new', { err: error }),
      )
    })
    this.#server.on('clientError', recommendedServerOptions.clientErrorHandler)
    this.#server.on('request', (request, response) => this.#answer(request, response))
  }

  get options(): HttpListenerOptions {
    return this.#options
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#connections.size
  }

  /** Listens. @throws an error that names the address and the key that asked for it. */
  async open(): Promise<AddressInfo | string> {
    const { address, unixMode = UNIX_MODE } = this.#options
    try {
      if (isUnixAddress(address)) {
        await listenUnix(this.#server, address.path, unixMode)
      } else {
        this.#server.listen({ ...(await resolveTcp(address)), backlog: ACCEPT_QUEUE })
        await once(this.#server, 'listening')
      }
    } catch (error) {
      throw listenError(this.protocol, address, error)
    }
    return this.address() as AddressInfo | string
  }

  /** Where it listens: for a Unix socket its path. Null when it does not. */
  address(): AddressInfo | string | null {
    return this.#server.address()
  }

  /**
   * Has another service answer from the next request on, and the timeouts, proxies and certificate
   * of other options hold for the next connection on; the time for a TLS handshake stays. The
   * address and the protocol must be the same.
   */
  serve(options: HttpListenerOptions, service: HttpService): void {
    this.#options = options
    this.#service = service
    this.#setTimeouts()
    this.#connections.configure(rulesOf(options))
    if (options.tls && 'setSecureContext' in this.#server)
      this.#server.setSecureContext(options.tls)
  }

  /**
   * Answers what has arrived, accepts no more connections, waits for the replies that are due,
   * `patience` milliseconds at most, and ends the rest.
   */
  async close(patience: number = CLOSING_PATIENCE): Promise<void> {
    if (!this.#server.listening) return this.#closing
    return (this.#closing ??= this.#finish(performance.now() + patience))
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { handler, requests } = this.#service
    if (requests.count >= MOST_REQUESTS) {
      response.writeHead(503, BUSY_HEADERS).end(BUSY)
      return
    }
    this.#requests.begin()
    requests.begin()
    this.#connections.of(request.socket)?.begin(request, response, () => {
      this.#requests.end()
      requests.end()
    })
    // The last reply of a connection says that it is the last: those that came with it have to be
    // known before.
    if (this.#connections.ending) setImmediate(() => handler(request, response))
    else handler(request, response)
  }

  async #finish(deadline: number): Promise<void> {
    this.#connections.endWithLast()
    await this.#connections.acceptQueued(deadline)
    const closed = new Promise<unknown>((resolve) => this.#server.close(resolve))
    const grace = Math.min(performance.now() + CLOSING_GRACE, deadline)
    for (;;) {
      const received = this.#connections.receivedBytes
      // oxlint-disable-next-line no-await-in-loop
      await delay(CLOSING_STEP)
      const now = performance.now()
      const isArriving = this.#connections.receivedBytes !== received && now < grace
      // Who asks on and on, or reads an answer byte by byte, would keep this from its end.
      if (!isArriving && (this.#requests.count === 0 || now >= deadline)) break
    }
    this.#connections.destroy()
    await closed
  }

  #setTimeouts(): void {
    const { readTimeout = '5s', writeTimeout = '5s', idleTimeout = '30s' } = this.#options
    this.#server.headersTimeout = timeout(readTimeout)
    this.#server.requestTimeout = timeout(readTimeout)
    this.#server.keepAliveTimeout = timeout(idleTimeout)
    this.#server.timeout = timeout(writeTimeout)
  }
}

function rulesOf({
  readTimeout = '5s',
  writeTimeout = '5s',
  proxyProtocolFrom,
}: HttpListenerOptions): ConnectionRules {
  return {
    readTimeout: timeout(readTimeout),
    writeTimeout: timeout(writeTimeout),
    proxyProtocolFrom,
  }
}

/** Why the system could not accept a connection. */
function dropOf({ code }: NodeJS.ErrnoException): 'open_files' | 'accept' {
  return code === 'EMFILE' || code === 'ENFILE' ? 'open_files' : 'accept'
}

/** Whole milliseconds that a timer can wait. */
function timeout(duration: Duration): number {
  return Math.min(Math.max(Math.round(parseDuration(duration)), 1), LONGEST)
}
