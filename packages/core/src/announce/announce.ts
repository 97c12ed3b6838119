import type { Address, AnnounceEvent, InfoHash, Params, PeerId } from '@chihaya/bittorrent'
import type { Transition } from './transition.ts'

const NO_ADDRESS: Address = new Uint8Array(4)

/**
 * An announce on its way through hooks and store, whichever transport it came by. Valid: a frontend
 * refuses what does not parse.
 *
 * It is borrowed: a frontend may read it out of the bytes that it received, and uses these again
 * after the reply. A hook or a store that returns a promise may go on reading, as the frontend
 * calls `keep` for it. Who reads later without one calls `keep` first; what is read too late
 * throws, and never tells of another client.
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
  /** What else the client sent in its URL, for hooks. */
  abstract get params(): Params

  /**
   * Where the peer is reached: the source of the request, or what a trusted proxy or client said it
   * is.
   */
  address: Address = NO_ADDRESS
  /**
   * The peer's address in the other family, where a source that may say so has told one (BEP 7);
   * same port.
   */
  otherAddress: Address | undefined = undefined
  /**
   * 1 to 65535, where 1 is libtorrent's way to say that it does not listen. 0 only where a frontend
   * is told to serve clients that cannot be reached at all: they are answered and not stored.
   */
  port = 0
  /**
   * Identifies a WebRTC peer to the frontend that relays its offers: 32 unsigned bits, unique among
   * the frontend's peers. 0 for a peer that is dialled at its address. A WebRTC peer is its handle:
   * `address` only says where the request came from, and `port` is 0.
   */
  handle = 0
  /**
   * What the client sent as `key`, as 32 unsigned bits: a number that it tells no other client, the
   * same over both families. 0 if there was none.
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
   * What the announce does to its peer. This and what follows is decided by the tracker, for the
   * store.
   */
  transition: Transition = 'unchanged'
  /** Select no seeders: they are of no use to one who seeds. */
  leechersOnly = false
  /** Select no peers with private addresses: they are of no use outside their network. */
  publicOnly = false
  /**
   * Whom the peer belongs to, as 32 unsigned bits; 0 for nobody. Set by a `preAnnounce` hook, anew
   * for each announce.
   */
  owner = 0

  /** Copies infohash and peer id, 20 bytes each, into words that hold the bytes in their order. */
  abstract copyIds(infoHash: Uint32Array, peerId: Uint32Array): void

  /** Copies what is borrowed, so that the announce may be read at any time. */
  abstract keep(): this

  /**
   * For frontends whose reply is out: from now on, reading what was borrowed throws, unless it was
   * kept.
   */
  abstract end(): void
}
