import { claimSources, mayName, unmap, type Address, type Networks } from '@chihaya/bittorrent'

/** The address that an announce claims for its peer, and the sources that may claim one. */
export class ClaimedAddresses {
  readonly #sources: Networks | undefined

  /**
   * `allowed`: false for nobody, true for loopback and private sources, or a list of addresses and
   * CIDR ranges.
   * @throws {RangeError} naming the invalid entry.
   */
  constructor(allowed: boolean | readonly string[]) {
    this.#sources = claimSources(allowed)
  }

  /**
   * The peer's address: the one in the `length` bytes at `at` if `source` may claim it, otherwise
   * `source`. Zeros claim nothing. An address of the other family is ignored, as the peers in the
   * reply would not be of its swarm. So is one that this source may not name (see `mayName`): many
   * clients send their address in their own network.
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
