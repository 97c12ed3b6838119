import { Networks, parseProxyHeaderV2 } from '@chihaya/bittorrent'
import { TRK_ERR_OPTIONS, type RequestMeter } from '@chihaya/core'
import type { DatagramHandler } from './datagram-handler.ts'
import type { Slab } from './slab.ts'
import type { Source } from './source.ts'

/**
 * Bytes that a PROXY header may have, TLVs included: what every receiver has to take in one piece by the specification. Every
 * socket has room for it, as the option may come with a reload.
 */
export const MAX_PROXY_HEADER = 536

/** The proxies that the option names, if it names any. @throws TRK_ERR_OPTIONS for what is no address range. */
export function proxyNetworks(texts: readonly string[]): Networks | undefined {
  if (texts.length === 0) return undefined
  try {
    return new Networks(texts)
  } catch (error) {
    throw new TRK_ERR_OPTIONS('@chihaya/udp-frontend', `options/proxyProtocolFrom: ${(error as Error).message}`)
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
 * Takes the PROXY header (version 2) off the datagrams of proxies, and hands them on as if the client had sent them. The socket
 * still replies to where they came from. Other sources send no header: theirs would be read as a connection id, and a bad one.
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

  handle(input: Slab, start: number, end: number, source: Source, output: Slab, at: number): number | Promise<Buffer> {
    if (!this.#proxies.has(source.address)) return this.#dispatcher.handle(input, start, end, source, output, at)
    const header = parseProxyHeaderV2(input.bytes, start, Math.min(end, start + MAX_PROXY_HEADER))
    // Nothing can be sent to port 0.
    if (typeof header === 'string' || source.port === 0) {
      this.#meter?.drops.count(typeof header === 'string' ? 'malformed' : 'source')
      return 0
    }
    // A proxy that checks whether the tracker is well asks for itself.
    return this.#dispatcher.handle(input, start + header.length, end, header.source ?? source, output, at)
  }
}
