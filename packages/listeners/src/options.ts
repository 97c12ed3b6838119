import { LONGEST_TIMER, parseDuration, type Duration } from '@chihaya/core'
import type { ServerOptions } from 'node:http'
import type { Socket } from 'node:net'
import type { HttpAddress } from './address.ts'

/** One address, and how it is served. */
export interface HttpListenerOptions {
  readonly address: HttpAddress
  /** Serves HTTPS with this certificate and key, both in PEM. */
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer }
  /** Time for a request to arrive in full. @default '5s' */
  readonly readTimeout?: Duration
  /** Time a connection may stall while it is answered. @default '5s' */
  readonly writeTimeout?: Duration
  /** Time a connection is kept for the next request. @default '30s' */
  readonly idleTimeout?: Duration
  /** Permissions of a Unix socket. @default 0o660 */
  readonly unixMode?: number
  /**
   * Addresses and CIDR ranges of proxies whose connections must begin with a header of the PROXY
   * protocol. If set, even to an empty list, so must connections to a Unix socket.
   */
  readonly proxyProtocolFrom?: readonly string[]
}

/** Limits that all addresses share. */
export interface ConnectionLimits {
  /** Connections at a time, at all addresses together; 0 for no limit. @default 10000 */
  readonly maxConnections?: number
  /**
   * The same from one IPv4 address or IPv6 /64; 0 for no limit. @default a tenth of
   * `maxConnections`, and 100 at least
   */
  readonly maxConnectionsPerIp?: number
  /** Addresses and CIDR ranges of clients that are neither counted nor limited. @default [] */
  readonly unlimited?: readonly string[]
  /** Leave the last file descriptors of the process to others. @default true */
  readonly sparesDescriptors?: boolean
}

/** Settings of Node's servers, named as in the options of `Fastify()`. */
export interface ServerSettings {
  readonly http?: ServerOptions
  /** @default 100 */
  readonly maxRequestsPerSocket?: number
  /** Answers bytes that are not a request, and ends the connection. @default status 400 */
  readonly clientErrorHandler?: (error: NodeJS.ErrnoException, socket: Socket) => void
}

/** Whole milliseconds that a timer can wait. */
export function milliseconds(duration: Duration): number {
  return Math.min(Math.max(Math.round(parseDuration(duration)), 1), LONGEST_TIMER)
}
