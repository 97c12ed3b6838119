const BYTES = 32
const WORDS = BYTES / 2
const LONGS = BYTES / 4

// In words of 16 bits, but for the scope.
const PORT = 8
const LENGTH = 9
const OUTGOING = 10
const ADDRESS_LENGTH = 11
const SCOPE_LONG = 6

/**
 * A table of datagrams that is shared with the native part: who each is from or for, and how long it is. The layout of an
 * entry is that of `struct record` in `udp_batch.h`.
 */
export class Records {
  readonly memory: ArrayBuffer
  readonly #words: Uint16Array
  readonly #longs: Uint32Array
  // A view for each entry, so that none has to be made for a datagram.
  readonly #ipv4: Uint8Array[]
  readonly #ipv6: Uint8Array[]

  constructor(count: number) {
    this.memory = new ArrayBuffer(count * BYTES)
    this.#words = new Uint16Array(this.memory)
    this.#longs = new Uint32Array(this.memory)
    this.#ipv4 = Array.from({ length: count }, (_, index) => new Uint8Array(this.memory, index * BYTES, 4))
    this.#ipv6 = Array.from({ length: count }, (_, index) => new Uint8Array(this.memory, index * BYTES, 16))
  }

  address(index: number): Uint8Array {
    const views = this.#words[index * WORDS + ADDRESS_LENGTH] === 4 ? this.#ipv4 : this.#ipv6
    return views[index] as Uint8Array
  }

  port(index: number): number {
    return this.#words[index * WORDS + PORT] as number
  }

  scope(index: number): number {
    return this.#longs[index * LONGS + SCOPE_LONG] as number
  }

  /** Bytes that have been received. */
  length(index: number): number {
    return this.#words[index * WORDS + LENGTH] as number
  }

  /** Bytes to be sent; zero is an empty datagram. */
  setOutgoing(index: number, length: number): void {
    this.#words[index * WORDS + OUTGOING] = length + 1
  }

  setDestination(index: number, address: Uint8Array, port: number, scope: number): void {
    const { length } = address
    this.#words[index * WORDS + ADDRESS_LENGTH] = length
    this.#words[index * WORDS + PORT] = port
    this.#longs[index * LONGS + SCOPE_LONG] = scope
    const target = this.#ipv6[index] as Uint8Array
    target.set(address)
  }

  /** How many of the entries from `from` to `to` have something to be sent. */
  countOutgoing(from: number, to: number): number {
    let count = 0
    for (let index = from; index < to; index++) if (this.#words[index * WORDS + OUTGOING] !== 0) count++
    return count
  }
}
