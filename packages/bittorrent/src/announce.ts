import type { Address } from './address.ts'
import type { CompactPeers } from './compact.ts'
import type { AnnounceEvent } from './event.ts'
import type { InfoHash } from './info-hash.ts'
import type { PeerId } from './peer-id.ts'
import type { Params } from './query.ts'

/** An announce as the tracker sees it, whichever transport it came by. Valid: a frontend refuses what does not parse. */
export interface AnnounceRequest {
  readonly protocol: 'http' | 'udp'
  readonly infoHash: InfoHash
  readonly peerId: PeerId
  /** Where the peer is reached: the source of the request, or what a trusted proxy or client said it is. */
  readonly address: Address
  /** The peer's address in the other family, where a source that may say so has told one (BEP 7); same port. */
  readonly otherAddress?: Address | undefined
  /**
   * 1 to 65535, where 1 is libtorrent's way to say that it does not listen. 0 only where a frontend is told to serve
   * clients that cannot be reached at all: they are answered and not stored.
   */
  readonly port: number
  /**
   * What the client sent as `key`, as 32 unsigned bits: a number that it tells no other client, the same over both families. 0
   * or undefined if there was none.
   */
  readonly key?: number | undefined
  readonly event: AnnounceEvent
  /** Bytes still to download, unsigned 64 bits; undefined when the client does not know or say. */
  readonly left: bigint | undefined
  /** True when `left` is zero. */
  readonly seeding: boolean
  /** Bytes since `started`, unsigned 64 bits. */
  readonly uploaded: bigint
  /** Bytes since `started`, unsigned 64 bits. */
  readonly downloaded: bigint
  /** How many peers to answer with, within the frontend's limits. */
  readonly numWant: number
  /** Whether the answer will name the peers' ids (BEP 3's dictionary form). */
  readonly wantsPeerIds: boolean
  /** What else the client sent in its URL, for hooks. */
  readonly params: Params
}

/** What the tracker answers. Hooks may change it; the frontend writes it. */
export interface AnnounceResponse {
  /** Seconds until the next announce. */
  interval: number
  /** Seconds before which the client should not announce again. */
  minInterval: number
  /** Seeders in the swarm. */
  complete: number
  /** Leechers in the swarm, partial seeds included. */
  incomplete: number
  /** Downloads completed in the swarm's life. */
  downloaded: number
  /** Peers of the announcer's family. */
  peers: CompactPeers
  /** Peers of the other family, where a store joins both. */
  otherPeers: CompactPeers | undefined
  /** Text that some clients show their user (HTTP only). */
  warning: string | undefined
}
