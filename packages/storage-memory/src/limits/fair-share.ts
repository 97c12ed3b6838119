import { COUNT } from '../peers/layout.ts'
import { segmentOf } from '../heap/heap.ts'
import { heaviestOf, numberInWide, weightIn } from './sources.ts'
import { SWARM } from '../swarms/records.ts'
import type { Swarms } from '../swarms/swarms.ts'

/**
 * Table places that one search visits. A nearly empty table of a full store has fewer.
 */
const PLACES = 16_384
/** Swarms weighed to make room for a new one. */
const SWARMS_WEIGHED = 32
/** Swarms searched for a peer of a source that is known to be heavy. */
const SWARMS_SEARCHED = 512
/** Peers weighed per set: in any swarm, and in one where heavy peers were found before. */
const PEERS_WEIGHED = 4
const PEERS_WEIGHED_AGAIN = 16
/** Size of the sample that represents a full swarm, and the smallest swarm that is sampled. */
const SAMPLE = 32
const LEAST_SAMPLED = 2 * SAMPLE

/**
 * Makes room in a full store at the expense of the sources that fill it (`SourceShares`). It weighs
 * some swarms, visiting the table in turn, and drops the one with the heaviest source if that
 * source is heavier than the newcomer's. So a flood gets only itself refused.
 */
export class FairShare {
  readonly #swarms: Swarms
  /** The next place of the table to look at. */
  #place = 0
  /** Places that the search may still visit. */
  #places = 0
  /** The record of a swarm that had heavy peers and may have ended since, or 0. */
  #crowded = 0
  #patience = SWARMS_SEARCHED
  /** The heaviest peer found, and its weight. */
  #record = 0
  #set = 0
  #slot = 0
  #position = 0
  #weight = 0
  /** Sources of a sample of a swarm's peers. */
  readonly #sample = new Int32Array(SAMPLE)

  constructor(swarms: Swarms) {
    this.#swarms = swarms
  }

  /** Drops a swarm to make room for one of this source; false if no other source is heavier. */
  makeRoomForSwarm(source: number): boolean {
    const { records, swarmShares } = this.#swarms
    let heaviest = swarmShares.nextWeight(source)
    let victim = 0
    this.#places = PLACES
    for (let weighed = 0; weighed < SWARMS_WEIGHED; weighed++) {
      const record = this.#nextSwarm()
      if (record === 0) break
      // A swarm of many peers probably has users, and is expensive for a flood to fake.
      const weight =
        swarmShares.weight(records.source(record)) / Math.max(1, this.#swarms.population(record))
      if (weight <= heaviest) continue
      heaviest = weight
      victim = record
    }
    if (victim === 0) return false
    this.#swarms.drop(victim)
    return true
  }

  /**
   * Drops a peer of a full swarm to make room for one of this source, if a sample shows that most
   * peers come from one other wide network; false otherwise.
   */
  makeRoomInSwarm(record: number, source: number): boolean {
    const { records, sources } = this.#swarms
    const set = this.#largestSet(record)
    const sets = this.#swarms.sets(set)
    const { blocks } = sets
    const root = records.root(record, set)
    if (sets.size(root) < LEAST_SAMPLED) return false
    const slot = Math.floor(Math.random() * sets.slots(root))
    const block = sets.blockOf(root, slot)
    const count = block === 0 ? 0 : blocks.header(block, COUNT)
    if (count === 0) return false
    const sample = this.#sample
    const start = Math.floor(Math.random() * count)
    for (let index = 0; index < SAMPLE; index++) {
      const u32 = blocks.heap.u32[segmentOf(block)]!
      sample[index] = sources.of(u32, blocks.entryAt(block, (start + index) % count), blocks.stride)
    }
    const heaviest = heaviestOf(sample)
    const crowd = sample[heaviest]!
    if (
      numberInWide(sample, crowd) * 2 <= SAMPLE ||
      weightIn(sample, crowd, 0) <= weightIn(sample, source, 1)
    )
      return false
    sets.locate(root, slot, (start + heaviest) % count)
    this.#swarms.displace(record, set)
    return true
  }

  /** Remembers that the heaviest source has a new peer in the swarm of a record. */
  noteCrowded(record: number): void {
    this.#crowded = record
  }

  /** Drops a peer to make room for one of this source; false if no other source is heavier. */
  makeRoomForPeer(source: number): boolean {
    const { records, peerShares } = this.#swarms
    const own = peerShares.nextWeight(source)
    // Half the heaviest weight is enough, and worth a search, unless the newcomer is as heavy.
    const enough = peerShares.heaviest / 2
    const most = enough > 0 && own >= enough ? SWARMS_WEIGHED : this.#patience
    this.#weight = own
    this.#record = 0
    this.#places = PLACES
    if (this.#crowded !== 0 && records.table.has(records.hashOf(this.#crowded), this.#crowded)) {
      this.#weigh(this.#crowded, PEERS_WEIGHED_AGAIN)
    }
    for (let weighed = 0; weighed < most; weighed++) {
      if (this.#record !== 0 && this.#weight >= enough && (enough > 0 || weighed >= SWARMS_WEIGHED))
        break
      const record = this.#nextSwarm()
      if (record === 0) break
      this.#weigh(record, PEERS_WEIGHED)
    }
    const found = this.#record !== 0 && this.#weight >= enough
    if (found) this.#crowded = this.#record
    // If long searches find nothing, heavy peers are few, and any peer will do.
    this.#patience = found ? SWARMS_SEARCHED : Math.max(SWARMS_WEIGHED, this.#patience >> 1)
    if (this.#record === 0) return false
    const sets = this.#swarms.sets(this.#set)
    sets.locate(records.root(this.#record, this.#set), this.#slot, this.#position)
    this.#swarms.displace(this.#record, this.#set)
    this.#swarms.endIfEmpty(this.#record)
    return true
  }

  #largestSet(record: number): number {
    let largest = 0
    for (let set = 1; set < this.#swarms.records.sets; set++) {
      if (this.#swarms.records.count(record, set) > this.#swarms.records.count(record, largest))
        largest = set
    }
    return largest
  }

  /** Weighs a run of neighbours at a random position of a random block of each set. */
  #weigh(record: number, most: number): void {
    const { records, sources, peerShares } = this.#swarms
    if (records.kind(record) !== SWARM) return
    for (let set = 0; set < records.sets; set++) {
      const sets = this.#swarms.sets(set)
      const { blocks } = sets
      const root = records.root(record, set)
      if (root === 0) continue
      const slot = Math.floor(Math.random() * sets.slots(root))
      const block = sets.blockOf(root, slot)
      if (block === 0) continue
      const count = blocks.header(block, COUNT)
      const start = Math.floor(Math.random() * count)
      for (let index = 0; index < Math.min(most, count); index++) {
        const position = (start + index) % count
        const source = sources.of(
          blocks.heap.u32[segmentOf(block)]!,
          blocks.entryAt(block, position),
          blocks.stride,
        )
        const weight = peerShares.weight(source)
        peerShares.noteHeavy(source)
        if (weight <= this.#weight) continue
        this.#weight = weight
        this.#record = record
        this.#set = set
        this.#slot = slot
        this.#position = position
      }
    }
  }

  /** The next swarm in table order, or 0 at the end of the search. */
  #nextSwarm(): number {
    const { records } = this.#swarms
    while (this.#places-- > 0) {
      this.#place = this.#place + 1 < records.table.places ? this.#place + 1 : 0
      const record = records.table.at(this.#place)
      if (record !== 0 && records.kind(record) === SWARM) return record
    }
    return 0
  }
}
