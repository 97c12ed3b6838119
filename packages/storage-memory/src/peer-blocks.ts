import { segmentOf, wordsAt, type Heap } from './heap.ts'
import type { KeyedHash } from './keyed-hash.ts'
import {
  ALIAS,
  ALIASES,
  CAPACITY,
  COUNT,
  DEPTH,
  HEADER_WORDS,
  NOT_PUBLIC,
  PARTIAL,
  PARTIALS,
  PEER_ID_WORDS,
  SLOTS,
  slotsFor,
  UNDIALLABLE,
} from './peer-layout.ts'
import { isPublicEndpoint, isUndiallable } from './endpoint.ts'

/**
 * Reads and changes blocks of peers of one family. Methods take a block's reference and look its segment up anew, since
 * any allocation may add one.
 */
export class PeerBlocks {
  readonly heap: Heap
  /** Words of an endpoint. */
  readonly stride: number
  readonly keepsPeerIds: boolean
  readonly #hash: KeyedHash
  /** How many words of an endpoint the hash covers: all, or the address alone where a source's peers must stay together. */
  readonly #hashedWords: number

  constructor(heap: Heap, hash: KeyedHash, stride: number, hashedWords: number, keepsPeerIds: boolean) {
    this.heap = heap
    this.stride = stride
    this.keepsPeerIds = keepsPeerIds
    this.#hash = hash
    this.#hashedWords = hashedWords
  }

  /** The hash of the endpoint that begins at `words[at]`. */
  hash(words: Uint16Array, at: number): number {
    return this.#hash.words(words, at, this.#hashedWords)
  }

  /** An empty block. */
  create(capacity: number, depth: number): number {
    const slots = slotsFor(capacity)
    const peerWords = this.stride + 1 + (this.keepsPeerIds ? PEER_ID_WORDS : 0)
    const block = this.heap.allocate((HEADER_WORDS + slots + capacity * peerWords) * 2)
    const words = this.heap.words[segmentOf(block)]!
    const base = wordsAt(block)
    words.fill(0, base, base + HEADER_WORDS + slots)
    words[base + CAPACITY] = capacity
    words[base + DEPTH] = depth
    words[base + SLOTS] = slots
    return block
  }

  header(block: number, field: number): number {
    return this.heap.words[segmentOf(block)]![wordsAt(block) + field]!
  }

  /** Where endpoint, mark and peer id of a position lie in the block's segment. */
  endpointAt(words: Uint16Array, base: number, position: number): number {
    return base + HEADER_WORDS + words[base + SLOTS]! + position * this.stride
  }

  markAt(words: Uint16Array, base: number, position: number): number {
    return base + HEADER_WORDS + words[base + SLOTS]! + words[base + CAPACITY]! * this.stride + position
  }

  peerIdAt(words: Uint16Array, base: number, position: number): number {
    return base + HEADER_WORDS + words[base + SLOTS]! + words[base + CAPACITY]! * (this.stride + 1) + position * PEER_ID_WORDS
  }

