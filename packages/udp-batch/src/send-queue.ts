import { strideFor } from './batch.ts'
import type { LocalAddress } from './local-address.ts'
import { Records } from './records.ts'

/**
 * Datagrams in the order of `add`, as many as there is room for, copied where the native part sends
 * them from.
 */
export class SendQueue {
  readonly output: ArrayBuffer
  readonly records: Records
  readonly #size: number
  readonly #stride: number
  readonly #bytes: Uint8Array
  // Both only grow; the remainder by `#size` is the place.
  #head = 0
  #tail = 0

  constructor(size: number, maxLength: number) {
    this.#size = size
    this.#stride = strideFor(maxLength)
    this.records = new Records(size)
    this.output = new ArrayBuffer(size * this.#stride)
    this.#bytes = new Uint8Array(this.output)
  }

  get length(): number {
    return this.#tail - this.#head
  }

  get full(): boolean {
    return this.length === this.#size
  }

  /** There must be room. */
  add(
    bytes: Uint8Array,
    address: Uint8Array,
    port: number,
    scope: number,
    local: LocalAddress | undefined,
  ): void {
    const index = this.#tail % this.#size
    this.#bytes.set(bytes, index * this.#stride)
    this.records.setRoute(index, address, port, scope, local)
    this.records.setOutgoing(index, bytes.length)
    this.#tail++
  }

  /** The first place that holds a datagram. */
  get from(): number {
    return this.#head % this.#size
  }

  /** The place after the last of those that follow `from` without a gap. */
  get to(): number {
    return Math.min(this.from + this.length, this.#size)
  }

  /** Removes so many from the front. */
  remove(count: number): void {
    this.#head += count
  }
}
