/**
 * A hash table with entries that expire, in flat memory.
 *
 *     | hash 4 | end 4 | value 4 |
 *
 * An entry is valid until the clock reaches its end. Its slot is then free, and is reclaimed when
 * its part of the table is rebuilt. The table has 256 parts, selected by the first bits of the
 * hash, which grow one by one, so that no growth causes a pause. When a part is full, the entries
 * that end first are dropped.
 */

const SLOT_U32 = 3
const END = 1
const VALUE = 2
const PARTS = 256
const PART_SHIFT = 24
const MIN_SLOTS = 16
const NO_PART: Uint32Array = new Uint32Array(0)

export class ExpiringTable {
  readonly #parts: Uint32Array[] = Array.from({ length: PARTS }, () => NO_PART)
  /** Used slots of each part, expired entries included. */
  readonly #used = new Uint32Array(PARTS)
  #bytes = 0
  /** The end of the last entry found by `get`. */
  end = 0

  /** Bytes that the table takes. */
  get bytes(): number {
    return this.#bytes
  }

  /** The value of an entry that has not ended at `tick`, or -1. */
  get(hash: number, tick: number): number {
    const part = this.#parts[hash >>> PART_SHIFT]!
    if (part.length === 0) return -1
    const at = seek(part, hash >>> 0 || 1)
    this.end = part[at + END]!
    return part[at] !== 0 && this.end > tick ? part[at + VALUE]! : -1
  }

  /** Sets an entry that ends at `end`. The table keeps at most about `bound` entries. */
  set(hash: number, value: number, end: number, tick: number, bound: number): void {
    const number = hash >>> PART_SHIFT
    if ((this.#used[number]! + 1) * 4 * SLOT_U32 > this.#parts[number]!.length * 3)
      this.#rebuild(number, tick, bound)
    const part = this.#parts[number]!
    const key = hash >>> 0 || 1
    let at = seek(part, key)
    if (part[at] === 0) {
      at = seekEnded(part, key, tick)
      if (part[at] === 0) this.#used[number]!++
    }
    part[at] = key
    part[at + END] = end
    part[at + VALUE] = value
  }

  /** Ends an entry, if present. */
  delete(hash: number): void {
    const part = this.#parts[hash >>> PART_SHIFT]!
    if (part.length === 0) return
    const at = seek(part, hash >>> 0 || 1)
    if (part[at] !== 0) part[at + END] = 0
  }

  /** Rebuilds a part without expired entries, with room to double. */
  #rebuild(number: number, tick: number, bound: number): void {
    const part = this.#parts[number]!
    const after = earliestKept(part, tick, Math.max(MIN_SLOTS / 2, bound / PARTS))
    const kept = countAfter(part, after)
    let slots = MIN_SLOTS
    while (slots < kept * 2) slots *= 2
    const laid = new Uint32Array(slots * SLOT_U32)
    for (let from = 0; from < part.length; from += SLOT_U32) {
      if (part[from] === 0 || part[from + END]! <= after) continue
      const at = seek(laid, part[from]!)
      for (let long = 0; long < SLOT_U32; long++) laid[at + long] = part[from + long]!
    }
    this.#parts[number] = laid
    this.#used[number] = kept
    this.#bytes += laid.byteLength - part.byteLength
  }
}

/** The tick up to which entries are dropped, so that at most `most` remain. */
function earliestKept(part: Uint32Array, tick: number, most: number): number {
  let last = tick
  for (let at = END; at < part.length; at += SLOT_U32) last = Math.max(last, part[at]!)
  let after = tick
  while (countAfter(part, after) > most) after += Math.ceil((last - after) / 2)
  return after
}

function countAfter(part: Uint32Array, after: number): number {
  let count = 0
  for (let at = 0; at < part.length; at += SLOT_U32)
    if (part[at] !== 0 && part[at + END]! > after) count++
  return count
}

/** The position of a hash's entry, or of the free slot that ends the search. */
function seek(part: Uint32Array, hash: number): number {
  const mask = part.length / SLOT_U32 - 1
  for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
    const found = part[slot * SLOT_U32]
    if (found === hash || found === 0) return slot * SLOT_U32
  }
}

/**
 * The position for a new entry of a hash: the first slot that is free or has expired.
 */
function seekEnded(part: Uint32Array, hash: number, tick: number): number {
  const mask = part.length / SLOT_U32 - 1
  for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
    if (part[slot * SLOT_U32] === 0 || part[slot * SLOT_U32 + END]! <= tick) return slot * SLOT_U32
  }
}
