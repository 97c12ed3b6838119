import {
  eventToNumber,
  INFO_HASH_LENGTH,
  writeByteString,
  type AddressFamily,
  type InfoHash,
} from '@chihaya/bittorrent'
import { compactPeers } from '../compact-peers.ts'
import { InvalidAnswerError, TrackerFailure } from '../errors.ts'
import type { AnnounceAnswer, ClientAnnounce, ScrapeAnswer } from '../tracker-client.ts'

/** The magic number in place of a connection id in a connect request (BEP 15). */
export const PROTOCOL_ID = 0x41727101980n

/** An answer with the counters that every response over UDP has. */
export interface UdpAnnounceAnswer extends AnnounceAnswer {
  readonly complete: number
  readonly incomplete: number
}

/** Actions of BEP 15. */
export const ACTION = { connect: 0, announce: 1, scrape: 2, error: 3 } as const

const REQUEST_HEADER = 16
const ANNOUNCE_REQUEST = 98
const RESPONSE_HEADER = 8
const CONNECT_RESPONSE = 16
const ANNOUNCE_RESPONSE = 20
const SCRAPE_ROW = 12

/** Option `URLData` (BEP 41), of at most 255 bytes. */
const URL_DATA = 2
const URL_DATA_MAX = 255

function request(
  length: number,
  connectionId: bigint,
  action: number,
  transactionId: number,
): Buffer {
  const packet = Buffer.alloc(length)
  packet.writeBigUInt64BE(connectionId, 0)
  packet.writeUInt32BE(action, 8)
  packet.writeUInt32BE(transactionId, 12)
  return packet
}

/** A connect request (BEP 15). */
export function writeConnect(transactionId: number): Buffer {
  return request(REQUEST_HEADER, PROTOCOL_ID, ACTION.connect, transactionId)
}

/** An announce request (BEP 15), followed by `urlData` in options (BEP 41). */
export function writeAnnounce(
  connectionId: bigint,
  transactionId: number,
  announce: ClientAnnounce,
  urlData = '',
): Buffer {
  const packet = request(ANNOUNCE_REQUEST, connectionId, ACTION.announce, transactionId)
  writeByteString(announce.infoHash, packet, 16)
  writeByteString(announce.peerId, packet, 36)
  packet.writeBigUInt64BE(announce.downloaded ?? 0n, 56)
  packet.writeBigUInt64BE(announce.left, 64)
  packet.writeBigUInt64BE(announce.uploaded ?? 0n, 72)
  packet.writeUInt32BE(eventToNumber(announce.event ?? 'none'), 80)
  packet.writeUInt32BE(announce.key ?? 0, 88)
  packet.writeInt32BE(announce.numWant ?? -1, 92)
  packet.writeUInt16BE(announce.port, 96)
  return urlData === '' ? packet : Buffer.concat([packet, writeUrlData(urlData)])
}

function writeUrlData(urlData: string): Buffer {
  const options: Buffer[] = []
  for (let at = 0; at < urlData.length; at += URL_DATA_MAX) {
    const part = Buffer.from(urlData.slice(at, at + URL_DATA_MAX), 'latin1')
    options.push(Buffer.of(URL_DATA, part.length), part)
  }
  return Buffer.concat(options)
}

/** A scrape request (BEP 15). */
export function writeScrape(
  connectionId: bigint,
  transactionId: number,
  infoHashes: readonly InfoHash[],
): Buffer {
  const length = REQUEST_HEADER + infoHashes.length * INFO_HASH_LENGTH
  const packet = request(length, connectionId, ACTION.scrape, transactionId)
  for (const [index, infoHash] of infoHashes.entries())
    writeByteString(infoHash, packet, REQUEST_HEADER + index * INFO_HASH_LENGTH)
  return packet
}

/** The transaction id of a response; undefined if the response is too short to have one. */
export function readTransactionId(response: Buffer): number | undefined {
  return response.length < RESPONSE_HEADER ? undefined : response.readUInt32BE(4)
}

/** The text of an error response as a byte string; undefined for any other response. */
export function readError(response: Buffer): string | undefined {
  const isError = response.length >= RESPONSE_HEADER && response.readUInt32BE(0) === ACTION.error
  return isError ? response.toString('latin1', RESPONSE_HEADER) : undefined
}

/**
 * The connection id in a connect response. @throws {TrackerFailure} @throws {InvalidAnswerError}
 */
export function readConnect(response: Buffer): bigint {
  expectResponse(response, ACTION.connect, CONNECT_RESPONSE)
  return response.readBigUInt64BE(8)
}

/**
 * Reads an announce response; `family` is that of the socket. @throws {TrackerFailure}
 * @throws {InvalidAnswerError}
 */
export function readAnnounce(response: Buffer, family: AddressFamily): UdpAnnounceAnswer {
  expectResponse(response, ACTION.announce, ANNOUNCE_RESPONSE)
  return {
    interval: response.readUInt32BE(8),
    incomplete: response.readUInt32BE(12),
    complete: response.readUInt32BE(16),
    peers: compactPeers(response.subarray(ANNOUNCE_RESPONSE), family),
    remarks: [],
  }
}

/**
 * Reads the response to a scrape of `count` infohashes. @throws {TrackerFailure}
 * @throws {InvalidAnswerError}
 */
export function readScrape(response: Buffer, count: number): ScrapeAnswer[] {
  expectResponse(response, ACTION.scrape, RESPONSE_HEADER + count * SCRAPE_ROW)
  return Array.from({ length: count }, (_, index) => {
    const at = RESPONSE_HEADER + index * SCRAPE_ROW
    return {
      complete: response.readUInt32BE(at),
      downloaded: response.readUInt32BE(at + 4),
      incomplete: response.readUInt32BE(at + 8),
    }
  })
}

function expectResponse(response: Buffer, action: number, length: number): void {
  const error = readError(response)
  if (error !== undefined) throw new TrackerFailure(error)
  if (response.length < length)
    throw new InvalidAnswerError(`the answer has ${response.length} bytes instead of ${length}`)
  const actual = response.readUInt32BE(0)
  if (actual !== action)
    throw new InvalidAnswerError(`the answer has action ${actual} instead of ${action}`)
}
