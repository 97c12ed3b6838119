import type { Address, AddressFamily, InfoHash, PeerId } from '@chihaya/bittorrent'
import type { Announce } from './announce/announce.ts'
import type { Answer } from './announce/answer.ts'
import type { Scrape, ScrapeAnswer } from './announce/scrape.ts'
import type { MaybePromise } from './maybe-promise.ts'
import type { ReadinessAnswer } from './readiness/readiness.ts'

/** Totals over all swarms, counted by address family. Partial seeds count as leechers. */
export interface StoreStats {
  /** Infohashes with at least one peer. */
  readonly swarms: number
  readonly seeders: Readonly<Record<AddressFamily, number>>
  readonly leechers: Readonly<Record<AddressFamily, number>>
}

/** The peers of one infohash, as an operator sees them. Partial seeds count as leechers. */
export interface SwarmEntry {
  readonly infoHash: InfoHash
  readonly seeders: Readonly<Record<AddressFamily, number>>
  readonly leechers: Readonly<Record<AddressFamily, number>>
  /** Downloads completed. */
  readonly downloaded: number
}

/**
 * Which peers a tracker takes no longer. A peer goes if one of the functions that are given says
 * so. A store without peer ids passes over `peerId`. Arguments are valid during the call only.
 */
export interface EvictionRules {
  readonly infoHash?: ((infoHash: InfoHash) => boolean) | undefined
  readonly address?: ((address: Address) => boolean) | undefined
  readonly peerId?: ((peerId: PeerId) => boolean) | undefined
}

/**
 * Where swarms live. The conformance suite in `@chihaya/core/testing` is this contract in
 * executable form.
 *
 * - A peer is its address and port: one that announces again is the same peer, whatever its peer id
 *   says now.
 * - The swarms of the two families are apart, unless the store says otherwise in its options.
 * - A peer is in one state at a time, and disappears when it has not announced for the store's peer
 *   lifetime.
 * - The selection is random, costs O(numWant) and not O(swarm), and holds each peer once. It leaves
 *   out the announcer: the same address and port, or the same address and peer id. It leaves out
 *   ports 0 and 1, which cannot be dialled.
 * - `downloaded` counts a client once while it is known: an endpoint that completes again, having
 *   announced something else or left in between, and an endpoint of the other family with the same
 *   peer id and key, add nothing within the peer lifetime.
 * - A swarm without peers holds no memory, but a bounded number of them may be remembered for their
 *   `downloaded`.
 * - A store copies what it keeps of an announce, and leaves the answer alone once it has returned,
 *   or its promise is settled.
 * - A store refuses with `ClientError`, for instance when it is full; anything else it throws is a
 *   fault and is logged.
 */
export interface PeerStore {
  /**
   * Applies the announce to its swarm, then counts and selects up to `answer.want` peers into the
   * answer: one atomic step. A store that returns a promise may go on using both until it is
   * settled.
   */
  announce(announce: Announce, answer: Answer): MaybePromise<void>
  /**
   * Sets the row of each infohash; those of unknown ones are zeros already. Creates and refreshes
   * nothing.
   */
  scrape(scrape: Scrape, answer: ScrapeAnswer): MaybePromise<void>
  stats(): MaybePromise<StoreStats>
  /**
   * Removes the peers that the rules name, a part at a time, so that announces do not wait for it.
   * Returns how many. A store that cannot walk over its peers leaves it out.
   */
  evict?(rules: EvictionRules): MaybePromise<number>
  /**
   * All swarms that have peers, some at a time, in no order. A swarm that comes or goes meanwhile
   * may be missing, or be there twice. A store that cannot list them leaves it out.
   */
  swarms?(): AsyncIterable<readonly SwarmEntry[]>
  /** Whether it can do its work now. A store that always can leaves it out. */
  readiness?(): MaybePromise<ReadinessAnswer>
}
