import { parseDuration, type Duration } from '@chihaya/core'
import { recommendedServerOptions } from '@chihaya/http-frontend'
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { ListenAddress } from './go-address.ts'
import { resolveTcp } from './resolve-address.ts'
import { listenError } from './listen-error.ts'

export interface HttpListenerOptions {
  readonly address: ListenAddress
  /** Serves HTTPS with this certificate and key, both in PEM. */
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer }
  /** Time for a request to arrive in full. @default '5s' */
  readonly readTimeout?: Duration
  /** Time a connection may stand still while it is answered. @default '5s' */
  readonly writeTimeout?: Duration
  /** Time a connection is kept for the next request. @default '30s' */
  readonly idleTimeout?: Duration
}

const CLOSING_STEP = 50
// What Node's timers can count.
const LONGEST = 0x7fff_ffff

/** One HTTP or HTTPS address of the tracker: a server of its own, since a Fastify instance listens only once. */
export class HttpListener {
  readonly protocol: 'http' | 'https'
  readonly #address: ListenAddress
  readonly #server: Server
  #answering = 0

  constructor(options: HttpListenerOptions, handler: RequestListener) {
    const { tls, readTimeout = '5s', writeTimeout = '5s', idleTimeout = '30s' } = options
    this.#address = options.address
    this.protocol = tls ? 'https' : 'http'
    const settings = {
      ...recommendedServerOptions.http,
      headersTimeout: timeout(readTimeout),
      requestTimeout: timeout(readTimeout),
      keepAliveTimeout: timeout(idleTimeout),
    }
    // Clients that could speak HTTP/2 have nothing to gain from it.
    const secure = { ...tls, ALPNProtocols: ['http/1.1'], handshakeTimeout: timeout(readTimeout) }
    this.#server = tls ? createTlsServer({ ...settings, ...secure }) : createServer(settings)
    this.#server.timeout = timeout(writeTimeout)
    this.#server.maxRequestsPerSocket = recommendedServerOptions.maxRequestsPerSocket
    this.#server.on('clientError', recommendedServerOptions.clientErrorHandler)
    this.#server.on('request', (request, response) => {
      this.#answering++
      response.once('close', () => this.#answering--)
      handler(request, response)
    })
  }

  /** Listens. @throws an error that names the address and the key that asked for it. */
  async open(): Promise<AddressInfo> {
    try {
      this.#server.listen(await resolveTcp(this.#address))
      await once(this.#server, 'listening')
    } catch (error) {
      throw listenError(this.protocol, this.#address, error)
    }
    return this.#server.address() as AddressInfo
  }

  /** Accepts no more connections, waits for the replies that are due, and ends what is left. */
  async close(): Promise<void> {
    if (!this.#server.listening) return
    const closed = once(this.#server, 'close')
    this.#server.close()
    // The first step leaves time to requests that have arrived but are not read yet.
    do {
      // oxlint-disable-next-line no-await-in-loop
      await delay(CLOSING_STEP)
    } while (this.#answering > 0)
    this.#server.closeAllConnections()
    await closed
  }
}

/** Whole milliseconds that a timer can wait. */
function timeout(duration: Duration): number {
  return Math.min(Math.max(Math.round(parseDuration(duration)), 1), LONGEST)
}
