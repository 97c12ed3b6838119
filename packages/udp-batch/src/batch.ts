import type { LocalAddress } from './local-address.ts'
import { Records } from './records.ts'

// A cache line. Strides that are powers of two would put the beginnings of all datagrams into few
// sets of the cache.
const ALIGNMENT = 64

/** Bytes from the beginning of one datagram to the next, when the longest has `length`. */
export function strideFor(length: number): number {
  const lines = Math.ceil(length / ALIGNMENT)
  return (lines % 2 === 0 ? lines + 1 : lines) * ALIGNMENT
}

/**
 * Datagrams that have arrived together, with room for a reply to each. A socket fills one and the
 * same batch again and again: nothing of it may be kept after `onBatch` has returned. Indexes run
 * from 0 to `count - 1`.
 */
export class Batch {
  /** Holds the datagrams; the whole of an `ArrayBuffer` of its own. */
  readonly input: Buffer
  /** Holds the replies; the whole of an `ArrayBuffer` of its own. */
  readonly output: Buffer
  /** Bytes that a reply may have. */
  readonly maxReply: number
  readonly #records: Records
  readonly #inputStride: number
  readonly #outputStride: number
  readonly #maxDatagram: number
  #count = 0

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

  /** @internal The socket has received so many, or has taken the replies. */
  fill(count: number): void {
    this.#count = count
  }

  /** Datagrams in this batch. */
  get count(): number {
    return this.#count
  }

  /** Where the datagram begins in `input`: a multiple of 64. */
  start(index: number): number {
    return index * this.#inputStride
  }

  /** Where the datagram ends in `input`. */
  end(index: number): number {
    return index * this.#inputStride + Math.min(this.#records.length(index), this.#maxDatagram)
  }

  /**
   * Bytes of the datagram as it was sent: more than lie in `input` for one that is longer than
   * `maxDatagram`.
   */
  length(index: number): number {
    return this.#records.length(index)
  }

  /**
   * The datagram's source: 4 bytes, or 16 for IPv6; 4 for IPv4 clients of an IPv6 socket as well.
   * Only to be read.
   */
  address(index: number): Uint8Array {
    return this.#records.address(index)
  }

  /** The datagram's source port, 0 to 65535. */
  port(index: number): number {
    return this.#records.port(index)
  }

  /** The index of the interface that a link-local source is reached by; 0 for other sources. */
  scope(index: number): number {
    return this.#records.scope(index)
  }

  /**
   * The address that the datagram was sent to, for `send`. A copy, to be kept. Undefined for a
   * socket that is bound to one address, and for a datagram to an IPv6 group.
   */
  local(index: number): LocalAddress | undefined {
    return this.#records.local(index)
  }

  /**
   * Where the reply to the datagram begins in `output`: a multiple of 64, with `maxReply` bytes
   * free.
   */
  replyStart(index: number): number {
    return index * this.#outputStride
  }

  /**
   * Sends `length` bytes from `replyStart(index)` to the datagram's source once `onBatch` has
   * returned, from the address that the datagram was sent to. Zero is an empty datagram; a later
   * call replaces an earlier one.
   * @throws {RangeError} for a length over `maxReply`, and for an index that is not in this batch.
   */
  reply(index: number, length: number): void {
    if (!(length >= 0 && length <= this.maxReply))
      throw new RangeError(`a reply has 0 to ${this.maxReply} bytes, not ${length}`)
    if (!(index >= 0 && index < this.#count))
      throw new RangeError(`this batch has no datagram ${index}`)
    this.#records.setOutgoing(index, length)
  }
}
