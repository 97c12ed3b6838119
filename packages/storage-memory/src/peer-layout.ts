import type { AddressFamily } from '@chihaya/bittorrent'

/**
 * A block of peers: up to `capacity` peers of one swarm, family and role (leechers or seeders), densely from position 0.
 * All of it is 16-bit words, so that one view of a segment serves.
 *
 *     | header 8 | index … | endpoints 3 or 9 each … | marks 1 each … | peer ids 10 each, if kept … |
 *
 * - An *endpoint* is the compact form that answers carry: address and port in network order.
 * - A *mark* is when the peer was last seen, in ticks modulo 2^14, and two flags.
 * - The *index* finds an endpoint's position: open-addressed, half again as many slots as there is room for peers, each
 *   holding a position plus one. Blocks of up to 8 peers have none, as looking at all of them is as quick.
 */

/** Words of a block's header, and what each holds. */
export const HEADER_WORDS = 8
/** How many peers fit; `DIRECTORY` in the first word says that this is no block of peers at all. */
export const CAPACITY = 0
export const COUNT = 1
/** How many of the peers are partial seeds. */
export const PARTIALS = 2
/** How many are second addresses of peers that are counted elsewhere. */
export const ALIASES = 3
/** How many have a port that nobody can dial. */
export const UNDIALLABLE = 4
/** How many have an address that means nothing on the public internet. */
export const NOT_PUBLIC = 5
/** How many leading bits of the hash all peers of this block share (see `PeerSet`). */
export const DEPTH = 6
/** Slots of the index. */
export const SLOTS = 7

export const DIRECTORY = 0xffff

export const PEER_ID_WORDS = 10
/** Blocks up to this capacity have no index. */
const UNINDEXED = 8
/** A set with more peers is spread over several blocks, so that no one operation moves more than this many. */
export const MAX_CAPACITY = 1024

/** Mark bits: ticks above, flags below. */
export const PARTIAL = 1
export const ALIAS = 2
export const FLAGS: number = PARTIAL | ALIAS
export const TICK_SHIFT = 2
export const TICKS: number = 1 << 14

/** Words of an endpoint of a family. */
export function endpointWords(family: AddressFamily): number {
  return family === 'ipv4' ? 3 : 9
}

/** Slots of the index of a block for `capacity` peers. */
export function slotsFor(capacity: number): number {
  return capacity <= UNINDEXED ? 0 : capacity + (capacity >> 1)
}

/** The next capacity of a block that is full: a quarter more, as slack costs memory and growth costs copies. */
export function grownCapacity(capacity: number): number {
  return Math.min(MAX_CAPACITY, capacity + Math.max(1, capacity >> 2))
}
