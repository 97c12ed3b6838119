import {
  addressFamily,
  ClientError,
  compactLength,
  eventFromNumber,
  INVALID_PORT,
  readInfoHash,
  readPeerId,
  readUrlData,
  UrlDataParams,
  type AddressFamily,
  type InfoHash,
  type Params,
  type PeerId,
} from '@chihaya/bittorrent'
import { Announce, type Answer } from '@chihaya/core'
import type { ClaimedAddresses } from './claimed-address.ts'
import type { Datagram } from '../datagram.ts'
import { PacketBuffer } from './packet-buffer.ts'
import { ANNOUNCE, ANNOUNCE_IPV6, copyWords, NO_PARAMS, writeReplyHeader } from './header.ts'
import { MALFORMED_PACKET } from './refusals.ts'

const INFO_HASH_OFFSET = 16
const PEER_ID_OFFSET = 36
const DOWNLOADED_OFFSET = 56
const LEFT_OFFSET = 64
const UPLOADED_OFFSET = 72
const EVENT_OFFSET = 80
const ADDRESS_OFFSET = 84
const IPV4_LENGTH = 4
const IPV6_LENGTH = 16
// These follow the address, so they are 12 bytes further on if it has 16 bytes.
const KEY_OFFSET = 88
const NUM_WANT_OFFSET = 92
const PORT_OFFSET = 96
const OPTIONS_OFFSET = 98

const REPLY_PEERS_OFFSET = 20

const NOTHING = PacketBuffer.allocate(0)

/** Bytes of a block of memory that kept announces share. */
const SHARED = 8192
let shared = NOTHING
let used = 0

/** Several clients send 2⁶⁴−1 for an unknown number. */
const UNKNOWN = 2n ** 64n - 1n

const MALFORMED_EVENT: ClientError = new ClientError('malformed event ID')

/** The options for announces. */
export interface AnnounceRules {
  /** Peers for a client that does not ask for a number. */
  readonly defaultNumWant: number
  /** Most peers in a reply, within what fits into one. */
  readonly maxNumWant: Readonly<Record<AddressFamily, number>>
  readonly claimedAddresses: ClaimedAddresses
  /** Whether to answer clients without a port. */
  readonly allowUnconnectable: boolean
}

/** An announce (BEP 15) as a view of its datagram, as most hooks read a field or two. */
export class UdpAnnounce extends Announce {
  readonly protocol = 'udp'
  /** Whether `keep` has been called. The frontend then does not reuse the announce. */
  kept = false
  #input = NOTHING
  #start = 0
  #end = 0
  /** Where BEP 41's options begin, if there are any. */
  #optionsAt = 0
  /** Undefined until a hook reads it. */
  #params: Params | undefined
  #over = false

  /**
   * Reads the fields that every announce needs. `ipv6`: its address has 16 bytes.
   * @throws {ClientError} for a short datagram, an unknown event, and port 0 without `stopped`.
   */
  read(datagram: Datagram, ipv6: boolean, rules: AnnounceRules): void {
    const { input, start, end, source } = datagram
    const addressLength = ipv6 ? IPV6_LENGTH : IPV4_LENGTH
    const tail = start + addressLength - IPV4_LENGTH
    if (end < tail + OPTIONS_OFFSET) throw MALFORMED_PACKET
    const { view } = input
    const event = eventFromNumber(view.getInt32(start + EVENT_OFFSET))
    if (event === undefined) throw MALFORMED_EVENT
    const port = view.getUint16(tail + PORT_OFFSET)
    // A client may always leave.
    if (port === 0 && event !== 'stopped' && !rules.allowUnconnectable) throw INVALID_PORT
    const wanted = view.getInt32(tail + NUM_WANT_OFFSET)
    this.event = event
    this.port = port
    this.key = view.getUint32(tail + KEY_OFFSET)
    this.numWant = Math.min(
      wanted < 0 ? rules.defaultNumWant : wanted,
      rules.maxNumWant[addressFamily(source.address)],
    )
    this.seeding =
      view.getInt32(start + LEFT_OFFSET) === 0 && view.getInt32(start + LEFT_OFFSET + 4) === 0
    this.address = rules.claimedAddresses.resolve(
      input.bytes,
      start + ADDRESS_OFFSET,
      addressLength,
      source.address,
    )
    this.#input = input
    this.#start = start
    this.#end = end
    this.#optionsAt = tail + OPTIONS_OFFSET
    this.#params = undefined
  }

