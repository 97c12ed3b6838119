const SEGMENT_BITS = 13
/** Records of a segment. */
const SEGMENT_RECORDS: number = 1 << SEGMENT_BITS
const INDEX_MASK = SEGMENT_RECORDS - 1

/** Records that an index can tell apart: 24 bits. */
export const MAX_RECORDS: number = 2 ** 24 - 1

/**
 * Records of one size in flat memory, numbered from 1. The garbage collector never walks them, and
 * growth copies nothing: memory is added a segment at a time.
 *
 * A record is read and written as 32-bit words, or as doubles where its size is a multiple of 8
 * bytes.
 */
export class RecordPool {
  /** 32-bit words of a record. */
  readonly width: number
  readonly #longs: Uint32Array[] = []
  readonly #doubles: Float64Array[] = []
  #next = 1
  /** The record released last; its first word names the one released before it. */
  #released = 0
  #size = 0

  /** `width` is the number of 32-bit words in a record. */
  constructor(width: number) {
    this.width = width
  }

  /** Records in use. */
  get size(): number {
    return this.#size
  }

  /** The lowest number that no record has had yet: those in use are below it. */
  get end(): number {
    return this.#next
  }

  /** Bytes of all segments. */
  get bytes(): number {
    return this.#longs.length * SEGMENT_RECORDS * this.width * 4
  }

  /** A record whose words are zero. @throws {RangeError} beyond `MAX_RECORDS`. */
  allocate(): number {
    this.#size++
    const released = this.#released
    if (released !== 0) {
      const longs = this.longs(released)
      const at = this.at(released)
      this.#released = longs[at]!
      longs[at] = 0
      return released
    }
    const record = this.#next
    if (record > MAX_RECORDS) throw new RangeError(`more than ${MAX_RECORDS} records`)
    if (record >>> SEGMENT_BITS === this.#longs.length) this.#addSegment()
    this.#next++
    return record
  }

  /** Takes a record back. Nothing may refer to it any more. */
  release(record: number): void {
    const longs = this.longs(record)
    const at = this.at(record)
    longs.fill(0, at, at + this.width)
    longs[at] = this.#released
    this.#released = record
    this.#size--
  }

  /** The word at position `field` of a record. */
  get(record: number, field: number): number {
    return this.longs(record)[this.at(record) + field]!
  }

  set(record: number, field: number, value: number): void {
    this.longs(record)[this.at(record) + field] = value
  }

  /** The double at word `field`, which is even. */
  getDouble(record: number, field: number): number {
    return this.doubles(record)[(this.at(record) + field) >>> 1]!
  }

  setDouble(record: number, field: number, value: number): void {
    this.doubles(record)[(this.at(record) + field) >>> 1] = value
  }

  /** The words of the record's segment. */
  longs(record: number): Uint32Array {
    return this.#longs[record >>> SEGMENT_BITS]!
  }

  /** The same memory as doubles; the position is half of `at`. */
  doubles(record: number): Float64Array {
    return this.#doubles[record >>> SEGMENT_BITS]!
  }

  /** The position of the record's first word in its segment. */
  at(record: number): number {
    return (record & INDEX_MASK) * this.width
  }

  #addSegment(): void {
    const memory = new ArrayBuffer(SEGMENT_RECORDS * this.width * 4)
    this.#longs.push(new Uint32Array(memory))
    if (this.width % 2 === 0) this.#doubles.push(new Float64Array(memory))
  }
}
