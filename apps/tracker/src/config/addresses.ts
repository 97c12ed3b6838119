import type * as listeners from '@chihaya/listeners'

/** The key of the configuration that asks for an address. */
interface Keyed {
  readonly key: string
}

/** Where to listen. */
export type ListenAddress = listeners.ListenAddress & Keyed

/** Where to serve HTTP. */
export type HttpAddress = ListenAddress | (listeners.UnixAddress & Keyed)

/** How to serve HTTP at an address. */
export interface HttpListenerOptions extends listeners.HttpListenerOptions {
  readonly address: HttpAddress
}