  /** The position of the endpoint in `key`, or -1. */
  find(block: number, key: Uint16Array, hash: number): number {
    const words = this.heap.words[segmentOf(block)]!
    const base = wordsAt(block)
    const slots = words[base + SLOTS]!
    const endpoints = base + HEADER_WORDS + slots
    if (slots === 0) {
      const count = words[base + COUNT]!
      for (let position = 0; position < count; position++) {
        if (this.#equals(words, endpoints + position * this.stride, key)) return position
      }
      return -1
    }
    const index = base + HEADER_WORDS
    for (let slot = slotOf(hash, slots); ; slot = slot + 1 === slots ? 0 : slot + 1) {
      const position = words[index + slot]! - 1
      if (position < 0) return -1
      if (this.#equals(words, endpoints + position * this.stride, key)) return position
    }
  }

  /** The positions of peers whose endpoint begins with the first `length` words of `key`, which are all that is hashed. */
  positionsOf(block: number, key: Uint16Array, hash: number, length: number): number[] {
    const words = this.heap.words[segmentOf(block)]!
    const base = wordsAt(block)
    const slots = words[base + SLOTS]!
    const begins = (position: number): boolean => {
      const endpoint = this.endpointAt(words, base, position)
      for (let word = 0; word < length; word++) if (words[endpoint + word] !== key[word]) return false
      return true
    }
    const positions: number[] = []
    if (slots === 0) {
      for (let position = 0; position < words[base + COUNT]!; position++) if (begins(position)) positions.push(position)
      return positions
    }
    const index = base + HEADER_WORDS
    for (let slot = slotOf(hash, slots); words[index + slot] !== 0; slot = (slot + 1) % slots) {
      const position = words[index + slot]! - 1
      if (begins(position)) positions.push(position)
    }
    return positions
  }

  /** Puts the peer in `key` at the end of a block that has room for it, and returns its position. Its peer id is not set. */
  append(block: number, key: Uint16Array, keyAt: number, hash: number, mark: number): number {
    const words = this.heap.words[segmentOf(block)]!
    const base = wordsAt(block)
    const position = words[base + COUNT]!++
    const endpoint = this.endpointAt(words, base, position)
    for (let word = 0; word < this.stride; word++) words[endpoint + word] = key[keyAt + word]!
    words[this.markAt(words, base, position)] = mark
    this.#tally(words, base, endpoint, mark, 1)
    const slots = words[base + SLOTS]!
    if (slots === 0) return position
    const index = base + HEADER_WORDS
    let slot = slotOf(hash, slots)
    while (words[index + slot] !== 0) slot = slot + 1 === slots ? 0 : slot + 1
    words[index + slot] = position + 1
    return position
  }

  /** Takes out the peer at a position; the last one takes its place. */
  remove(block: number, position: number): void {
    const words = this.heap.words[segmentOf(block)]!
    const base = wordsAt(block)
    const endpoint = this.endpointAt(words, base, position)
    this.#tally(words, base, endpoint, words[this.markAt(words, base, position)]!, -1)
    const last = --words[base + COUNT]!
    const indexed = words[base + SLOTS] !== 0
    if (indexed) this.#closeGap(words, base, this.#slotHolding(words, base, position))
    if (position === last) return
    if (indexed) words[base + HEADER_WORDS + this.#slotHolding(words, base, last)] = position + 1
    words.copyWithin(endpoint, this.endpointAt(words, base, last), this.endpointAt(words, base, last + 1))
    words[this.markAt(words, base, position)] = words[this.markAt(words, base, last)]!
    if (!this.keepsPeerIds) return
    const id = this.peerIdAt(words, base, last)
    words.copyWithin(this.peerIdAt(words, base, position), id, id + PEER_ID_WORDS)
  }

  /** Sets the mark of a peer, keeping count of its flags. */
  setMark(block: number, position: number, mark: number): void {
    const words = this.heap.words[segmentOf(block)]!
    const base = wordsAt(block)
    const at = this.markAt(words, base, position)
    const before = words[at]!
    words[base + PARTIALS]! += (mark & PARTIAL) - (before & PARTIAL)
    words[base + ALIASES]! += ((mark & ALIAS) - (before & ALIAS)) / ALIAS
    words[at] = mark
  }

  /** Appends the peer at a position of one block to another that has room for it. */
  copy(from: number, position: number, to: number): void {
    const words = this.heap.words[segmentOf(from)]!
    const base = wordsAt(from)
    const endpoint = this.endpointAt(words, base, position)
    const mark = words[this.markAt(words, base, position)]!
    const target = this.append(to, words, endpoint, this.hash(words, endpoint), mark)
    if (!this.keepsPeerIds) return
    const toWords = this.heap.words[segmentOf(to)]!
    const toId = this.peerIdAt(toWords, wordsAt(to), target)
    const id = this.peerIdAt(words, base, position)
    for (let word = 0; word < PEER_ID_WORDS; word++) toWords[toId + word] = words[id + word]!
  }

  /** The same peers in a block of another capacity; the old block is freed. */
  resize(block: number, capacity: number): number {
    const resized = this.create(capacity, this.header(block, DEPTH))
    const count = this.header(block, COUNT)
    for (let position = 0; position < count; position++) this.copy(block, position, resized)
    this.heap.free(block)
    return resized
  }

  #equals(words: Uint16Array, at: number, key: Uint16Array): boolean {
    for (let word = this.stride - 1; word >= 0; word--) if (words[at + word] !== key[word]) return false
    return true
  }

  #tally(words: Uint16Array, base: number, endpoint: number, mark: number, by: number): void {
    if (mark & PARTIAL) words[base + PARTIALS]! += by
    if (mark & ALIAS) words[base + ALIASES]! += by
    if (isUndiallable(words, endpoint, this.stride)) words[base + UNDIALLABLE]! += by
    if (!isPublicEndpoint(words, endpoint, this.stride)) words[base + NOT_PUBLIC]! += by
  }

  #slotHolding(words: Uint16Array, base: number, position: number): number {
    const slots = words[base + SLOTS]!
    let slot = slotOf(this.hash(words, this.endpointAt(words, base, position)), slots)
    while (words[base + HEADER_WORDS + slot] !== position + 1) slot = slot + 1 === slots ? 0 : slot + 1
    return slot
  }

  /** Draws later entries of the run back over a freed slot, so that no probe stops short of them. */
  #closeGap(words: Uint16Array, base: number, freed: number): void {
    const slots = words[base + SLOTS]!
    const index = base + HEADER_WORDS
    let gap = freed
    for (let slot = (gap + 1) % slots; words[index + slot] !== 0; slot = (slot + 1) % slots) {
      const home = slotOf(this.hash(words, this.endpointAt(words, base, words[index + slot]! - 1)), slots)
      if ((slot - home + slots) % slots < (slot - gap + slots) % slots) continue
      words[index + gap] = words[index + slot]!
      gap = slot
    }
    words[index + gap] = 0
  }
}

/** Scales the low 16 bits of a hash to the slots of an index; the high bits choose the block. */
function slotOf(hash: number, slots: number): number {
  return ((hash & 0xffff) * slots) >>> 16
}
