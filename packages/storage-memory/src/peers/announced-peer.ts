import { addressFamily, type Address } from '@chihaya/bittorrent'
import type { Announce } from '@chihaya/core'
import { entryU32, writeEndpoint, writeHandle } from './entry.ts'
import { PEER_ID_U32 } from './layout.ts'
import { setsOf, WEBRTC_SETS } from '../swarms/records.ts'

/** The peer of the announce that is being applied, in the form that blocks hold. */
export class AnnouncedPeer {
  /** Its entry, without a mark until it enters a set. */
  readonly endpoint: Uint32Array = new Uint32Array(entryU32('ipv6'))
  readonly id: Uint32Array = new Uint32Array(PEER_ID_U32)
  /** The `key` of its client, or 0. */
  clientKey = 0
  owner = 0
  /** The first of the two sets that it may be in. */
  sets = 0
  /** The address of the announce, as an entry of `sourceU32` words. */
  source: Uint32Array = this.endpoint
  sourceU32 = 0
  /** The address of a WebRTC peer, which its endpoint does not hold. */
  readonly #address = new Uint32Array(entryU32('ipv6'))

  /** Reads an announce. Writes the infohash to `infoHash`. */
  read(announce: Announce, infoHash: Uint32Array): void {
    announce.copyIds(infoHash, this.id)
    this.clientKey = announce.key
    this.owner = announce.owner
    if (announce.handle === 0) {
      this.dialAt(announce.address, announce.port)
      return
    }
    writeHandle(this.endpoint, announce.handle)
    writeEndpoint(this.#address, announce.address, 0)
    this.sets = WEBRTC_SETS
    this.source = this.#address
    this.sourceU32 = entryU32(addressFamily(announce.address))
  }

  /** Sets its endpoint. */
  dialAt(address: Address, port: number): void {
    const family = addressFamily(address)
    writeEndpoint(this.endpoint, address, port)
    this.sets = setsOf(family)
    this.source = this.endpoint
    this.sourceU32 = entryU32(family)
  }
}
