import { claimSources, mayName, unmap, type Address, type Networks } from '@chihaya/bittorrent'

/** The address that an announce says it is for, and the sources that may say so. */
export class ClaimedAddresses {
  readonly #sources: Networks | undefined

  /**
   * `allowed`: nobody, loopback and private sources, or the sources in a list of addresses and CIDR
   * ranges.
   * @throws {RangeError} naming the entry that is neither.
   */
  constructor(allowed: boolean | readonly string[]) {
    this.#sources = claimSources(allowed)
  }

  /**
   * The peer's address: `source`, unless it may claim another and the `length` bytes at `at` hold
   * one. Zeros claim nothing. Neither does an address of the other family, as the reply's peers
   * would not be of its swarm, nor one that this source may not name (see `mayName`): clients
   * without a better idea write the address of their own network.
   */
  resolve(input: Uint8Array, at: number, length: number, source: Address): Address {
    if (!this.#sources || isZero(input, at, length) || !this.#sources.has(source)) return source
    const claimed = unmap(new Uint8Array(input.subarray(at, at + length)))
    return claimed.length === source.length && mayName('client', claimed, source) ? claimed : source
  }
}

function isZero(bytes: Uint8Array, at: number, length: number): boolean {
  for (let index = 0; index < length; index++) if (bytes[at + index] !== 0) return false
  return true
}
