import type { Address, AddressFamily } from '@chihaya/bittorrent'
import type { Transition } from './peer-store.ts'

/**
 * An announce and its answer in flat memory. A frontend that reads datagrams out of one buffer and writes replies into
 * another fills in one such object again and again, and a store that keeps swarms in flat memory copies between the three:
 * no object, string or buffer is made for an announce. Everything is as in `SwarmAnnounce` and `SwarmView`, but for the form.
 */
export interface FlatAnnounce {
  /** Infohash, then peer id, 20 bytes each as they came, seen as 32-bit words from `idsAt` on. */
  ids: Uint32Array
  idsAt: number
  /** Only valid during the call. */
  address: Address
  port: number
  /** As in `SwarmAnnounce`; 0 for none. */
  key: number
  transition: Transition
  numWant: number
  leechersOnly: boolean
  publicOnly: boolean
  /** Where compact peers of the announcer's family go, seen as 16-bit words: room for `numWant` from `peersAt` on. */
  peers: Uint16Array
  peersAt: number
  /** The answer: peers written, seeders, leechers. */
  given: number
  complete: number
  incomplete: number
}

/** A scrape and its answer in the same manner: a client may ask for dozens of torrents at once. */
export interface FlatScrape {
  /** Infohashes of 20 bytes each, one behind the other, seen as 32-bit words from `idsAt` on. */
  ids: Uint32Array
  idsAt: number
  /** How many infohashes there are. */
  count: number
  family: AddressFamily
  /** The answer, three numbers for each infohash: seeders, downloads completed, leechers. */
  rows: Uint32Array
}

/**
 * A store that can be announced to and scraped in flat memory as well. It does what `announce` and `scrape` do, at once, and
 * throws what those throw.
 */
export interface FlatPeerStore {
  announceFlat(announce: FlatAnnounce): void
  scrapeFlat(scrape: FlatScrape): void
}

/** Whether a store is one of these. */
export function isFlat<Store extends object>(store: Store): store is Store & FlatPeerStore {
  const { announceFlat, scrapeFlat } = store as Partial<FlatPeerStore>
  return typeof announceFlat === 'function' && typeof scrapeFlat === 'function'
}
