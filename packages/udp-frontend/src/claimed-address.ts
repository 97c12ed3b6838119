import { addressScope, ClientError, unmap, type Address } from '@chihaya/bittorrent'
import { Networks } from './networks.ts'

const INVALID_IP: ClientError = new ClientError('invalid IP')

const LOOPBACK_AND_PRIVATE = ['127.0.0.0/8', '::1', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7']

/** The address that an announce says it is for, and the sources that may say so. */
export class ClaimedAddresses {
  readonly #sources: Networks | undefined

  /**
   * `allowed`: nobody, loopback and private sources, or the sources in a list of addresses and CIDR ranges.
   * @throws {RangeError} naming the entry that is neither.
   */
  constructor(allowed: boolean | readonly string[]) {
    if (allowed !== false) this.#sources = new Networks(allowed === true ? LOOPBACK_AND_PRIVATE : allowed)
  }

  /**
   * The peer's address: `source`, unless it may claim another and the `length` bytes at `at` hold one. Zeros claim nothing.
   * Neither does an address of the other family: the reply's peers would not be of its swarm.
   * @throws {ClientError} for an address that is no peer's, and for a private one from a public source.
   */
  resolve(input: Uint8Array, at: number, length: number, source: Address): Address {
    if (!this.#sources || isZero(input, at, length) || !this.#sources.has(source)) return source
    const claimed = unmap(new Uint8Array(input.subarray(at, at + length)))
    if (claimed.length !== source.length) return source
    const scope = addressScope(claimed)
    // Strangers must not send a swarm into somebody's network, nor anyone send it to addresses that are no host's.
    if (scope === 'unusable' || (scope === 'private' && addressScope(source) === 'public')) throw INVALID_IP
    return claimed
  }
}

function isZero(bytes: Uint8Array, at: number, length: number): boolean {
  for (let index = 0; index < length; index++) if (bytes[at + index] !== 0) return false
  return true
}
