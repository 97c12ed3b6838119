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
 * The peers that a tracker no longer accepts: a peer is removed if one of the functions returns
 * true. Arguments are valid during the call only.
 */
export interface EvictionRules {
  readonly infoHash?: ((infoHash: InfoHash) => boolean) | undefined
  /** Not called for WebRTC peers, which are stored without an address. */
  readonly address?: ((address: Address) => boolean) | undefined
  /** Not called by a store that keeps no peer ids. */
  readonly peerId?: ((peerId: PeerId) => boolean) | undefined
  /** Not called by a store that keeps no owners, nor for peers without an owner. */
  readonly owner?: ((owner: number) => boolean) | undefined
}

/**
 * The swarms of a tracker. The conformance suite in `@chihaya/core/testing` is this contract in
 * executable form.
 *
 * - An address and port, or a handle, identifies a peer, regardless of its peer id.
 * - Each network has separate swarms, unless an option of the store joins IPv4 and IPv6.
 * - A peer is in one state at a time, and expires if it has not announced for the store's peer
 *   lifetime.
 * - The selection is random, costs O(numWant) and not O(swarm), and contains each peer once. It
 *   leaves out the announcer: the same address and port, or the same address and peer id. It leaves
 *   out ports 0 and 1, which cannot be dialled; WebRTC peers have no port.
 * - If the store keeps owners, the selection leaves out the peers of the announcer's owner. Each
 *   announce replaces the owner, like the peer id. Owners have no other effect.
 * - `downloaded` counts a client once while it is known. Within the peer lifetime, an endpoint that
 *   completes again adds nothing, even if it has announced something else or left in between. Nor
 *   does an endpoint of the other family with the same peer id and key.
 * - A swarm without peers uses no memory, except that a store may remember the `downloaded` of a
 *   bounded number of them.
 * - A store copies what it keeps of an announce, and does not touch the answer after it has
 *   returned or its promise has settled.
 * - A store refuses with `ClientError`, for example when it is full. Any other error is a fault and
 *   is logged.
 */
export interface PeerStore {
  /** Whether it keeps the owners of peers. Middleware that relies on them checks this at boot. */
  readonly keepsOwners?: boolean
  /**
   * Whether it keeps WebRTC peers. Frontends of that network check this at boot, because a tracker
   * otherwise throws at their announces.
   */
  readonly keepsWebRtcPeers?: boolean
  /**
   * Applies the announce to its swarm, then writes counters and up to `answer.want` peers into the
   * answer: one atomic step. A store that returns a promise may use both until it settles.
   */
  announce(announce: Announce, answer: Answer): MaybePromise<void>
  /**
   * Sets the row of each known infohash; rows are zeros before. Creates and refreshes nothing.
   */
  scrape(scrape: Scrape, answer: ScrapeAnswer): MaybePromise<void>
  stats(): MaybePromise<StoreStats>
  /**
   * Removes the peers that match the rules, in parts, so that announces do not wait. Returns their
   * number. Optional, for stores that can walk over their peers.
   */
  evict?(rules: EvictionRules): MaybePromise<number>
  /**
   * All swarms that have peers, in parts and in any order. A swarm that is created or removed
   * meanwhile may be missing or listed twice. Optional, for stores that can list their swarms.
   */
  swarms?(): AsyncIterable<readonly SwarmEntry[]>
  /** Whether it works now. Optional, for stores that can fail. */
  readiness?(): MaybePromise<ReadinessAnswer>
}
