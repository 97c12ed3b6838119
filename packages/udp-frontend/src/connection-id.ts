import { createHash, randomBytes } from 'node:crypto'
import type { Address } from '@chihaya/bittorrent'
import { MAGIC_HIGH } from './packets/connect.ts'
import { sipHash24, sipHashKey, type SipHashKey } from './siphash.ts'

const TIME_LENGTH = 4
const MAX_ADDRESS = 16

/** 128 bits out of a configured key of any length, or out of the system's generator when there is none. */
export function connectionSecret(privateKey: string | undefined): Uint8Array {
  if (!privateKey) return randomBytes(16)
  return createHash('sha256').update(privateKey, 'utf8').digest().subarray(0, 16)
}

export interface ConnectionIdOptions {
  /** 16 bytes. Processes that share it accept each other's ids. */
  readonly secret: Uint8Array
  /** Seconds for which an id is accepted. */
  readonly lifetime: number
  /** Seconds by which an id may be dated ahead, for processes that share a secret but not a clock. */
  readonly skew: number
}

/**
 * Connection ids (BEP 15): proof that a client receives what is sent to its source address.
 *
 *     id = T(4) || SipHash-2-4(secret, T || address)[0..4]      T: seconds since 1970 of the issue, big-endian
 *
 * The threat is a client that writes another's address into its datagrams, to put that address into swarms or to have a
 * long reply sent to it. It cannot see the connect reply, so it has to know the secret or to guess 32 bits anew for every
 * address and second; a guess is a datagram, and there is no other way to test one. What an id proves lasts for its
 * lifetime, and passes to whoever takes over the address meanwhile. The port is left out: a NAT changes it at any time.
 * Nothing is remembered about clients, so connects cost no memory.
 */
export class ConnectionIds {
  readonly #key: SipHashKey
  readonly #lifetime: number
  readonly #skew: number
  readonly #message = new Uint8Array(TIME_LENGTH + MAX_ADDRESS)
  readonly #digest = new Int32Array(2)

  constructor(options: ConnectionIdOptions) {
    this.#key = sipHashKey(options.secret)
    this.#lifetime = options.lifetime
    this.#skew = options.skew
  }

  /** Writes the id of `address` at `at`, eight bytes. `now` in seconds. Never zero, never the protocol's magic number. */
  write(address: Address, now: number, target: Buffer, at: number): void {
    // rTorrent takes 0 for an error, and the magic would make the next request a connect. Both are ruled out by their time.
    const time = (now | 0) === 0 || (now | 0) === MAGIC_HIGH ? (now - 1) | 0 : now | 0
    target.writeInt32BE(time, at)
    target.writeInt32LE(this.#mac(time, address), at + TIME_LENGTH)
  }

  /** Whether the eight bytes at `at` are an id of `address` that is neither too old nor dated ahead. `now` in seconds. */
  verify(input: Buffer, at: number, address: Address, now: number): boolean {
    const time = input.readInt32BE(at)
    // Modulo 2³², so that 2106 is a year like any other.
    const age = (now - time) | 0
    if (age > this.#lifetime || age < -this.#skew) return false
    // One comparison of whole words: how long it takes does not depend on where they differ.
    return (this.#mac(time, address) ^ input.readInt32LE(at + TIME_LENGTH)) === 0
  }

  #mac(time: number, address: Address): number {
    const message = this.#message
    message[0] = time >> 24
    message[1] = time >> 16
    message[2] = time >> 8
    message[3] = time
    const { length } = address
    for (let index = 0; index < length; index++) message[TIME_LENGTH + index] = address[index] as number
    sipHash24(this.#key, message, 0, TIME_LENGTH + length, this.#digest)
    return this.#digest[0] as number
  }
}
