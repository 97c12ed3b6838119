import type { Server, Socket } from 'node:net'
import {
  claimSources,
  ClientError,
  INVALID_IP,
  LOCAL_HOST,
  LOCAL_NETWORKS,
  mayName,
  Networks,
  parseAddressLiteral,
  parseSource,
  type Address,
  type Query,
} from '@chihaya/bittorrent'
import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import { forwardedFor } from './forwarded.ts'

const UNKNOWN_SOURCE: ClientError = new ClientError('failed to parse peer IP address')
const NO_SOURCE: ClientError = new ClientError('no source address: set realIpHeader or trustProxy')

// Header lines that every version of Node keeps; some drop what comes behind them without a word.
const MAX_HEADER_LINES = 1000

/** Parameters in which a client names its address (BEP 3, BEP 7), the most telling first. */
const CLAIMS = ['ip', 'ipv4', 'ipv6']

export interface PeerAddressOptions {
  /** Header in which a trusted proxy names its client. Without it, Fastify's `trustProxy` decides. */
  readonly realIpHeader?: string | undefined
  /** Addresses and CIDR ranges of the proxies to believe. @default LOCAL_NETWORKS */
  readonly trustedProxies?: readonly string[] | undefined
  /** Sources that may announce another address than their own: none, local ones, or these. */
  readonly allowIpSpoofing?: boolean | readonly string[] | undefined
}

/** Where a peer is reached, and where in the other family, if it may tell and does (BEP 7). */
export interface PeerAddresses {
  readonly address: Address
  readonly otherAddress: Address | undefined
}

/**
 * Finds the address a request announces: its source, what a trusted proxy says of it, or what the
 * client claims.
 */
export class PeerAddress {
  readonly #header: string | undefined
  readonly #nodes: (header: string) => Array<string | undefined>
  readonly #proxies: Networks
  /** Whether the operator has named the proxies, so that none of them is a client. */
  readonly #proxiesAreNamed: boolean
  readonly #spoofers: Networks | undefined
  #hasSeenDirectClient = false

  /** @throws {RangeError} for an option that names no address and no CIDR range. */
  constructor(options: PeerAddressOptions) {
    const { realIpHeader, trustedProxies, allowIpSpoofing = false } = options
    this.#header = realIpHeader?.toLowerCase()
    this.#nodes = this.#header === 'forwarded' ? forwardedFor : addressList
    this.#proxies = new Networks(trustedProxies ?? LOCAL_NETWORKS)
    this.#proxiesAreNamed = trustedProxies !== undefined
    this.#spoofers = claimSources(allowIpSpoofing)
  }

  /**
   * @throws {ClientError} when a proxy or client that is believed names no usable address, or the
   * source has none.
   */
  of(request: FastifyRequest, query: Query): PeerAddresses {
    const requester = this.requester(request)
    if (this.#spoofers === undefined || !this.#spoofers.has(requester))
      return { address: requester, otherAddress: undefined }
    return claimedAddresses(requester, query)
  }

  /** Who sends a request, whatever it claims. @throws {ClientError} as `of` does. */
  requester(request: FastifyRequest): Address {
    const requester =
      this.#header === undefined ? directSource(request) : this.#behindProxy(request, this.#header)
    if (requester === undefined) throw UNKNOWN_SOURCE
    return requester
  }

  #behindProxy(request: FastifyRequest, header: string): Address | undefined {
    const { headers, rawHeaders, socket } = request.raw
    let source: Address | undefined
    if (socket.remoteAddress !== undefined) {
      source = parseSource(socket.remoteAddress)
      if (source === undefined || !this.#proxies.has(source)) return source
    } else if (!isUnixSocket(socket)) {
      return undefined
    }
    // The proxy's own line, the last, may not be among those that are left, and then the client's
    // would count.
    if (rawHeaders.length >= MAX_HEADER_LINES * 2) return undefined
    const value = headers[header]
    // Falling back on the source would register a proxy as the peer.
    if (typeof value === 'string') return named(this.#clientIn(value), source)
    return this.#proxiesAreNamed ? undefined : this.#directClient(source, request.log)
  }

  /**
   * A source that is a proxy only by the default, and does not behave like one: some client in the
   * tracker's own network.
   */
  #directClient(source: Address | undefined, log: FastifyBaseLogger): Address | undefined {
    if (source !== undefined && !this.#hasSeenDirectClient) {
      this.#hasSeenDirectClient = true
      log.info(
        'a client in a local network sends no real IP header; if it is a proxy, name it in the trusted proxies',
      )
    }
    return source
  }

  /**
   * The client in a list that every proxy appended its source to: the first from the right that is
   * no trusted proxy, or the last of them all. Whatever stands left of it is the client's own
   * invention.
   */
  #clientIn(list: string): Address | undefined {
    const nodes = this.#nodes(list)
    let client: Address | undefined
    for (let index = nodes.length - 1; index >= 0; index--) {
      client = parseAddressLiteral(nodes[index] ?? '')
      if (client === undefined || !this.#proxies.has(client)) break
    }
    return client
  }
}

/**
 * The elements of `X-Forwarded-For` and its like. Empty ones are no elements (RFC 9110, section
 * 5.6.1).
 */
function addressList(list: string): string[] {
  if (!list.includes(',')) return [list.trim()]
  return list
    .split(',')
    .map((element) => element.trim())
    .filter((element) => element !== '')
}

/**
 * What a proxy says of its client, over a connection from `source` or, without one, over a Unix
 * socket.
 */
function named(client: Address | undefined, source: Address = LOCAL_HOST): Address | undefined {
  if (client !== undefined && !mayName('proxy', client, source)) throw INVALID_IP
  return client
}

/**
 * What a client that may name its own address says: `ip`, `ipv4`, `ipv6` in that order, of each the
 * last that is usable, and one of the other family.
 */
function claimedAddresses(requester: Address, query: Query): PeerAddresses {
  const texts = CLAIMS.flatMap((name) => query.all(name).toReversed()).filter((text) => text !== '')
  const claims = texts.flatMap((text) => claimed(text, requester) ?? [])
  // The source is another client's, or the claim would be pointless.
  if (texts.length > 0 && claims.length === 0) throw INVALID_IP
  const address = claims[0] ?? requester
  const otherAddress = [...claims, requester].find((other) => other.length !== address.length)
  return { address, otherAddress }
}

function claimed(text: string, requester: Address): Address | undefined {
  const claim = parseAddressLiteral(text)
  return claim !== undefined && mayName('client', claim, requester) ? claim : undefined
}

/** The source by Fastify's reckoning, so that the `trustProxy` of the application counts. */
function directSource(request: FastifyRequest): Address | undefined {
  // Over a Unix socket there is none, whatever the types say.
  const text = request.ip as string | undefined
  if (text === undefined && isUnixSocket(request.raw.socket)) throw NO_SOURCE
  if (text === undefined) return undefined
  const { remoteAddress } = request.raw.socket
  if (text === remoteAddress) return parseSource(text)
  return named(
    parseSource(text),
    remoteAddress === undefined ? undefined : parseSource(remoteAddress),
  )
}

/**
 * True for a connection over a Unix socket, which only a proxy on this host can have opened. That
 * it has no source does not tell: the kernel forgets the source of a TCP connection that the client
 * has reset, while its request can still be read.
 */
function isUnixSocket(socket: Socket): boolean {
  return typeof (socket as { server?: Server }).server?.address() === 'string'
}
