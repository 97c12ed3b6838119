import type { LocalAddress } from './local-address.ts'

const BYTES = 48
const WORDS = BYTES / 2
const LONGS = BYTES / 4

// In bytes.
const LOCAL = 16
const ADDRESS_LENGTH = 38
const LOCAL_LENGTH = 39
// In words of 16 bits.
const PORT = 16
const LENGTH = 17
const OUTGOING = 18
// In words of 32 bits.
const SCOPE = 10
const LOCAL_SCOPE = 11

/**
 * A table of datagrams that is shared with the native part: who each is from and for, and how long
 * it is. The layout of an entry is that of `struct record` in `udp_batch.h`.
 */
export class Records {
  readonly memory: ArrayBuffer
  readonly #bytes: Uint8Array
  readonly #words: Uint16Array
  readonly #longs: Uint32Array
  // A view for each entry, so that none has to be made for a datagram.
  readonly #ipv4: Uint8Array[]
  readonly #ipv6: Uint8Array[]

  constructor(count: number) {
    this.memory = new ArrayBuffer(count * BYTES)
    this.#bytes = new Uint8Array(this.memory)
    this.#words = new Uint16Array(this.memory)
    this.#longs = new Uint32Array(this.memory)
    this.#ipv4 = Array.from(
      { length: count },
      (_, index) => new Uint8Array(this.memory, index * BYTES, 4),
    )
    this.#ipv6 = Array.from(
      { length: count },
      (_, index) => new Uint8Array(this.memory, index * BYTES, 16),
    )
  }

  address(index: number): Uint8Array {
    const views = this.#bytes[index * BYTES + ADDRESS_LENGTH] === 4 ? this.#ipv4 : this.#ipv6
    return views[index] as Uint8Array
  }

  port(index: number): number {
    return this.#words[index * WORDS + PORT] as number
  }

  scope(index: number): number {
    return this.#longs[index * LONGS + SCOPE] as number
  }

  /** A copy of the local address; undefined where the system is to choose it. */
  local(index: number): LocalAddress | undefined {
    const at = index * BYTES
    const length = this.#bytes[at + LOCAL_LENGTH] as number
    if (length === 0) return undefined
    const address = this.#bytes.slice(at + LOCAL, at + LOCAL + length)
    return { address, scope: this.#longs[index * LONGS + LOCAL_SCOPE] as number }
  }

  /** Bytes of the datagram as it was sent. */
  length(index: number): number {
    return this.#words[index * WORDS + LENGTH] as number
  }

  /** Bytes to be sent; zero is an empty datagram. */
  setOutgoing(index: number, length: number): void {
    this.#words[index * WORDS + OUTGOING] = length + 1
  }

  /**
   * Where the datagram is to go, and from which local address; undefined leaves that to the system.
   */
  setRoute(
    index: number,
    address: Uint8Array,
    port: number,
    scope: number,
    local: LocalAddress | undefined,
  ): void {
    this.#bytes[index * BYTES + ADDRESS_LENGTH] = address.length
    this.#bytes[index * BYTES + LOCAL_LENGTH] = local?.address.length ?? 0
    this.#words[index * WORDS + PORT] = port
    this.#longs[index * LONGS + SCOPE] = scope
    if (local) {
      this.#bytes.set(local.address, index * BYTES + LOCAL)
      this.#longs[index * LONGS + LOCAL_SCOPE] = local.scope
    }
    const target = this.#ipv6[index] as Uint8Array
    target.set(address)
  }

  /** How many of the entries from `from` to `to` have something to be sent. */
  countOutgoing(from: number, to: number): number {
    let count = 0
    for (let index = from; index < to; index++)
      if (this.#words[index * WORDS + OUTGOING] !== 0) count++
    return count
  }
}
