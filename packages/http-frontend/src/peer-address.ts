import type { Server, Socket } from 'node:net'
import { addressScope, ClientError, parseAddress, type Address, type Query } from '@chihaya/bittorrent'
import type { FastifyRequest } from 'fastify'
import { parseAddressLiteral } from './address-literal.ts'
import { defaultTrustedProxies, Networks } from './networks.ts'
import type { HttpFrontendOptions } from './options.ts'

const UNKNOWN_SOURCE: ClientError = new ClientError('failed to parse peer IP address')
const NO_SOURCE: ClientError = new ClientError('no source address: set realIpHeader or trustProxy')
const INVALID_IP: ClientError = new ClientError('invalid IP')

/** Finds the address a request announces: its source, what a trusted proxy says of it, or what the client claims. */
export class PeerAddress {
  readonly #header: string | undefined
  readonly #proxies: Networks
  readonly #spoofers: Networks | undefined

  /** @throws {RangeError} for an option that names no address and no CIDR range. */
  constructor(options: Pick<HttpFrontendOptions, 'realIpHeader' | 'trustedProxies' | 'allowIpSpoofing'>) {
    const { realIpHeader, trustedProxies = defaultTrustedProxies, allowIpSpoofing = false } = options
    this.#header = realIpHeader?.toLowerCase()
    this.#proxies = new Networks(trustedProxies)
    if (allowIpSpoofing === true) this.#spoofers = new Networks(defaultTrustedProxies)
    else if (allowIpSpoofing !== false) this.#spoofers = new Networks(allowIpSpoofing)
  }

  /** @throws {ClientError} when a proxy or client that is believed names no usable address, or the source has none. */
  of(request: FastifyRequest, query: Query): Address {
    const requester = this.#header === undefined ? directSource(request) : this.#behindProxy(request, this.#header)
    if (requester === undefined) throw UNKNOWN_SOURCE
    return this.#spoofers === undefined ? requester : this.#claimed(requester, query, this.#spoofers)
  }

  #behindProxy(request: FastifyRequest, header: string): Address | undefined {
    const { headers, socket } = request.raw
    if (socket.remoteAddress !== undefined) {
      const source = sourceAddress(socket.remoteAddress)
      if (source === undefined || !this.#proxies.has(source)) return source
    } else if (!isUnixSocket(socket)) {
      return undefined
    }
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

  #claimed(requester: Address, query: Query, spoofers: Networks): Address {
    const text = query.get('ip') || query.get('ipv4') || query.get('ipv6')
    if (!text || !spoofers.has(requester)) return requester
    const address = parseAddressLiteral(text)
    if (address === undefined) throw INVALID_IP
    const scope = addressScope(address)
    // Strangers must not send a swarm into somebody's network, nor anyone send it to addresses that are no host's.
    if (scope === 'unusable' || (scope === 'private' && addressScope(requester) === 'public')) throw INVALID_IP
    return address
  }
}

/** The source by Fastify's reckoning, so that the `trustProxy` of the application counts. */
function directSource(request: FastifyRequest): Address | undefined {
  // Over a Unix socket there is none, whatever the types say.
  const text = request.ip as string | undefined
  if (text === undefined) throw NO_SOURCE
  return sourceAddress(text)
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
