import { INFO_HASH_LENGTH, writeByteString, type AddressFamily } from '@chihaya/bittorrent'
import type { SwarmEntry } from '@chihaya/core'
import { TimeSlice } from './time-slice.ts'

/** 32-bit words of a record: infohash, seeders and leechers by family, downloads. */
const WORDS = 10
const HASH_WORDS = INFO_HASH_LENGTH / 4
const SEEDERS: Readonly<Record<AddressFamily, number>> = { ipv4: 5, ipv6: 7 }
const LEECHERS: Readonly<Record<AddressFamily, number>> = { ipv4: 6, ipv6: 8 }
const DOWNLOADED = 9

/** Records of a segment, as a power of two. Segments let a snapshot grow without copying. */
const SEGMENT_BITS = 14
const SEGMENT = 1 << SEGMENT_BITS

/** Records processed between two checks of the clock. */
const BLOCK = 2048

/** Leading bytes of an infohash that are compared as one number. */
const PREFIX = 4

interface Segment {
  readonly bytes: Uint8Array
  readonly words: Uint32Array
}

/** Record numbers in some order, with the prefixes of their infohashes. */
class Run {
  readonly records: Uint32Array
  readonly prefixes: Uint32Array

  constructor(count: number) {
    this.records = new Uint32Array(count)
    this.prefixes = new Uint32Array(count)
  }
}

/** One swarm of a snapshot. */
export interface SwarmRow {
  /** 20 bytes in the snapshot's memory. */
  readonly infoHash: Uint8Array
  readonly complete: number
  readonly downloaded: number
  readonly incomplete: number
}

/**
 * All swarms at one time, in byte order of their infohashes, 44 bytes each. Long work yields to
 * requests every few milliseconds.
 */
export class SwarmSnapshot {
  #segments: Segment[] = []
  #count = 0
  /** The record numbers in order. */
  #order: Uint32Array = new Uint32Array()
  #isReleased = false

  /** Reads all swarms of a store. */
  static async read(pages: AsyncIterable<readonly SwarmEntry[]>): Promise<SwarmSnapshot> {
    const snapshot = new SwarmSnapshot()
    const slice = new TimeSlice()
    for await (const page of pages) {
      for (const entry of page) {
        snapshot.#add(entry)
        if (snapshot.#count % BLOCK === 0 && slice.isOver()) await slice.next()
      }
    }
    await snapshot.#sort(slice)
    await snapshot.#dropDuplicates(slice)
    return snapshot
  }

  /** Frees the memory. Further reads throw. */
  release(): void {
    this.#isReleased = true
    this.#segments = []
    this.#order = new Uint32Array()
  }

  /** The number of swarms. */
  get size(): number {
    this.#check()
    return this.#order.length
  }

  /** The swarm at a position, with the counters of one family. */
  row(position: number, family: AddressFamily): SwarmRow {
    this.#check()
    const record = this.#order[position] as number
    const { bytes, words } = this.#segmentOf(record)
    const at = wordOf(record)
    return {
      infoHash: bytes.subarray(at * 4, at * 4 + INFO_HASH_LENGTH),
      complete: words[at + SEEDERS[family]] as number,
      downloaded: words[at + DOWNLOADED] as number,
      incomplete: words[at + LEECHERS[family]] as number,
    }
  }

  #check(): void {
    if (this.#isReleased)
      throw new Error('the list of all swarms was replaced by a newer one while it was being sent')
  }

  #add({ infoHash, seeders, leechers, downloaded }: SwarmEntry): void {
    const record = this.#count++
    if (record % SEGMENT === 0) {
      const words = new Uint32Array(SEGMENT * WORDS)
      this.#segments.push({ words, bytes: new Uint8Array(words.buffer) })
    }
    const { bytes, words } = this.#segmentOf(record)
    const at = wordOf(record)
    writeByteString(infoHash, bytes, at * 4)
    for (const family of ['ipv4', 'ipv6'] as const) {
      words[at + SEEDERS[family]] = seeders[family]
      words[at + LEECHERS[family]] = leechers[family]
    }
    words[at + DOWNLOADED] = downloaded
  }

  #segmentOf(record: number): Segment {
    return this.#segments[record >> SEGMENT_BITS] as Segment
  }

  /**
   * A bottom-up merge sort: its time hardly depends on the infohashes. Four bytes of the infohash
   * stay beside the record number, so that few comparisons need more.
   */
  async #sort(slice: TimeSlice): Promise<void> {
    const count = this.#count
    let from = new Run(count)
    let to = new Run(count)
    for (let record = 0; record < count; record++) {
      from.records[record] = record
      from.prefixes[record] = this.#prefix(record)
      if (record % BLOCK === 0 && slice.isOver()) await slice.next()
    }
    for (let width = 1; width < count; width *= 2) {
      for (let start = 0; start < count; start += width * 2) {
        const middle = Math.min(start + width, count)
        const end = Math.min(middle + width, count)
        let left = start
        let right = middle
        for (let place = start; place < end; place++) {
          // The left one of equals keeps the sort stable.
          const isLeft = right === end || (left < middle && !this.#isBefore(from, right, left))
          const taken = isLeft ? left++ : right++
          to.records[place] = from.records[taken] as number
          to.prefixes[place] = from.prefixes[taken] as number
          if (place % BLOCK === 0 && slice.isOver()) await slice.next()
        }
      }
      ;[from, to] = [to, from]
    }
    this.#order = from.records
  }

  /** Whether the record at `one` sorts before that at `other`. */
  #isBefore({ records, prefixes }: Run, one: number, other: number): boolean {
    const difference = (prefixes[one] as number) - (prefixes[other] as number)
    if (difference !== 0) return difference < 0
    return this.#compareRest(records[one] as number, records[other] as number) < 0
  }

  #compareRest(one: number, other: number): number {
    const a = this.#segmentOf(one).bytes
    const b = this.#segmentOf(other).bytes
    for (let byte = PREFIX; byte < INFO_HASH_LENGTH; byte++) {
      const difference =
        (a[wordOf(one) * 4 + byte] as number) - (b[wordOf(other) * 4 + byte] as number)
      if (difference !== 0) return difference
    }
    return 0
  }

  #prefix(record: number): number {
    const { bytes } = this.#segmentOf(record)
    let prefix = 0
    for (let byte = 0; byte < PREFIX; byte++)
      prefix = prefix * 256 + (bytes[wordOf(record) * 4 + byte] as number)
    return prefix
  }

  /** Stores may list a swarm twice. The last entry counts. */
  async #dropDuplicates(slice: TimeSlice): Promise<void> {
    const order = this.#order
    let kept = 0
    for (let index = 0; index < order.length; index++) {
      const record = order[index] as number
      if (kept > 0 && this.#areSame(order[kept - 1] as number, record)) kept--
      order[kept++] = record
      if (index % BLOCK === 0 && slice.isOver()) await slice.next()
    }
    this.#order = order.subarray(0, kept)
  }

  #areSame(one: number, other: number): boolean {
    const a = this.#segmentOf(one).words
    const b = this.#segmentOf(other).words
    for (let word = 0; word < HASH_WORDS; word++)
      if (a[wordOf(one) + word] !== b[wordOf(other) + word]) return false
    return true
  }
}

/** The first word of a record in its segment. */
function wordOf(record: number): number {
  return (record & (SEGMENT - 1)) * WORDS
}
