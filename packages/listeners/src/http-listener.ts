import { Pending } from '@chihaya/core'
import { once } from 'node:events'
import { chmodSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { ConnectionLimit, type DropListener } from './connection-limit.ts'
import { isUnixAddress } from './address.ts'
import { ACCEPT_QUEUE, Connections, type ConnectionRules } from './connections.ts'
import type { HttpService } from './http-service.ts'
import { listenError } from './listen-error.ts'
import { milliseconds, type HttpListenerOptions, type ServerSettings } from './options.ts'
import { resolveTcp } from './resolve-address.ts'
import { listenUnix } from './unix-socket.ts'

// Requests under way at a time. A stalled application must not fill memory with waiting requests:
// a connection brings up to a hundred.
const MAX_REQUESTS = 20_000
const MAX_REQUESTS_PER_SOCKET = 100

const CLOSING_STEP = 50
/** Milliseconds for a TLS handshake or a request that has begun to arrive in full. */
const CLOSING_GRACE = 1000
// Longer than answers take unless something is wrong, and shorter than a process may take to stop.
const CLOSING_PATIENCE = 8000
const UNIX_MODE = 0o660

type Certificate = NonNullable<HttpListenerOptions['tls']>

/** What the listeners of one application have in common. */
export interface ListenerInit {
  /** @default one with the default limits */
  readonly limit?: ConnectionLimit
  /** Called for connections that are not accepted, unless `limit` reports them. */
  readonly onDrop?: DropListener
  /** @default {} */
  readonly server?: ServerSettings
  /** Answers a request when too many others are under way. @default status 503 */
  readonly refuse?: (response: ServerResponse) => void
}

/** An HTTP or HTTPS address with its own server, since a Fastify instance listens only once. */
export class HttpListener {
  readonly protocol: 'http' | 'https'
  #options: HttpListenerOptions
  #service: HttpService
  readonly #server: Server | TlsServer
  readonly #requests = new Pending()
  readonly #connections: Connections
  readonly #refuse: (response: ServerResponse) => void
  #closing: Promise<void> | undefined

  constructor(options: HttpListenerOptions, service: HttpService, init: ListenerInit = {}) {
    const { tls, readTimeout = '5s' } = options
    const { limit = new ConnectionLimit(), onDrop = () => undefined, server = {} } = init
    const { http = {}, clientErrorHandler = refuseBytes } = server
    this.#options = options
    this.#service = service
    this.protocol = tls ? 'https' : 'http'
    // HTTP/2 would gain nothing for short requests.
    const secure = {
      ...tls,
      ALPNProtocols: ['http/1.1'],
      handshakeTimeout: milliseconds(readTimeout),
    }
    this.#server = tls ? createTlsServer({ ...http, ...secure }) : createServer(http)
    this.#server.maxRequestsPerSocket = server.maxRequestsPerSocket ?? MAX_REQUESTS_PER_SOCKET
    this.#refuse = init.refuse ?? refuseRequest
    this.#connections = new Connections({
      server: this.#server,
      address: options.address,
      rules: rulesOf(options),
      limit,
      onDrop,
      refuse: clientErrorHandler,
    })
    this.#setTimeouts()
    this.#server.once('listening', () => {
      this.#server.on('error', (error: NodeJS.ErrnoException) =>
        onDrop(dropOf(error), 'new', { err: error }),
      )
    })
    this.#server.on('clientError', clientErrorHandler)
    this.#server.on('request', (request, response) => this.#answer(request, response))
    this.#listenForUpgrades()
  }

  get options(): HttpListenerOptions {
    return this.#options
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#connections.size
  }

  /** Listens. @throws {ListenError} */
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

  /** Where it listens, for a Unix socket its path; null if it does not listen. */
  address(): AddressInfo | string | null {
    // Node names the path of a Unix socket even if it could not listen there.
    return this.#server.listening ? this.#server.address() : null
  }

  /**
   * Hands the next request to another service. Timeouts, proxies and certificate of the options
   * apply to new connections, except the time for a TLS handshake, which stays. Address and protocol
   * must be the same.
   *
   * @returns whether the certificate has changed.
   */
  serve(options: HttpListenerOptions, service: HttpService): boolean {
    const { tls } = this.#options
    this.#options = options
    this.#service = service
    this.#setTimeouts()
    this.#connections.configure(rulesOf(options))
    this.#listenForUpgrades()
    // An equal context would still end all TLS sessions, which clients then could not resume.
    if (!options.tls || isSameCertificate(tls, options.tls)) return false
    ;(this.#server as TlsServer).setSecureContext(options.tls)
    return true
  }

  /** Gives a Unix socket the permissions of the options in force. @throws if the system refuses. */
  setUnixMode(): void {
    const { address, unixMode = UNIX_MODE } = this.#options
    if (isUnixAddress(address)) chmodSync(address.path, unixMode)
  }

  /**
   * Answers what has arrived, accepts no more connections, waits for the replies that are due,
   * `patience` milliseconds at most, and ends the rest. Upgraded connections are left to the
   * service.
   */
  async close(patience: number = CLOSING_PATIENCE): Promise<void> {
    if (!this.#server.listening) return this.#closing
    return (this.#closing ??= this.#finish(performance.now() + patience))
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const service = this.#service
    const { requests } = service
    if (requests.count >= MAX_REQUESTS) return this.#refuse(response)
    this.#requests.begin()
    requests.begin()
    this.#connections.of(request.socket)?.begin(request, response, () => {
      this.#requests.end()
      requests.end()
    })
    // The last reply of a connection says that it is the last, so all requests that have arrived
    // must be known first.
    if (this.#connections.ending) setImmediate(() => service.answer(request, response))
    else service.answer(request, response)
  }

  /** Without a listener for upgrades, Node has their requests answered like any other. */
  #listenForUpgrades(): void {
    this.#server.off('upgrade', this.#upgrade)
    if (this.#service.takesUpgrades && !this.#connections.ending)
      this.#server.on('upgrade', this.#upgrade)
  }

  readonly #upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    this.#connections.of(request.socket)?.upgrade()
    // Node no longer manages the connection, so it would stay open if the application ignores it.
    const { bytesWritten } = request.socket
    const unanswered = setTimeout(() => {
      if (request.socket.bytesWritten === bytesWritten) socket.destroy()
    }, this.#server.timeout)
    socket.once('close', () => clearTimeout(unanswered))
    this.#service.upgrade(request, socket, head)
  }

  async #finish(deadline: number): Promise<void> {
    this.#connections.endWithLast()
    this.#listenForUpgrades()
    await this.#connections.acceptQueued(deadline)
    const closed = new Promise<unknown>((resolve) => this.#server.close(resolve))
    const grace = Math.min(performance.now() + CLOSING_GRACE, deadline)
    let received: number
    do {
      received = this.#connections.receivedBytes
      // oxlint-disable-next-line no-await-in-loop
      await delay(CLOSING_STEP)
      // oxlint-disable-next-line no-await-in-loop
      await this.#requests.idle(deadline)
    } while (this.#connections.receivedBytes !== received && performance.now() < grace)
    // Upgraded connections are the service's to end.
    if (!this.#connections.destroy()) await closed
  }

  #setTimeouts(): void {
    const { readTimeout = '5s', writeTimeout = '5s', idleTimeout = '30s' } = this.#options
    this.#server.headersTimeout = milliseconds(readTimeout)
    this.#server.requestTimeout = milliseconds(readTimeout)
    this.#server.keepAliveTimeout = milliseconds(idleTimeout)
    this.#server.timeout = milliseconds(writeTimeout)
  }
}

function isSameCertificate(one: Certificate | undefined, other: Certificate): boolean {
  return one !== undefined && one.cert.equals(other.cert) && one.key.equals(other.key)
}

function rulesOf({
  readTimeout = '5s',
  writeTimeout = '5s',
  proxyProtocolFrom,
}: HttpListenerOptions): ConnectionRules {
  return {
    readTimeout: milliseconds(readTimeout),
    writeTimeout: milliseconds(writeTimeout),
    proxyProtocolFrom,
  }
}

/** Why a connection was not accepted. */
function dropOf({ code }: NodeJS.ErrnoException): 'open_files' | 'accept' {
  return code === 'EMFILE' || code === 'ENFILE' ? 'open_files' : 'accept'
}

function refuseRequest(response: ServerResponse): void {
  response.writeHead(503, { 'content-length': 0, connection: 'close' }).end()
}

function refuseBytes(_error: Error, socket: Socket): void {
  if (!socket.writable) socket.destroy()
  else socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
}
