import { INFO_HASH_LENGTH, writeByteString, type InfoHash } from '@chihaya/bittorrent'

/** Largest share of used slots. */
const MAX_LOAD = 0.7
const MIN_SLOTS = 16
const GROWTH = 1.6

/**
 * Random bits for each value of each byte of a key. The hash of a key is their XOR (simple
 * tabulation hashing). It keeps runs of slots short for any keys, and outsiders cannot predict
 * which keys collide.
 */
const BITS: Uint32Array = crypto.getRandomValues(new Uint32Array(INFO_HASH_LENGTH * 256))

/** The infohash that is looked up. */
const key: Uint8Array = new Uint8Array(INFO_HASH_LENGTH)

/** A map from infohashes to numbers from 1 to 255, in 30 bytes each, free of garbage. */
export class InfoHashTable {
  #slots: number
  #keys: Uint8Array
  /** By slot; 0 marks a free one. */
  #values: Uint8Array
  #size = 0

  /** Has room for `expected` infohashes without growing. */
  constructor(expected: number) {
    this.#slots = Math.max(MIN_SLOTS, Math.ceil(expected / MAX_LOAD) + 1)
    this.#keys = new Uint8Array(this.#slots * INFO_HASH_LENGTH)
    this.#values = new Uint8Array(this.#slots)
  }

  get size(): number {
    return this.#size
  }

  /** The number of an infohash; 0 if it is not in the table. */
  get(infoHash: InfoHash): number {
    if (this.#size === 0) return 0
    writeByteString(infoHash, key, 0)
    return this.#values[this.#slotOf(key, 0)] as number
  }

  /** Sets the number of the infohash in the 20 bytes from `at`. */
  set(bytes: Uint8Array, at: number, value: number): void {
    let slot = this.#slotOf(bytes, at)
    if (this.#values[slot] === 0) {
      if (this.#size + 1 > this.#slots * MAX_LOAD) {
        this.#grow()
        slot = this.#slotOf(bytes, at)
      }
      this.#keys.set(bytes.subarray(at, at + INFO_HASH_LENGTH), slot * INFO_HASH_LENGTH)
      this.#size++
    }
    this.#values[slot] = value
  }

  /** The slot of a key, or the free one for it. */
  #slotOf(bytes: Uint8Array, at: number): number {
    let hash = 0
    for (let index = 0; index < INFO_HASH_LENGTH; index++)
      hash ^= BITS[(index << 8) | (bytes[at + index] as number)] as number
    let slot = Math.floor(((hash >>> 0) / 2 ** 32) * this.#slots)
    while (this.#values[slot] !== 0 && !this.#holds(slot, bytes, at))
      if (++slot === this.#slots) slot = 0
    return slot
  }

  #holds(slot: number, bytes: Uint8Array, at: number): boolean {
    const start = slot * INFO_HASH_LENGTH
    for (let index = 0; index < INFO_HASH_LENGTH; index++) {
      if (this.#keys[start + index] !== bytes[at + index]) return false
    }
    return true
  }

  #grow(): void {
    const grown = new InfoHashTable(this.#size * GROWTH)
    for (let slot = 0; slot < this.#slots; slot++) {
      const value = this.#values[slot] as number
      if (value !== 0) grown.set(this.#keys, slot * INFO_HASH_LENGTH, value)
    }
    this.#slots = grown.#slots
    this.#keys = grown.#keys
    this.#values = grown.#values
  }
}
