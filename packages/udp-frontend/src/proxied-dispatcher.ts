import { Networks, parseProxyHeaderV2 } from '@chihaya/bittorrent'
import { TRK_ERR_OPTIONS, type RequestMeter } from '@chihaya/core'
import type { Datagram, DatagramHandler, LateReply } from './datagram.ts'

/**
 * Bytes of the longest PROXY header, TLVs included: the length that the specification requires
 * every receiver to accept. All sockets have room for it, as a reload may turn the option on.
 */
export const MAX_PROXY_HEADER = 536

/**
 * The proxies in the option; undefined if it is empty.
 * @throws TRK_ERR_OPTIONS for an invalid address range.
 */
export function proxyNetworks(texts: readonly string[]): Networks | undefined {
  if (texts.length === 0) return undefined
  try {
    return new Networks(texts)
  } catch (error) {
    throw new TRK_ERR_OPTIONS(
      '@chihaya/udp-frontend',
      `options/proxyProtocolFrom: ${(error as Error).message}`,
    )
  }
}

export interface ProxiedDispatcherInit {
  readonly dispatcher: DatagramHandler
  /** Sources that put a PROXY header into each datagram. */
  readonly proxies: Networks
  /** Counts datagrams without a valid header. */
  readonly meter: RequestMeter | undefined
}

/**
 * Strips the PROXY header (version 2) from the datagrams of proxies, and passes them on as if the
 * client had sent them. The socket still replies to the proxy. A header from any other source is
 * read as a bad connection id.
 */
export class ProxiedDispatcher implements DatagramHandler {
  readonly replyRoom: number
  readonly requestRoom: number
  readonly #dispatcher: DatagramHandler
  readonly #proxies: Networks
  readonly #meter: RequestMeter | undefined

  constructor({ dispatcher, proxies, meter }: ProxiedDispatcherInit) {
    this.replyRoom = dispatcher.replyRoom
    this.requestRoom = dispatcher.requestRoom
    this.#dispatcher = dispatcher
    this.#proxies = proxies
    this.#meter = meter
  }

  readClock(): void {
    this.#dispatcher.readClock()
  }

  handle(datagram: Datagram): number | Promise<LateReply> {
    const { source, start } = datagram
    if (!this.#proxies.has(source.address)) return this.#dispatcher.handle(datagram)
    const header = parseProxyHeaderV2(
      datagram.input.bytes,
      start,
      Math.min(datagram.end, start + MAX_PROXY_HEADER),
    )
    // No reply can be sent to port 0.
    if (typeof header === 'string' || source.port === 0) {
      const drop = typeof header === 'string' ? 'malformed' : 'source'
      this.#meter?.drops.count(drop)
      return datagram.dropped(drop)
    }
    datagram.start += header.length
    // Without an address, the proxy asks for itself, as in a health check.
    datagram.source = header.source ?? source
    return this.#dispatcher.handle(datagram)
  }
}
