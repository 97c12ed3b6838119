import type { Address, InfoHash, PeerId } from '@chihaya/bittorrent'
import type { Announce } from '../announce/announce.ts'
import type { Answer } from '../announce/answer.ts'
import type { NetworkCounts } from '../announce/network.ts'
import type { Scrape, ScrapeAnswer } from '../announce/scrape.ts'
import type { MaybePromise } from '../maybe-promise.ts'
import type { ReadinessAnswer } from '../readiness/readiness.ts'

/** Totals over all swarms, by network. Partial seeds count as leechers. */
export interface StoreStats {
  /** Infohashes with at least one peer. */
  readonly swarms: number
  readonly seeders: NetworkCounts
  readonly leechers: NetworkCounts
}

/** The peers of one infohash, as an operator sees them. Partial seeds count as leechers. */
export interface SwarmEntry {
  readonly infoHash: InfoHash
  readonly seeders: NetworkCounts
  readonly leechers: NetworkCounts
  /** Downloads completed. */
  readonly downloaded: number
}

/**
 * The peers that a tracker accepts no longer: a peer is removed if one of the functions says so.
 * Arguments are valid during the call only.
 */
export interface EvictionRules {
  readonly infoHash?: ((infoHash: InfoHash) => boolean) | undefined
  /** Not asked of WebRTC peers, which are stored without an address. */
  readonly address?: ((address: Address) => boolean) | undefined
  /** Not asked by a store that keeps no peer ids. */
  readonly peerId?: ((peerId: PeerId) => boolean) | undefined
  /** Not asked by a store that keeps no owners, nor of peers without an owner. */
  readonly owner?: ((owner: number) => boolean) | undefined
}

/**
 * Where swarms live. The conformance suite in `@chihaya/core/testing` is this contract in
 * executable form.
 *
 * - A peer is its address and port, or its handle: one that announces again is the same peer,
 *   whatever its peer id is now.
 * - Each network has a swarm of its own, unless the store joins IPv4 and IPv6 by an option.
 * - A peer is in one state at a time, and disappears when it has not announced for the store's peer
 *   lifetime.
 * - The selection is random, costs O(numWant) and not O(swarm), and holds each peer once. It leaves
 *   out the announcer: the same address and port, or the same address and peer id. It leaves out
 *   ports 0 and 1, which cannot be dialled; WebRTC peers have no port.
 * - Where owners are kept, the selection leaves out the peers of the announcer's owner. An owner is
 *   replaced with each announce, as the peer id is, and counts for nothing else.
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
  /** Whether it keeps the owners of peers. Middleware that relies on them checks this at boot. */
  readonly keepsOwners?: boolean
  /**
   * Whether it keeps WebRTC peers. Frontends of that network check this at boot, as a tracker refuses
   * their announces otherwise.
   */
  readonly keepsWebRtcPeers?: boolean
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
