import type { ServerOptions } from 'node:http'
import type { Socket } from 'node:net'
import { LogController, type FastifyError, type FastifyReply, type FastifyRequest } from 'fastify'
import { clientErrorHandler } from './client-error-handler.ts'
import { bencodedErrorHandler } from '../routes/error-handlers.ts'
import { TrackerResponse } from './tracker-response.ts'

/** Server options for trackers, which a plugin cannot set. */
export interface RecommendedServerOptions {
  readonly routerOptions: {
    readonly querystringParser: () => Record<string, unknown>
    readonly maxParamLength: number
    readonly ignoreTrailingSlash: boolean
    readonly ignoreDuplicateSlashes: boolean
  }
  /** Options of Node's server. With TLS they belong into `https`, beside key and certificate. */
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

/** Options for `Fastify({ ...recommendedServerOptions })` of a server that is only a tracker. */
export const recommendedServerOptions: RecommendedServerOptions = {
  routerOptions: {
    // The frontend parses the raw target. Parsing it twice would cost as much as an announce.
    querystringParser: () => NO_QUERY,
    // Long enough for a token in the path.
    maxParamLength: 4096,
    ignoreTrailingSlash: true,
    ignoreDuplicateSlashes: true,
  },
  http: {
    // libtorrent sends a malformed one with IPv6 literals, HTTP/1.0 clients send none.
    requireHostHeader: false,
    insecureHTTPParser: false,
    maxHeaderSize: 16_384,
    headersTimeout: 5 * SECONDS,
    // The resolution of the timeouts.
    connectionsCheckingInterval: 1 * SECONDS,
    ServerResponse: TrackerResponse,
  },
  // Must exceed the time that a slow store takes to answer.
  connectionTimeout: 10 * SECONDS,
  requestTimeout: 5 * SECONDS,
  keepAliveTimeout: 5 * SECONDS,
  maxRequestsPerSocket: 100,
  bodyLimit: 1,
  // Announces that arrive while the server closes are answered.
  return503OnClosing: false,
  // Query strings contain passkeys, tokens and peer ids.
  logController: new LogController({ disableRequestLogging: true }),
  frameworkErrors: bencodedErrorHandler,
  clientErrorHandler,
}
