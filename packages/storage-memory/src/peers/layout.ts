/**
 * A block of peers: up to `capacity` peers of one swarm, family and role (leechers or seeders),
 * densely from position 0.
 *
 *     | header 16 bytes | index 2 each … | entries 8 or 20 each … | columns: peer ids 20, owners 4 |
 *
 * Columns hold what a store is told to keep beside the entries, one after the other.
 *
 * The index finds an endpoint's position: open-addressed, half again as many slots as there is room
 * for peers, each holding a position plus one. Blocks of up to 8 peers have none, as looking at all
 * of them is as quick.
 */

/**
 * The 16-bit words of a block's header. How many peers fit; `DIRECTORY` here says that this is no
 * block of peers at all.
 */
export const CAPACITY = 0
export const COUNT = 1
/** How many of the peers are partial seeds. */
export const PARTIALS = 2
/** How many have a port that is not given to others. */
export const WITHHELD = 3
/** How many have an address that means nothing on the public internet. */
export const NOT_PUBLIC = 4
/** How many leading bits of the hash all peers of this block share (see `PeerSets`). */
export const DEPTH = 5
/** Slots of the index. */
export const SLOTS = 6
export const HEADER_U16 = 8
export const HEADER_U32 = 4

export const DIRECTORY = 0xffff

export const PEER_ID_U32 = 5

/** What a block holds of each peer beside its entry. */
export interface Column {
  /** 32-bit words of a peer in this column. */
  readonly width: number
  /** Those of a peer in the columns before this one. */
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
 * A set with more peers is spread over several blocks, so that no one operation moves more than
 * this many.
 */
export const MAX_CAPACITY = 1024

/**
 * Slots of the index of a block for `capacity` peers: an even number, as what follows it is made of
 * 32-bit words.
 */
export function slotsFor(capacity: number): number {
  return capacity <= UNINDEXED ? 0 : (capacity + (capacity >> 1) + 1) & ~1
}

/**
 * The next capacity of a block that is full: a quarter more, as slack costs memory and growth costs
 * copies.
 */
export function grownCapacity(capacity: number): number {
  return Math.min(MAX_CAPACITY, capacity + Math.max(1, capacity >> 2))
}