  get infoHash(): InfoHash {
    return readInfoHash(this.#packet().bytes, this.#start + INFO_HASH_OFFSET)
  }

  get peerId(): PeerId {
    return readPeerId(this.#packet().bytes, this.#start + PEER_ID_OFFSET)
  }

  get downloaded(): bigint {
    return this.#packet().view.getBigUint64(this.#start + DOWNLOADED_OFFSET)
  }

  get left(): bigint | undefined {
    const left = this.#packet().view.getBigUint64(this.#start + LEFT_OFFSET)
    return left === UNKNOWN ? undefined : left
  }

  get uploaded(): bigint {
    return this.#packet().view.getBigUint64(this.#start + UPLOADED_OFFSET)
  }

  get params(): Params {
    const { bytes } = this.#packet()
    if (this.#params !== undefined) return this.#params
    // Most datagrams end where options may begin, or carry two bytes of padding.
    const url = this.#end > this.#optionsAt ? readUrlData(bytes, this.#optionsAt, this.#end) : ''
    return (this.#params = url === '' ? NO_PARAMS : new UrlDataParams(url))
  }

  copyIds(infoHash: Uint32Array, peerId: Uint32Array): void {
    const { view } = this.#packet()
    copyWords(view, this.#start + INFO_HASH_OFFSET, infoHash)
    copyWords(view, this.#start + PEER_ID_OFFSET, peerId)
  }

  keep(): this {
    if (this.kept) return this
    const length = this.#end - this.#start
    if (used + length > shared.bytes.length) {
      shared = PacketBuffer.allocate(Math.max(length, SHARED))
      used = 0
    }
    this.#packet().bytes.copy(shared.bytes, used, this.#start, this.#end)
    this.address = new Uint8Array(this.address)
    this.#input = shared
    this.#optionsAt += used - this.#start
    this.#start = used
    this.#end = used += length
    this.kept = true
    return this
  }

  end(): void {
    this.#over = !this.kept
  }

  #packet(): PacketBuffer {
    if (this.#over)
      throw new TypeError(
        'the announce is over: a hook that reads it after the reply must call keep() first',
      )
    return this.#input
  }
}

/** How many peers of a family fit into an announce reply of `replySize` bytes. */
export function roomForPeers(family: AddressFamily, replySize: number): number {
  return Math.floor((replySize - REPLY_PEERS_OFFSET) / compactLength(family))
}

/** Prepares an answer whose peers are written straight into the reply at `replyAt`. */
export function prepareAnswer(
  answer: Answer,
  announce: UdpAnnounce,
  output: PacketBuffer,
  replyAt: number,
): void {
  const { bytes, words } = output
  answer.peers.borrow(
    addressFamily(announce.address),
    bytes,
    words,
    replyAt + REPLY_PEERS_OFFSET,
    announce.numWant,
  )
}

/**
 * Writes an announce reply (BEP 15; 18 bytes a peer over IPv6). The peers may already be in place.
 * Returns its length.
 */
export function writeAnnounce(
  answer: Answer,
  ipv6: boolean,
  transaction: number,
  output: PacketBuffer,
  at: number,
): number {
  const { view, bytes } = output
  const { peers } = answer
  writeReplyHeader(ipv6 ? ANNOUNCE_IPV6 : ANNOUNCE, transaction, view, at)
  view.setInt32(at + 8, answer.interval | 0)
  view.setInt32(at + 12, answer.incomplete | 0)
  view.setInt32(at + 16, answer.complete | 0)
  if (peers.bytes !== bytes) bytes.set(peers.endpoints, at + REPLY_PEERS_OFFSET)
  return REPLY_PEERS_OFFSET + peers.count * compactLength(peers.family)
}
