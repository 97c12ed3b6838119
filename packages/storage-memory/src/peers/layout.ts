/**
 * A block of peers: up to `capacity` peers of one swarm, family and role (leechers or seeders),
 * densely from position 0.
 *
 *     | header 16 bytes | index 2 each … | entries 8 or 20 each … | columns: peer ids 20, owners 4 |
 *
 * Columns hold further data that the store is configured to keep.
 *
 * The index finds the position of an endpoint: an open-addressed table with 1.5 slots for each peer
 * that fits, each holding a position plus one. Blocks of up to 8 peers have no index, as a scan is
 * as fast.
 */

/**
 * The 16-bit words of a block's header. The first is the number of peers that fit, or `DIRECTORY`
 * if this is not a block of peers.
 */
export const CAPACITY = 0
export const COUNT = 1
/** How many of the peers are partial seeds. */
export const PARTIALS = 2
/** How many have a port that is withheld. */
export const WITHHELD = 3
/** How many have an address that is not public. */
export const NOT_PUBLIC = 4
/** How many leading bits of the hash all peers of this block share (see `PeerSets`). */
export const DEPTH = 5
/** Slots of the index. */
export const SLOTS = 6
export const HEADER_U16 = 8
export const HEADER_U32 = 4

export const DIRECTORY = 0xffff

export const PEER_ID_U32 = 5

/** Data that a block holds for each peer besides its entry. */
export interface Column {
  /** 32-bit words of a peer in this column. */
  readonly width: number
  /** 32-bit words of a peer in the columns before this one. */
  readonly offset: number
}

/** The columns that a store keeps, in their order. */
export class Columns {
  readonly all: readonly Column[]
  readonly peerIds: Column | undefined
  readonly owners: Column | undefined
  /** 32-bit words of a peer in all columns. */
  readonly width: number

  constructor(keepsPeerIds: boolean, keepsOwners: boolean) {
    const all: Column[] = []
    let width = 0
    const add = (columnWidth: number): Column => {
      const column = { width: columnWidth, offset: width }
      all.push(column)
      width += columnWidth
      return column
    }
    this.peerIds = keepsPeerIds ? add(PEER_ID_U32) : undefined
    this.owners = keepsOwners ? add(1) : undefined
    this.all = all
    this.width = width
  }
}
/** Blocks up to this capacity have no index. */
const UNINDEXED = 8
/**
 * A larger set has several blocks, so that no single operation moves more peers than this.
 */
export const MAX_CAPACITY = 1024

/**
 * Slots of the index of a block for `capacity` peers: an even number, so that the 32-bit words
 * after it are aligned.
 */
export function slotsFor(capacity: number): number {
  return capacity <= UNINDEXED ? 0 : (capacity + (capacity >> 1) + 1) & ~1
}

/**
 * The next capacity of a full block: a quarter more, a balance between slack and copies.
 */
export function grownCapacity(capacity: number): number {
  return Math.min(MAX_CAPACITY, capacity + Math.max(1, capacity >> 2))
}
