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
  type InfoHash,
  type Params,
  type PeerId,
} from '@chihaya/bittorrent'
import { Announce, type Answer } from '@chihaya/core'
import type { ClaimedAddresses } from '../claimed-address.ts'
import type { Datagram } from '../datagram.ts'
import { PacketBuffer } from '../packet-buffer.ts'
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
// These stand behind the address, and are 12 bytes further on when it has 16.
const KEY_OFFSET = 88
const NUM_WANT_OFFSET = 92
const PORT_OFFSET = 96
const OPTIONS_OFFSET = 98

const REPLY_PEERS_OFFSET = 20

const NOTHING = PacketBuffer.allocate(0)

/** Bytes of the memory that announces which are kept share. */
const SHARED = 8192
let shared = NOTHING
let used = 0

/** 2⁶⁴−1 is how several clients say that they do not know. */
const UNKNOWN = 2n ** 64n - 1n

const MALFORMED_EVENT: ClientError = new ClientError('malformed event ID')

/** What the frontend's options say about announces. */
export interface AnnounceRules {
  /** Peers for a client that leaves the number to the tracker. */
  readonly defaultNumWant: number
  readonly maxNumWant: number
  /** Bytes of the longest reply. */
  readonly maxReplySize: number
  readonly claimedAddresses: ClaimedAddresses
  /** Whether clients without a port are answered. */
  readonly allowUnconnectable: boolean
}

/**
 * An announce (BEP 15), read out of its datagram where it lies: few hooks look at more than a field
 * or two.
 */
export class UdpAnnounce extends Announce {
  readonly protocol = 'udp'
  /** Whether `keep` has been called: the frontend then leaves the announce to whoever did. */
  kept = false
  #input = NOTHING
  #start = 0
  #end = 0
  /** Where options may begin (BEP 41). */
  #optionsAt = 0
  /** Read when a hook asks. */
  #params: Params | undefined
  #over = false

  /**
   * Reads what every announce needs. `ipv6` says whether its address has 16 bytes.
   * @throws {ClientError} when it is too short, its event makes no sense, or it has no port and
   * does not stop.
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
    // Nothing keeps a client from leaving.
    if (port === 0 && event !== 'stopped' && !rules.allowUnconnectable) throw INVALID_PORT
    const wanted = view.getInt32(tail + NUM_WANT_OFFSET)
    const room = Math.floor(
      (rules.maxReplySize - REPLY_PEERS_OFFSET) / compactLength(addressFamily(source.address)),
    )
    this.event = event
    this.port = port
    this.key = view.getUint32(tail + KEY_OFFSET)
    this.numWant = Math.min(wanted < 0 ? rules.defaultNumWant : wanted, rules.maxNumWant, room)
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
    return readInfoHash(this.#packet.bytes, this.#start + INFO_HASH_OFFSET)
  }

  get peerId(): PeerId {
    return readPeerId(this.#packet.bytes, this.#start + PEER_ID_OFFSET)
  }

  get downloaded(): bigint {
    return this.#packet.view.getBigUint64(this.#start + DOWNLOADED_OFFSET)
  }

  get left(): bigint | undefined {
    const left = this.#packet.view.getBigUint64(this.#start + LEFT_OFFSET)
    return left === UNKNOWN ? undefined : left
  }

  get uploaded(): bigint {
    return this.#packet.view.getBigUint64(this.#start + UPLOADED_OFFSET)
  }

  get params(): Params {
    const { bytes } = this.#packet
    if (this.#params !== undefined) return this.#params
    // Most datagrams end where options may begin, or carry two bytes of padding.
    const url = this.#end > this.#optionsAt ? readUrlData(bytes, this.#optionsAt, this.#end) : ''
    return (this.#params = url === '' ? NO_PARAMS : new UrlDataParams(url))
  }

  copyIds(infoHash: Uint32Array, peerId: Uint32Array): void {
    const { view } = this.#packet
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
    this.#packet.bytes.copy(shared.bytes, used, this.#start, this.#end)
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

  get #packet(): PacketBuffer {
    if (this.#over)
      throw new TypeError(
        'the announce is over: a hook that reads it after the reply has to call keep() before',
      )
    return this.#input
  }
}

/** Prepares an answer whose peers are written where they are sent from. */
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
 * Writes an announce reply (BEP 15; IPv6: 18 bytes a peer), whose peers may be in their place
 * already. Returns its length.
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
