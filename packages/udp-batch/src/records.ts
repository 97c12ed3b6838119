import type { LocalAddress } from './local-address.ts'

const BYTES = 48
const U16 = BYTES / 2
const U32 = BYTES / 4

// In bytes.
const LOCAL = 16
const ADDRESS_LENGTH = 38
const LOCAL_LENGTH = 39
// In 16-bit units.
const PORT = 16
const LENGTH = 17
const OUTGOING = 18
// In 32-bit units.
const SCOPE = 10
const LOCAL_SCOPE = 11

/**
 * A table of datagrams, shared with the native part: their remote and local addresses and their
 * sizes. A record has the layout of `struct record` in `udp_batch.h`.
 */
export class Records {
  readonly memory: ArrayBuffer
  readonly #bytes: Uint8Array
  readonly #u16: Uint16Array
  readonly #u32: Uint32Array
  // A view for each record, so that none is created per datagram.
  readonly #ipv4: Uint8Array[]
  readonly #ipv6: Uint8Array[]

  constructor(count: number) {
    this.memory = new ArrayBuffer(count * BYTES)
    this.#bytes = new Uint8Array(this.memory)
    this.#u16 = new Uint16Array(this.memory)
    this.#u32 = new Uint32Array(this.memory)
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
    return this.#u16[index * U16 + PORT] as number
  }

  scope(index: number): number {
    return this.#u32[index * U32 + SCOPE] as number
  }

  /** A copy of the local address; undefined if the system chooses it. */
  local(index: number): LocalAddress | undefined {
    const at = index * BYTES
    const length = this.#bytes[at + LOCAL_LENGTH] as number
    if (length === 0) return undefined
    const address = this.#bytes.slice(at + LOCAL, at + LOCAL + length)
    return { address, scope: this.#u32[index * U32 + LOCAL_SCOPE] as number }
  }

  /** Size of the datagram as it was sent. */
  length(index: number): number {
    return this.#u16[index * U16 + LENGTH] as number
  }

  /** Sets the number of bytes to send; zero sends an empty datagram. */
  setOutgoing(index: number, length: number): void {
    this.#u16[index * U16 + OUTGOING] = length + 1
  }

  /** Sets the destination, and the local address to send from; undefined lets the system choose. */
  setRoute(
    index: number,
    address: Uint8Array,
    port: number,
    scope: number,
    local: LocalAddress | undefined,
  ): void {
    this.#bytes[index * BYTES + ADDRESS_LENGTH] = address.length
    this.#bytes[index * BYTES + LOCAL_LENGTH] = local?.address.length ?? 0
    this.#u16[index * U16 + PORT] = port
    this.#u32[index * U32 + SCOPE] = scope
    if (local) {
      this.#bytes.set(local.address, index * BYTES + LOCAL)
      this.#u32[index * U32 + LOCAL_SCOPE] = local.scope
    }
    const target = this.#ipv6[index] as Uint8Array
    target.set(address)
  }

  /** Number of records from `from` to `to` that have something to send. */
  countOutgoing(from: number, to: number): number {
    let count = 0
    for (let index = from; index < to; index++) if (this.#u16[index * U16 + OUTGOING] !== 0) count++
    return count
  }
}
