import type { AddressFamily } from '@chihaya/bittorrent'
import { LEECHERS, SEEDERS } from './swarm-records.ts'
import type { SwarmStore } from './swarm-store.ts'

/** Peers of one source that one answer holds at most. */
const MAX_IN_ANSWER = 2
const IPV4_WORDS = 2
const IPV6_WORDS = 4

/**
 * Keeps one host, or one IPv6 /64, from filling a swarm with ports of its own. While a limit is set, endpoints are hashed by
 * their source alone: the peers of a source then lie in one block, in one run of its index.
 */
export class SourceLimit {
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Words of an endpoint that name its source. */
  sourceWords(family: AddressFamily): number {
    return family === 'ipv4' ? IPV4_WORDS : IPV6_WORDS
  }

  /** Where the announced peer's source is at its limit, meets its oldest peer and returns that one's set; else -1. */
  meetOldest(store: SwarmStore, record: number, set: number): number {
    const sets = store.sets(set)
    const length = sets.blocks.stride === 3 ? IPV4_WORDS : IPV6_WORDS
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

  /** Whether an answer that holds `drawn` endpoints already has its fill of the source of the one at `candidate`. */
  fills(words: Uint16Array, candidate: number, endpoints: Uint16Array, from: number, drawn: number, stride: number): boolean {
    const length = stride === 3 ? IPV4_WORDS : IPV6_WORDS
    let same = 0
    for (let peer = 0; peer < drawn; peer++) {
      let word = 0
      while (word < length && endpoints[from + peer * stride + word] === words[candidate + word]) word++
      if (word === length && ++same === MAX_IN_ANSWER) return true
    }
    return false
  }
}
