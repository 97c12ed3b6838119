import { strideFor } from './batch.ts'
import type { LocalAddress } from './local-address.ts'
import { Records } from './records.ts'

/** A queue of datagrams, copied into the memory that the native part sends them from. */
export class SendQueue {
  readonly output: ArrayBuffer
  readonly records: Records
  readonly #size: number
  readonly #stride: number
  readonly #bytes: Uint8Array
  // Both only grow. Modulo `#size`, they are positions.
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

  /** Adds a datagram. The queue must not be full. */
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

  /** Position of the first datagram. */
  get from(): number {
    return this.#head % this.#size
  }

  /** Position after the last datagram that follows `from` contiguously. */
  get to(): number {
    return Math.min(this.from + this.length, this.#size)
  }

  /** Removes `count` datagrams from the front. */
  remove(count: number): void {
    this.#head += count
  }
}
