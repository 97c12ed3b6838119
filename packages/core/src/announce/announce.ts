import type { Address, AnnounceEvent, InfoHash, Params, PeerId } from '@chihaya/bittorrent'
import type { Transition } from './transition.ts'

const NO_ADDRESS: Address = new Uint8Array(4)

/**
 * An announce on its way through hooks and store, from any transport. It is valid: a frontend
 * refuses what does not parse.
 *
 * It is borrowed: a frontend may read it from the bytes it received, which it reuses after the
 * reply. A hook or a store that returns a promise may go on reading, as the frontend calls `keep`
 * for it. Any other code that reads after the reply calls `keep` first. Reading too late throws; it
 * never returns data of another client.
 */
export abstract class Announce {
  /** The transport, such as `http` or `udp`. */
  abstract readonly protocol: string
  abstract get infoHash(): InfoHash
  abstract get peerId(): PeerId
  /** Bytes still to download, unsigned 64 bits; undefined when the client does not know or say. */
  abstract get left(): bigint | undefined
  /** Bytes since `started`, unsigned 64 bits. */
  abstract get uploaded(): bigint
  /** Bytes since `started`, unsigned 64 bits. */
  abstract get downloaded(): bigint
  /** Other parameters of the client's URL, for hooks. */
  abstract get params(): Params

  /** The peer's address: the source of the request, or what a trusted proxy or client claims. */
  address: Address = NO_ADDRESS
  /**
   * The peer's address in the other family, with the same port, if a source that may claim one has
   * (BEP 7).
   */
  otherAddress: Address | undefined = undefined
  /**
   * 1 to 65535; libtorrent sends 1 if it does not listen. 0 only if a frontend is configured to
   * serve clients that nobody can reach: they are answered and not stored.
   */
  port = 0
  /**
   * Identifies a WebRTC peer to the frontend that relays its offers: 32 unsigned bits, unique among
   * the frontend's peers. 0 for a peer that is dialled at its address. A WebRTC peer is its handle:
   * `address` only says where the request came from, and `port` is 0.
   */
  handle = 0
  /**
   * The client's `key` as 32 unsigned bits: a secret number, the same over both families. 0 if not
   * sent.
   */
  key = 0
  event: AnnounceEvent = 'none'
  /** True when `left` is zero. */
  seeding = false
  /** Peers that the client asks for, within the frontend's limits. */
  numWant = 0
  /** Whether the answer will name the peers' ids (BEP 3's dictionary form). */
  wantsPeerIds = false

  /**
   * What the announce does to its peer. The tracker decides this and the following for the store.
   */
  transition: Transition = 'unchanged'
  /** Select no seeders: a seeder has no use for them. */
  leechersOnly = false
  /** Select no peers with private addresses: nobody outside their network can reach them. */
  publicOnly = false
  /**
   * The user whom the peer belongs to, as 32 unsigned bits; 0 for nobody. A `preAnnounce` hook sets
   * it for each announce.
   */
  owner = 0

  /** Copies infohash and peer id, 20 bytes each, into words in memory order. */
  abstract copyIds(infoHash: Uint32Array, peerId: Uint32Array): void

  /** Copies borrowed data, so that the announce can be read at any time. */
  abstract keep(): this

  /**
   * For frontends, after the reply: from now on reading borrowed data throws, unless it was kept.
   */
  abstract end(): void
}
