import type { LocalAddress } from './local-address.ts'
import { Records } from './records.ts'

// A cache line. With strides of a power of two, all datagrams would begin in a few cache sets.
const ALIGNMENT = 64

/** Bytes from the start of one datagram to the next, if the longest has `length` bytes. */
export function strideFor(length: number): number {
  const lines = Math.ceil(length / ALIGNMENT)
  return (lines % 2 === 0 ? lines + 1 : lines) * ALIGNMENT
}

/**
 * Datagrams that have arrived together, with room for a reply to each. A socket reuses its batch, so
 * nothing of it may be kept after `onBatch` has returned. Indexes run from 0 to `count - 1`.
 */
export class Batch {
  /** Holds the datagrams. Spans a whole `ArrayBuffer`. */
  readonly input: Buffer
  /** Holds the replies. Spans a whole `ArrayBuffer`. */
  readonly output: Buffer
  /** Maximum size of a reply in bytes. */
  readonly maxReply: number
  readonly #records: Records
  readonly #inputStride: number
  readonly #outputStride: number
  readonly #maxDatagram: number
  #count = 0
  #local: LocalAddress | undefined

  /** @internal */
  constructor(records: Records, batchSize: number, maxDatagram: number, maxReply: number) {
    this.#records = records
    this.#inputStride = strideFor(maxDatagram)
    this.#outputStride = strideFor(maxReply)
    this.#maxDatagram = maxDatagram
    this.maxReply = maxReply
    this.input = Buffer.from(new ArrayBuffer(batchSize * this.#inputStride))
    this.output = Buffer.from(new ArrayBuffer(batchSize * this.#outputStride))
  }

  /**
   * @internal
   * @param count the number of datagrams received, or 0 once the replies are taken.
   * @param local the address that all of them were sent to, if no record has it.
   */
  fill(count: number, local?: LocalAddress): void {
    this.#count = count
    this.#local = local
  }

  /** Number of datagrams in this batch. */
  get count(): number {
    return this.#count
  }

  /** Where the datagram starts in `input`: a multiple of 64. */
  start(index: number): number {
    return index * this.#inputStride
  }

  /** Where the datagram ends in `input`. */
  end(index: number): number {
    return index * this.#inputStride + Math.min(this.#records.length(index), this.#maxDatagram)
  }

  /** Size of the datagram as it was sent, even if `keepTruncated` has cut it to `maxDatagram`. */
  length(index: number): number {
    return this.#records.length(index)
  }

  /**
   * The source address: 4 bytes, or 16 for IPv6. IPv4 clients of an IPv6 socket have 4 too.
   * Read-only.
   */
  address(index: number): Uint8Array {
    return this.#records.address(index)
  }

  /** The source port, 0 to 65535. */
  port(index: number): number {
    return this.#records.port(index)
  }

  /** The interface index of a link-local source; 0 for any other. */
  scope(index: number): number {
    return this.#records.scope(index)
  }

  /**
   * The address that the datagram was sent to, for `send`: a copy that may be kept. Undefined for a
   * socket bound to one address, and for a datagram to an IPv6 multicast group.
   */
  local(index: number): LocalAddress | undefined {
    return this.#records.local(index) ?? this.#local
  }

  /**
   * Where the reply to the datagram starts in `output`: a multiple of 64, followed by `maxReply`
   * free bytes.
   */
  replyStart(index: number): number {
    return index * this.#outputStride
  }

  /**
   * Sends `length` bytes from `replyStart(index)` to the datagram's source after `onBatch` has
   * returned, from the address that the datagram was sent to. Zero sends an empty datagram. A later
   * call replaces an earlier one.
   * @throws {RangeError} for a length over `maxReply`, and for an index outside this batch.
   */
  reply(index: number, length: number): void {
    if (!(length >= 0 && length <= this.maxReply))
      throw new RangeError(`a reply has 0 to ${this.maxReply} bytes, not ${length}`)
    if (!(index >= 0 && index < this.#count))
      throw new RangeError(`this batch has no datagram ${index}`)
    this.#records.setOutgoing(index, length)
  }
}
