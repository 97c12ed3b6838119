import { Networks, parseProxyHeaderV2 } from '@chihaya/bittorrent'
import { TRK_ERR_OPTIONS, type RequestMeter } from '@chihaya/core'
import type { DatagramHandler } from './datagram-handler.ts'
import type { Datagram, LateReply } from './datagram.ts'

/**
 * Bytes that a PROXY header may have, TLVs included: what every receiver has to take in one piece
 * by the specification. Every socket has room for it, as the option may come with a reload.
 */
export const MAX_PROXY_HEADER = 536

/**
 * The proxies that the option names, if it names any. @throws TRK_ERR_OPTIONS for what is no
 * address range.
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
  /** Sources whose datagrams begin with a PROXY header. */
  readonly proxies: Networks
  /** Counts what has none. */
  readonly meter: RequestMeter | undefined
}

/**
 * Takes the PROXY header (version 2) off the datagrams of proxies, and hands them on as if the
 * client had sent them. The socket still replies to where they came from. Other sources send no
 * header: theirs would be read as a connection id, and a bad one.
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
    // Nothing can be sent to port 0.
    if (typeof header === 'string' || source.port === 0) {
      const drop = typeof header === 'string' ? 'malformed' : 'source'
      this.#meter?.drops.count(drop)
      return datagram.dropped(drop)
    }
    datagram.start += header.length
    // A proxy that checks whether the tracker is well asks for itself.
    datagram.source = header.source ?? source
    return this.#dispatcher.handle(datagram)
  }
}
