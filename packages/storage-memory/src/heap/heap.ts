/**
 * The memory of all swarms: segments of 4 MiB, divided into blocks of any size. A segment holds no
 * JavaScript objects, so the garbage collector never scans it.
 *
 * A block is a multiple of 8 bytes. A *reference* to it counts units of 8 bytes over all segments:
 * 19 bits within the segment, the rest the segment's number; 0 refers to nothing.
 *
 *     used   | header 4 | payload …                          |
 *     free   | header 4 | next 4 | previous 4 | …   | size 4 |
 *
 * The header holds the size in units, whether the block is free, and whether the one before it is:
 * enough to join a freed block with its free neighbours at once. Free blocks hang in lists by size,
 * eight lists to a power of two, and a bitmap finds the first list that is not empty (the good-fit
 * scheme of TLSF, Masmano et al. 2004).
 */

const UNIT_BITS = 19
/** Units of 8 bytes in a segment. */
const SEGMENT_UNITS: number = 1 << UNIT_BITS
const UNIT_MASK = SEGMENT_UNITS - 1
const SEGMENT_BYTES = SEGMENT_UNITS * 8
/**
 * The first unit stays unused, so that no reference is 0; the last holds the header that ends the
 * segment.
 */
const FIRST_UNIT = 1
const LAST_UNIT = SEGMENT_UNITS - 1
const WHOLE_SEGMENT = LAST_UNIT - FIRST_UNIT

const FREE = 1
const PREVIOUS_FREE = 2
const SIZE_SHIFT = 2
const MIN_UNITS = 2
const LISTS = 160
/** Empty segments kept for later allocations; further ones go back to the system. */
const SPARE_SEGMENTS = 1

/**
 * The largest payload of one block in bytes: what every block of the last list has room for.
 */
export const MAX_BLOCK_BYTES: number = (SEGMENT_UNITS / 16) * 15 * 8 - 4

/** The number of the segment that a reference points into. */
export function segmentOf(reference: number): number {
  return reference >>> UNIT_BITS
}

/** Where a block's payload begins in its segment, in 16-bit words. */
export function u16At(reference: number): number {
  return ((reference & UNIT_MASK) << 2) + 2
}

/** Where a block's payload begins in its segment, in 32-bit words. */
export function u32At(reference: number): number {
  return ((reference & UNIT_MASK) << 1) + 1
}

const NO_U16: Uint16Array = new Uint16Array(0)
const NO_U32: Uint32Array = new Uint32Array(0)

export class Heap {
  /** Each segment as 16-bit words, by its number. */
  readonly u16: Uint16Array[] = []
  /** The same segments as 32-bit words. */
  readonly u32: Uint32Array[] = []
  readonly #lists = new Uint32Array(LISTS)
  readonly #filled = new Uint32Array(LISTS / 32)
  readonly #unusedNumbers: number[] = []
  #segments = 0
  #spare = 0

  /** Bytes taken from the system. */
  get bytes(): number {
    return this.#segments * SEGMENT_BYTES
  }

  /**
   * A block for `bytes` of payload, its content undefined. @throws {RangeError} beyond
   * `MAX_BLOCK_BYTES`.
   */
  allocate(bytes: number): number {
    if (bytes > MAX_BLOCK_BYTES)
      throw new RangeError(`a block of ${bytes} bytes does not fit a segment`)
    const units = Math.max(MIN_UNITS, (bytes + 11) >>> 3)
    let list = this.#firstList(fittingList(units))
    if (list < 0) {
      this.#addSegment()
      list = this.#firstList(fittingList(units))
    }
    const reference = this.#lists[list]!
    this.#unlink(reference, list)
    const u32 = this.u32[segmentOf(reference)]!
    const header = (reference & UNIT_MASK) << 1
    const size = u32[header]! >>> SIZE_SHIFT
    if (size === WHOLE_SEGMENT) this.#spare--
    if (size - units >= MIN_UNITS) {
      u32[header] = units << SIZE_SHIFT
      this.#link(reference + units, size - units, u32)
    } else {
      u32[header] = size << SIZE_SHIFT
      u32[header + (size << 1)]! &= ~PREVIOUS_FREE
    }
    return reference
  }

