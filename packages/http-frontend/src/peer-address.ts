import type { Server, Socket } from 'node:net'
import {
  acceptClaim,
  claimSources,
  ClientError,
  LOCAL_NETWORKS,
  Networks,
  parseAddress,
  type Address,
  type Query,
} from '@chihaya/bittorrent'
import type { FastifyRequest } from 'fastify'
import { parseAddressLiteral } from './address-literal.ts'
import type { HttpFrontendOptions } from './options.ts'

const UNKNOWN_SOURCE: ClientError = new ClientError('failed to parse peer IP address')
const NO_SOURCE: ClientError = new ClientError('no source address: set realIpHeader or trustProxy')
const INVALID_IP: ClientError = new ClientError('invalid IP')

// Header lines that every version of Node keeps; some drop what comes behind them without a word.
const MAX_HEADER_LINES = 1000

/** Where a peer is reached, and where in the other family, if it may tell and does (BEP 7). */
export interface PeerAddresses {
  readonly address: Address
  readonly otherAddress: Address | undefined
}

/** Finds the address a request announces: its source, what a trusted proxy says of it, or what the client claims. */
export class PeerAddress {
  readonly #header: string | undefined
  readonly #proxies: Networks
  readonly #spoofers: Networks | undefined

  /** @throws {RangeError} for an option that names no address and no CIDR range. */
  constructor(options: Pick<HttpFrontendOptions, 'realIpHeader' | 'trustedProxies' | 'allowIpSpoofing'>) {
    const { realIpHeader, trustedProxies = LOCAL_NETWORKS, allowIpSpoofing = false } = options
    this.#header = realIpHeader?.toLowerCase()
    this.#proxies = new Networks(trustedProxies)
    this.#spoofers = claimSources(allowIpSpoofing)
  }

  /** @throws {ClientError} when a proxy or client that is believed names no usable address, or the source has none. */
  of(request: FastifyRequest, query: Query): PeerAddresses {
    const requester = this.#header === undefined ? directSource(request) : this.#behindProxy(request, this.#header)
    if (requester === undefined) throw UNKNOWN_SOURCE
    if (this.#spoofers === undefined || !this.#spoofers.has(requester)) return { address: requester, otherAddress: undefined }
    return claimedAddresses(requester, query)
  }

  #behindProxy(request: FastifyRequest, header: string): Address | undefined {
    const { headers, rawHeaders, socket } = request.raw
    if (socket.remoteAddress !== undefined) {
      const source = sourceAddress(socket.remoteAddress)
      if (source === undefined || !this.#proxies.has(source)) return source
    } else if (!isUnixSocket(socket)) {
      return undefined
    }
    // The proxy's own line, the last, may not be among those that are left, and then the client's would count.
    if (rawHeaders.length >= MAX_HEADER_LINES * 2) return undefined
    const value = headers[header]
    // Falling back on the source would register the proxy itself as the peer.
    return typeof value === 'string' ? this.#clientIn(value) : undefined
  }

  /**
   * The client in a list that every proxy appended its source to: the first from the right that is no trusted proxy.
   * Whatever stands left of it is the client's own invention.
   */
  #clientIn(list: string): Address | undefined {
    let end = list.length
    for (;;) {
      const comma = list.lastIndexOf(',', end - 1)
      const address = parseAddressLiteral(list.slice(comma + 1, end).trim())
      if (address === undefined || comma < 0 || !this.#proxies.has(address)) return address
      end = comma
    }
  }
}

/** What a client that may name its own address says: `ip`, `ipv4`, `ipv6` in that order, and one of the other family. */
function claimedAddresses(requester: Address, query: Query): PeerAddresses {
  const ipv4 = claimedAddress(requester, query.get('ipv4'))
  const ipv6 = claimedAddress(requester, query.get('ipv6'))
  const address = claimedAddress(requester, query.get('ip')) ?? ipv4 ?? ipv6 ?? requester
  const otherAddress = [ipv4, ipv6, requester].find((other) => other !== undefined && other.length !== address.length)
  return { address, otherAddress }
}

function claimedAddress(requester: Address, text: string | undefined): Address | undefined {
  if (!text) return undefined
  const address = parseAddressLiteral(text)
  if (address === undefined) throw INVALID_IP
  return acceptClaim(address, requester)
}

/** The source by Fastify's reckoning, so that the `trustProxy` of the application counts. */
function directSource(request: FastifyRequest): Address | undefined {
  // Over a Unix socket there is none, whatever the types say.
  const text = request.ip as string | undefined
  if (text === undefined && isUnixSocket(request.raw.socket)) throw NO_SOURCE
  return text === undefined ? undefined : sourceAddress(text)
}

/**
 * True for a connection over a Unix socket, which only a proxy on this host can have opened. That it has no source does
 * not tell: the kernel forgets the source of a TCP connection that the client has reset, while its request can still be read.
 */
function isUnixSocket(socket: Socket): boolean {
  return typeof (socket as { server?: Server }).server?.address() === 'string'
}

function sourceAddress(text: string): Address | undefined {
  // A link-local source carries the zone it came from, which means nothing to other hosts.
  const zone = text.indexOf('%')
  return parseAddress(zone < 0 ? text : text.slice(0, zone))
}
