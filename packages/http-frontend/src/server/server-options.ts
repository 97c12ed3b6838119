import type { ServerOptions } from 'node:http'
import type { Socket } from 'node:net'
import { LogController, type FastifyError, type FastifyReply, type FastifyRequest } from 'fastify'
import { clientErrorHandler } from './client-error-handler.ts'
import { bencodedErrorHandler } from '../routes/error-handlers.ts'
import { TrackerResponse } from './tracker-response.ts'

/**
 * What a frontend would set if a plugin could: options that Fastify takes only where the server is
 * made.
 */
export interface RecommendedServerOptions {
  readonly routerOptions: {
    readonly querystringParser: () => Record<string, unknown>
    readonly maxParamLength: number
    readonly ignoreTrailingSlash: boolean
    readonly ignoreDuplicateSlashes: boolean
  }
  /**
   * Options of Node's own server; over TLS they belong into `https`, beside key and certificate.
   */
  readonly http: ServerOptions
  readonly connectionTimeout: number
  readonly requestTimeout: number
  readonly keepAliveTimeout: number
  readonly maxRequestsPerSocket: number
  readonly bodyLimit: number
  readonly return503OnClosing: boolean
  readonly logController: LogController
  readonly frameworkErrors: (
    error: FastifyError,
    request: FastifyRequest,
    reply: FastifyReply,
  ) => void
  readonly clientErrorHandler: (error: NodeJS.ErrnoException, socket: Socket) => void
}

const SECONDS = 1000
const NO_QUERY: Record<string, unknown> = Object.freeze(
  Object.create(null) as Record<string, unknown>,
)

/**
 * Options for `Fastify({ ...recommendedServerOptions })` of a server that is a tracker and nothing
 * else.
 */
export const recommendedServerOptions: RecommendedServerOptions = {
  routerOptions: {
    // The frontend reads the raw target; parsing it twice would cost as much as the rest of an
    // announce.
    querystringParser: () => NO_QUERY,
    // Room for a token in the path.
    maxParamLength: 4096,
    ignoreTrailingSlash: true,
    ignoreDuplicateSlashes: true,
  },
  http: {
    // libtorrent sends a malformed one for IPv6 literals, and HTTP/1.0 clients send none.
    requireHostHeader: false,
    insecureHTTPParser: false,
    maxHeaderSize: 16_384,
    headersTimeout: 5 * SECONDS,
    // Timeouts are no finer than this.
    connectionsCheckingInterval: 1 * SECONDS,
    ServerResponse: TrackerResponse,
  },
  // Silence of a connection, longer than a slow store may take to answer.
  connectionTimeout: 10 * SECONDS,
  requestTimeout: 5 * SECONDS,
  keepAliveTimeout: 5 * SECONDS,
  maxRequestsPerSocket: 100,
  bodyLimit: 1,
  // An announce that arrives while the server closes is answered like any other.
  return503OnClosing: false,
  // Query strings hold passkeys, tokens and peer ids.
  logController: new LogController({ disableRequestLogging: true }),
  frameworkErrors: bencodedErrorHandler,
  clientErrorHandler,
}
