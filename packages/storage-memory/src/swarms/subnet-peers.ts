import {
  addressFamily,
  type Address,
  type AddressFamily,
  type KeyedHash,
} from '@chihaya/bittorrent'
import { entryU32, writeEndpoint } from '../peers/entry.ts'
import type { SubnetPreference } from '../options.ts'
import { INFO_HASH_U32, type SwarmRecords } from './records.ts'

const DEFAULT_BITS: Readonly<Record<AddressFamily, number>> = { ipv4: 24, ipv6: 64 }
const DEFAULT_OUTSIDE_SHARE = 0.1

/**
 * Prefers peers of the announcer's subnet, so that traffic stays in its rack. A swarm's peers in
 * one subnet are stored a second time, as a swarm with an infohash derived from the swarm's
 * infohash and the subnet. Finding them costs no more than finding any swarm.
 */
export class SubnetPeers {
  /** Share of an answer reserved for peers outside the subnet. */
  readonly outsideShare: number
  readonly #hash: KeyedHash
  readonly #masks: Readonly<Record<AddressFamily, Uint32Array>>
  /**
   * The announcer's subnet in 32-bit words, then a word that differs for each word of the derived
   * infohash.
   */
  readonly #subnet = new Uint32Array(5)
  #mask: Uint32Array
  readonly #part = {
    key: new Uint32Array(INFO_HASH_U32),
    endpoint: new Uint32Array(entryU32('ipv6')),
  }

  constructor(preference: SubnetPreference, hash: KeyedHash) {
    this.outsideShare = preference.outsideShare ?? DEFAULT_OUTSIDE_SHARE
    this.#hash = hash
    this.#masks = {
      ipv4: maskU32(4, preference.ipv4 ?? DEFAULT_BITS.ipv4),
      ipv6: maskU32(16, preference.ipv6 ?? DEFAULT_BITS.ipv6),
    }
    this.#mask = this.#masks.ipv4
  }

  /** Turns the infohash in `key` into that of the swarm's part in the announcer's subnet. */
  derive(key: Uint32Array, address: Address): void {
    writeEndpoint(this.#subnet, address, 0)
    this.#derive(key, this.#masks[addressFamily(address)])
  }

  /**
   * The infohash of the swarm's part that holds the entry of `u32` words at `u32[at]`, and its
   * endpoint. Both are valid until the next call.
   */
  partOf(
    records: SwarmRecords,
    swarm: number,
    length: number,
    u32: Uint32Array,
    at: number,
  ): { readonly key: Uint32Array; readonly endpoint: Uint32Array } {
    for (let index = 0; index < length; index++)
      this.#subnet[index] = this.#part.endpoint[index] = u32[at + index]!
    records.copyKey(swarm, this.#part.key, 0)
    this.#derive(this.#part.key, this.#masks[length === entryU32('ipv4') ? 'ipv4' : 'ipv6'])
    return this.#part
  }

  #derive(key: Uint32Array, mask: Uint32Array): void {
    this.#mask = mask
    const length = mask.length
    for (let index = 0; index < length; index++) this.#subnet[index]! &= this.#mask[index]!
    for (const half of [0, 1]) {
      this.#subnet[length] = half + 1
      key[half]! ^= this.#hash.of(this.#subnet, 0, length + 1, 0xffff_ffff)
    }
  }

  /** Whether the entry at `u32[at]` is in the subnet that was derived last. */
  holds(u32: Uint32Array, at: number): boolean {
    for (let index = 0; index < this.#mask.length; index++) {
      if (((u32[at + index]! ^ this.#subnet[index]!) & this.#mask[index]!) !== 0) return false
    }
    return true
  }
}

function maskU32(bytes: number, bits: number): Uint32Array {
  const mask = new Uint8Array(bytes)
  for (let bit = 0; bit < Math.min(bits, bytes * 8); bit++) mask[bit >> 3]! |= 0x80 >> (bit & 7)
  return new Uint32Array(mask.buffer)
}
