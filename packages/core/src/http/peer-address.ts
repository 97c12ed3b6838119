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

// Some versions of Node silently drop header lines beyond this number.
const MAX_HEADER_LINES = 1000

/** Parameters for the address of a client (BEP 3, BEP 7), by precedence. */
const CLAIMS = ['ip', 'ipv4', 'ipv6']

export interface PeerAddressOptions {
  /**
   * Header in which a trusted proxy names its client. Without it, Fastify's `trustProxy` decides.
   */
  readonly realIpHeader?: string | undefined
  /** Addresses and CIDR ranges of the proxies to believe. @default LOCAL_NETWORKS */
  readonly trustedProxies?: readonly string[] | undefined
  /** Sources that may announce an address other than their own: none, local ones, or these. */
  readonly allowIpSpoofing?: boolean | readonly string[] | undefined
}

/** The address of a peer, and that in the other family if it may claim one (BEP 7). */
export interface PeerAddresses {
  readonly address: Address
  readonly otherAddress: Address | undefined
}

/**
 * Determines the address that a request announces: its source, the client that a trusted proxy
 * names, or the address that the client claims.
 */
export class PeerAddress {
  readonly #header: string | undefined
  readonly #nodes: (header: string) => Array<string | undefined>
  readonly #proxies: Networks
  /** Whether the operator has named the proxies. None of them is a client then. */
  readonly #proxiesAreNamed: boolean
  readonly #spoofers: Networks | undefined
  #hasSeenDirectClient = false

  /** @throws {RangeError} for an option that is neither an address nor a CIDR range. */
  constructor(options: PeerAddressOptions) {
    const { realIpHeader, trustedProxies, allowIpSpoofing = false } = options
    this.#header = realIpHeader?.toLowerCase()
    this.#nodes = this.#header === 'forwarded' ? forwardedFor : addressList
    this.#proxies = new Networks(trustedProxies ?? LOCAL_NETWORKS)
    this.#proxiesAreNamed = trustedProxies !== undefined
    this.#spoofers = claimSources(allowIpSpoofing)
  }

  /**
   * The addresses to announce.
   * @throws {ClientError} if the source has no address, or a trusted proxy or client names an
   * unusable one.
   */
  of(request: FastifyRequest, query: Query): PeerAddresses {
    const requester = this.requester(request)
    if (this.#spoofers === undefined || !this.#spoofers.has(requester))
      return { address: requester, otherAddress: undefined }
    return claimedAddresses(requester, query)
  }

  /** The address of the client, ignoring its claims. @throws {ClientError} like `of`. */
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
    // The proxy's line is the last one. If it was dropped, the client's would be trusted.
    if (rawHeaders.length >= MAX_HEADER_LINES * 2) return undefined
    const value = headers[header]
    // Falling back to the source would register the proxy as a peer.
    if (typeof value === 'string') return named(this.#clientIn(value), source)
    return this.#proxiesAreNamed ? undefined : this.#directClient(source, request.log)
  }

  /**
   * A source that is trusted by default but sends no header: probably a client in the tracker's
   * own network.
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
   * The client in a list to which each proxy has appended its source: the first address from the
   * right that is not a trusted proxy, or the leftmost. Addresses left of it may be forged.
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

/** The elements of a list such as `X-Forwarded-For`, without empty ones (RFC 9110, 5.6.1). */
function addressList(list: string): string[] {
  if (!list.includes(',')) return [list.trim()]
  return list
    .split(',')
    .map((element) => element.trim())
    .filter((element) => element !== '')
}

/** Checks a client named by the proxy at `source`, which is this host over a Unix socket. */
function named(client: Address | undefined, source: Address = LOCAL_HOST): Address | undefined {
  if (client !== undefined && !mayName('proxy', client, source)) throw INVALID_IP
  return client
}

/**
 * The addresses that a client claims in `ip`, `ipv4` and `ipv6`: the first usable one, and one of
 * the other family. Of a repeated parameter, the last value takes precedence.
 */
function claimedAddresses(requester: Address, query: Query): PeerAddresses {
  const texts = CLAIMS.flatMap((name) => query.all(name).toReversed()).filter((text) => text !== '')
  const claims = texts.flatMap((text) => claimed(text, requester) ?? [])
  // The source belongs to someone else, or the client would not claim another address.
  if (texts.length > 0 && claims.length === 0) throw INVALID_IP
  const address = claims[0] ?? requester
  const otherAddress = [...claims, requester].find((other) => other.length !== address.length)
  return { address, otherAddress }
}

function claimed(text: string, requester: Address): Address | undefined {
  const claim = parseAddressLiteral(text)
  return claim !== undefined && mayName('client', claim, requester) ? claim : undefined
}

/** The source as determined by Fastify, which respects the application's `trustProxy`. */
function directSource(request: FastifyRequest): Address | undefined {
  // Undefined over a Unix socket, contrary to its type.
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
 * Whether a connection is over a Unix socket, which only a proxy on this host can open. A missing
 * source does not prove it: a TCP connection that was reset has no source either.
 */
function isUnixSocket(socket: Socket): boolean {
  return typeof (socket as { server?: Server }).server?.address() === 'string'
}
