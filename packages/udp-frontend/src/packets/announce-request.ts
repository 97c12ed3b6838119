import type { AnnounceFields } from './announce.ts'
import {
  readInfoHash,
  readPeerId,
  type Address,
  type AnnounceEvent,
  type AnnounceRequest,
  type InfoHash,
  type Params,
  type PeerId,
} from '@chihaya/bittorrent'

const INFO_HASH_OFFSET = 16
const PEER_ID_OFFSET = 36
const DOWNLOADED_OFFSET = 56
const LEFT_OFFSET = 64
const UPLOADED_OFFSET = 72

/**
 * An announce that came over UDP. Its byte counts are kept as pairs of signed 32-bit integers, and become `bigint` when a
 * hook asks: few hooks do, and three of them would cost as much as the rest of the request.
 */
export class UdpAnnounceRequest implements AnnounceRequest {
  readonly protocol = 'udp'
  readonly infoHash: InfoHash
  readonly peerId: PeerId
  readonly address: Address
  readonly port: number
  readonly key: number
  readonly event: AnnounceEvent
  readonly seeding: boolean
  readonly numWant: number
  readonly wantsPeerIds = false
  readonly params: Params
  readonly #downloadedHigh: number
  readonly #downloadedLow: number
  readonly #leftHigh: number
  readonly #leftLow: number
  readonly #uploadedHigh: number
  readonly #uploadedLow: number

  /** Reads what has a fixed place in the datagram at `start`, which is not kept; the caller has checked its length. */
  constructor(input: Buffer, start: number, fields: AnnounceFields, params: Params) {
    this.infoHash = readInfoHash(input, start + INFO_HASH_OFFSET)
    this.peerId = readPeerId(input, start + PEER_ID_OFFSET)
    this.address = new Uint8Array(fields.address)
    this.port = fields.port
    this.key = fields.key
    this.event = fields.event
    this.numWant = fields.numWant
    this.seeding = fields.seeding
    this.params = params
    this.#downloadedHigh = input.readInt32BE(start + DOWNLOADED_OFFSET)
    this.#downloadedLow = input.readInt32BE(start + DOWNLOADED_OFFSET + 4)
    this.#leftHigh = input.readInt32BE(start + LEFT_OFFSET)
    this.#leftLow = input.readInt32BE(start + LEFT_OFFSET + 4)
    this.#uploadedHigh = input.readInt32BE(start + UPLOADED_OFFSET)
    this.#uploadedLow = input.readInt32BE(start + UPLOADED_OFFSET + 4)
  }

  get downloaded(): bigint {
    return uint64(this.#downloadedHigh, this.#downloadedLow)
  }

  /** 2⁶⁴−1 is how several clients say that they do not know. */
  get left(): bigint | undefined {
    return this.#leftHigh === -1 && this.#leftLow === -1 ? undefined : uint64(this.#leftHigh, this.#leftLow)
  }

  get uploaded(): bigint {
    return uint64(this.#uploadedHigh, this.#uploadedLow)
  }
}

function uint64(high: number, low: number): bigint {
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)
}
