import type { Address, AddressFamily, CompactPeers, InfoHash, PeerId, ScrapeEntry } from '@chihaya/bittorrent'
import type { MaybePromise } from './maybe-promise.ts'
import type { ReadinessAnswer } from './readiness.ts'

/**
 * What an announce does to its peer. `completed` makes a seeder and counts a download unless this client's download has
 * been counted already; `stopped` removes the peer and creates nothing; `unchanged` only looks.
 */
export type Transition = 'leecher' | 'partial' | 'seeder' | 'completed' | 'stopped' | 'unchanged'

/** One announce, as a store needs it. */
export interface SwarmAnnounce {
  readonly infoHash: InfoHash
  readonly peerId: PeerId
  /** The peer's address; its family chooses the swarm. */
  readonly address: Address
  readonly port: number
  /**
   * A number that the client tells no other client, the same over both families; 0 or undefined if it sent none. With the peer
   * id it tells that two peers are one client (BEP 7).
   */
  readonly key?: number | undefined
  /** The peer's address in the other family, where it has told one; same port. Only a store that joins the families uses it. */
  readonly otherAddress?: Address | undefined
  readonly transition: Transition
  /** How many peers to select at most; 0 asks for the counters alone. */
  readonly numWant: number
  /** Select no seeders: they are of no use to one who seeds. */
  readonly leechersOnly: boolean
  /** Select no peers with private addresses: they are of no use outside their network. */
  readonly publicOnly: boolean
  /** Whether the answer needs peer ids beside the compact peers. */
  readonly wantsPeerIds: boolean
}

/** A swarm right after an announce. */
export interface SwarmView {
  /** Seeders, the announcer included. */
  readonly complete: number
  /** Leechers and partial seeds, the announcer included. */
  readonly incomplete: number
  /** Downloads completed. */
  readonly downloaded: number
  /** The selected peers of the announcer's family. */
  readonly peers: CompactPeers
  /** The selected peers of the other family, in a store that joins the families. */
  readonly otherPeers?: CompactPeers
}

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
 * Which peers a tracker takes no longer. A peer goes if one of the functions that are given says so. A store without peer
 * ids passes over `peerId`. Arguments are valid during the call only.
 */
export interface EvictionRules {
  readonly infoHash?: ((infoHash: InfoHash) => boolean) | undefined
  readonly address?: ((address: Address) => boolean) | undefined
  readonly peerId?: ((peerId: PeerId) => boolean) | undefined
}

/**
 * Where swarms live. The conformance suite in `@chihaya/core/testing` is this contract in executable form.
 *
 * - A peer is its address and port: one that announces again is the same peer, whatever its peer id says now.
 * - The swarms of the two families are apart, unless the store says otherwise in its options.
 * - A peer is in one state at a time, and disappears when it has not announced for the store's peer lifetime.
 * - The selection is random, costs O(numWant) and not O(swarm), and holds each peer once. It leaves out the announcer: the
 *   same address and port, or the same address and peer id. It leaves out ports 0 and 1, which cannot be dialled.
 * - `downloaded` counts a client once while it is known: an endpoint that completes again, having announced something else or
 *   left in between, and an endpoint of the other family with the same peer id and key, add nothing within the peer lifetime.
 * - A swarm without peers holds no memory, but a bounded number of them may be remembered for their `downloaded`.
 * - A store copies what it keeps of an announce, and never changes an answer it has given: hooks read it after the reply.
 * - A store refuses with `ClientError`, for instance when it is full; anything else it throws is a fault and is logged.
 */
export interface PeerStore {
  /** Applies the announce to its swarm, then counts and selects: one atomic step. */
  announce(announce: SwarmAnnounce): MaybePromise<SwarmView>
  /** The counters of each infohash in the order given; zeros for an unknown one. Creates and refreshes nothing. */
  scrape(infoHashes: readonly InfoHash[], family: AddressFamily): MaybePromise<ScrapeEntry[]>
  stats(): MaybePromise<StoreStats>
  /**
   * Removes the peers that the rules name, a part at a time, so that announces do not wait for it. Returns how many. A store
   * that cannot walk over its peers leaves it out.
   */
  evict?(rules: EvictionRules): MaybePromise<number>
  /**
   * All swarms that have peers, some at a time, in no order. A swarm that comes or goes meanwhile may be missing, or be there
   * twice. A store that cannot list them leaves it out.
   */
  swarms?(): AsyncIterable<readonly SwarmEntry[]>
  /** Whether it can do its work now. A store that always can leaves it out. */
  readiness?(): MaybePromise<ReadinessAnswer>
}
