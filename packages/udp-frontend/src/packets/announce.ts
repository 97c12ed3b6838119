import {
  addressFamily,
  ClientError,
  compactLength,
  eventFromNumber,
  readUrlData,
  UrlDataParams,
  type Address,
  type AnnounceEvent,
  type AnnounceRequest,
  type AnnounceResponse,
} from '@chihaya/bittorrent'
import type { ClaimedAddresses } from '../claimed-address.ts'
import { ANNOUNCE_IPV6, writeReplyHeader } from './header.ts'
import { NO_PARAMS } from './params.ts'
import { MALFORMED_PACKET } from './refusals.ts'
import type { Slab } from '../slab.ts'
import { UdpAnnounceRequest } from './announce-request.ts'

/** Infohash, then peer id. */
export const IDS_OFFSET = 16
const LEFT_OFFSET = 64
const EVENT_OFFSET = 80
const ADDRESS_OFFSET = 84
const IPV4_LENGTH = 4
const IPV6_LENGTH = 16
// These stand behind the address, and are 12 bytes further on when it has 16.
const KEY_OFFSET = 88
const NUM_WANT_OFFSET = 92
const PORT_OFFSET = 96
const OPTIONS_OFFSET = 98

export const REPLY_PEERS_OFFSET = 20

const NO_ADDRESS: Address = new Uint8Array(4)

const MALFORMED_EVENT: ClientError = new ClientError('malformed event ID')
const INVALID_PORT: ClientError = new ClientError('invalid port')

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

/** How many peers of `source`'s family fit into a reply. */
function roomForPeers(source: Address, maxReplySize: number): number {
  return Math.floor((maxReplySize - REPLY_PEERS_OFFSET) / compactLength(addressFamily(source)))
}

/** What every announce says, in one object that is filled in again and again. */
export class AnnounceFields {
  /** Where the peer is: the source's own bytes, unless it claims another address. */
  address: Address = NO_ADDRESS
  port = 0
  /** Unsigned. */
  key = 0
  event: AnnounceEvent = 'none'
  /** True when nothing is left to download. */
  seeding = false
  numWant = 0
  /** Where options may begin (BEP 41). */
  optionsAt = 0

  /**
   * Reads an announce (BEP 15) that reaches from `start` to `end`.
   * @throws {ClientError} when it is too short, its event makes no sense, or it has no port and does not stop.
   */
  read(input: Slab, start: number, end: number, action: number, source: Address, rules: AnnounceRules): void {
    const addressLength = action === ANNOUNCE_IPV6 ? IPV6_LENGTH : IPV4_LENGTH
    const tail = start + addressLength - IPV4_LENGTH
    if (end < tail + OPTIONS_OFFSET) throw MALFORMED_PACKET
    const { view } = input
    const event = eventFromNumber(view.getInt32(start + EVENT_OFFSET))
    if (event === undefined) throw MALFORMED_EVENT
    const port = view.getUint16(tail + PORT_OFFSET)
    // Nothing keeps a client from leaving.
    if (port === 0 && event !== 'stopped' && !rules.allowUnconnectable) throw INVALID_PORT
    const wanted = view.getInt32(tail + NUM_WANT_OFFSET)
    const maxNumWant = Math.min(rules.maxNumWant, roomForPeers(source, rules.maxReplySize))
    this.event = event
    this.port = port
    this.key = view.getUint32(tail + KEY_OFFSET)
    this.numWant = Math.min(wanted < 0 ? rules.defaultNumWant : wanted, maxNumWant)
    this.seeding = view.getInt32(start + LEFT_OFFSET) === 0 && view.getInt32(start + LEFT_OFFSET + 4) === 0
    this.address = rules.claimedAddresses.resolve(input.bytes, start + ADDRESS_OFFSET, addressLength, source)
    this.optionsAt = tail + OPTIONS_OFFSET
  }
}

/** The request that a hook may keep: nothing of `input` and nothing of the source is referred to. */
export function announceRequest(input: Buffer, start: number, end: number, fields: AnnounceFields): AnnounceRequest {
  // Most datagrams end where options may begin, or carry two bytes of padding.
  const url = end > fields.optionsAt ? readUrlData(input, fields.optionsAt, end) : ''
  return new UdpAnnounceRequest(input, start, fields, url === '' ? NO_PARAMS : new UrlDataParams(url))
}

/** Writes what precedes the peers of an announce reply (BEP 15). Returns where they begin. */
export function writeAnnounceHeader(
  action: number,
  transaction: number,
  interval: number,
  incomplete: number,
  complete: number,
  output: DataView,
  at: number,
): number {
  writeReplyHeader(action, transaction, output, at)
  output.setInt32(at + 8, interval | 0)
  output.setInt32(at + 12, incomplete | 0)
  output.setInt32(at + 16, complete | 0)
  return at + REPLY_PEERS_OFFSET
}

/**
 * Writes an announce reply (BEP 15; IPv6: 18 bytes a peer) of at most `maxReplySize` bytes, with peers of `source`'s family
 * alone: a client tells them apart by the family it asked over. Returns the reply's length.
 */
export function writeAnnounce(
  response: AnnounceResponse,
  action: number,
  transaction: number,
  source: Address,
  maxReplySize: number,
  output: Slab,
  at: number,
): number {
  const peersAt = writeAnnounceHeader(
    action,
    transaction,
    response.interval,
    response.incomplete,
    response.complete,
    output.view,
    at,
  )
  const family = addressFamily(source)
  const peers = response.peers.family === family ? response.peers : response.otherPeers
  if (peers?.family !== family) return REPLY_PEERS_OFFSET
  const room = roomForPeers(source, maxReplySize) * compactLength(family)
  const { endpoints } = peers
  output.bytes.set(endpoints.length > room ? endpoints.subarray(0, room) : endpoints, peersAt)
  return REPLY_PEERS_OFFSET + Math.min(endpoints.length, room)
}