  /** Frees a block, which may be allocated again at once. */
  free(reference: number): void {
    const u32 = this.u32[segmentOf(reference)]!
    let start = reference
    let header = (reference & UNIT_MASK) << 1
    let size = u32[header]! >>> SIZE_SHIFT
    const next = u32[header + (size << 1)]!
    if (next & FREE) {
      this.#unlink(start + size, listOf(next >>> SIZE_SHIFT))
      size += next >>> SIZE_SHIFT
    }
    if (u32[header]! & PREVIOUS_FREE) {
      const before = u32[header - 1]!
      start -= before
      header -= before << 1
      this.#unlink(start, listOf(before))
      size += before
    }
    if (size === WHOLE_SEGMENT && ++this.#spare > SPARE_SEGMENTS)
      this.#dropSegment(segmentOf(start))
    else this.#link(start, size, u32)
  }

  /** Makes a free block of `size` units; the blocks on either side of it are in use. */
  #link(reference: number, size: number, u32: Uint32Array): void {
    const list = listOf(size)
    const header = (reference & UNIT_MASK) << 1
    const next = this.#lists[list]!
    u32[header] = (size << SIZE_SHIFT) | FREE
    u32[header + 1] = next
    u32[header + 2] = 0
    const end = header + (size << 1)
    u32[end - 1] = size
    u32[end]! |= PREVIOUS_FREE
    if (next !== 0) this.u32[segmentOf(next)]![((next & UNIT_MASK) << 1) + 2] = reference
    this.#lists[list] = reference
    this.#filled[list >>> 5]! |= 1 << (list & 31)
  }

  #unlink(reference: number, list: number): void {
    const u32 = this.u32[segmentOf(reference)]!
    const header = (reference & UNIT_MASK) << 1
    const next = u32[header + 1]!
    const previous = u32[header + 2]!
    if (next !== 0) this.u32[segmentOf(next)]![((next & UNIT_MASK) << 1) + 2] = previous
    if (previous !== 0) {
      this.u32[segmentOf(previous)]![((previous & UNIT_MASK) << 1) + 1] = next
      return
    }
    this.#lists[list] = next
    if (next === 0) this.#filled[list >>> 5]! &= ~(1 << (list & 31))
  }

  /** The first list from `list` on that holds a block, or -1. */
  #firstList(list: number): number {
    let word = list >>> 5
    let bits = this.#filled[word]! & (-1 << (list & 31))
    while (bits === 0) {
      if (++word === LISTS / 32) return -1
      bits = this.#filled[word]!
    }
    return (word << 5) + 31 - Math.clz32(bits & -bits)
  }

  #addSegment(): void {
    const number = this.#unusedNumbers.pop() ?? this.u16.length
    const buffer = new ArrayBuffer(SEGMENT_BYTES)
    const u32 = new Uint32Array(buffer)
    this.u16[number] = new Uint16Array(buffer)
    this.u32[number] = u32
    this.#segments++
    this.#spare++
    this.#link(number * SEGMENT_UNITS + FIRST_UNIT, WHOLE_SEGMENT, u32)
  }

  #dropSegment(number: number): void {
    this.u16[number] = NO_U16
    this.u32[number] = NO_U32
    this.#unusedNumbers.push(number)
    this.#segments--
    this.#spare--
  }
}

/**
 * The list that a free block of `size` units hangs in: exact below 16 units, eight to a power of
 * two above.
 */
function listOf(size: number): number {
  if (size < 16) return size
  const power = 31 - Math.clz32(size)
  return ((power - 2) << 3) + ((size >>> (power - 3)) & 7)
}

/** The first list with only blocks of at least `units`. */
function fittingList(units: number): number {
  if (units < 16) return units
  const power = 31 - Math.clz32(units)
  return listOf(units + (1 << (power - 3)) - 1)
}
