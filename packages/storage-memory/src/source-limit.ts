import type { AddressFamily } from '@chihaya/bittorrent'
import { halfOf } from './entry.ts'
import type { PeerDraw } from './peer-draw.ts'
import { IPV6_SETS, LEECHERS, SEEDERS } from './swarm-records.ts'
import type { SwarmStore } from './swarm-store.ts'

/** Peers of one source that one answer holds at most. */
const MAX_IN_ANSWER = 2
/** 16-bit words of an IPv4 endpoint in an answer. */
const IPV4_WIDTH = 3
/**
 * 32-bit words of an entry that name its source: all of an IPv4 address, the first half of an IPv6
 * one.
 */
const SOURCE_LONGS: Readonly<Record<AddressFamily, number>> = { ipv4: 1, ipv6: 2 }

/**
 * Keeps one host, or one IPv6 /64, from filling a swarm with ports of its own. While a limit is
 * set, endpoints are hashed by their source alone: the peers of a source then lie in one block, in
 * one run of its index.
 */
export class SourceLimit {
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  sourceLongs(family: AddressFamily): number {
    return SOURCE_LONGS[family]
  }

  /**
   * Where the announced peer's source is at its limit, meets its oldest peer and returns that one's
   * set; else -1.
   */
  meetOldest(store: SwarmStore, record: number, set: number): number {
    const sets = store.sets(set)
    const length = SOURCE_LONGS[set < IPV6_SETS ? 'ipv4' : 'ipv6']
    const hash = sets.blocks.hash(store.key, 0)
    const now = store.clock.mark()
    let peers = 0
    let oldest = { role: -1, index: -1, age: -1 }
    for (const role of [set + LEECHERS, set + SEEDERS]) {
      const marks = sets.marksOf(store.records.root(record, role), store.key, hash, length)
      peers += marks.length
      for (const [index, mark] of marks.entries()) {
        const age = store.clock.age(mark, now)
        if (age > oldest.age) oldest = { role, index, age }
      }
    }
    if (peers < this.#limit) return -1
    sets.meet(store.records.root(record, oldest.role), store.key, hash, length, oldest.index)
    return oldest.role
  }

  /** Whether an answer already has its fill of the source of the entry at `longs[at]`. */
  fills(draw: PeerDraw, longs: Uint32Array, at: number): boolean {
    const length = (draw.width === IPV4_WIDTH ? SOURCE_LONGS.ipv4 : SOURCE_LONGS.ipv6) * 2
    let same = 0
    for (let peer = 0; peer < draw.drawn; peer++) {
      const drawn = draw.at + peer * draw.width
      let word = 0
      while (
        word < length &&
        draw.endpoints[drawn + word] === halfOf(longs[at + (word >> 1)]!, word & 1)
      )
        word++
      if (word === length && ++same === MAX_IN_ANSWER) return true
    }
    return false
  }
}
