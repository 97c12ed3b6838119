import {
  eventToNumber,
  INFO_HASH_LENGTH,
  readCompactPeers,
  writeByteString,
  type AddressFamily,
  type InfoHash,
} from '@chihaya/bittorrent'
import type { AnnounceAnswer, ClientAnnounce, ScrapeAnswer } from './tracker-client.ts'
import { TrackerFailure } from './tracker-failure.ts'

const PROTOCOL_ID = 0x41727101980n
const CONNECT = 0
const ANNOUNCE = 1
const SCRAPE = 2
const ERROR = 3

const HEADER = 16
const ANNOUNCE_LENGTH = 98
const ANSWER_HEADER = 8
const ANNOUNCE_ANSWER = 20
const SCRAPE_ROW = 12

const URL_DATA = 2
const URL_DATA_MAX = 255

function header(
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
  return header(HEADER, PROTOCOL_ID, CONNECT, transactionId)
}

/** An announce request (BEP 15); a `urlData` goes along as options (BEP 41). */
export function writeAnnounce(
  connectionId: bigint,
  transactionId: number,
  announce: ClientAnnounce,
  urlData = '',
): Buffer {
  const packet = header(ANNOUNCE_LENGTH, connectionId, ANNOUNCE, transactionId)
  writeByteString(announce.infoHash, packet, 16)
  writeByteString(announce.peerId, packet, 36)
  packet.writeBigUInt64BE(announce.downloaded ?? 0n, 56)
  packet.writeBigUInt64BE(announce.left, 64)
  packet.writeBigUInt64BE(announce.uploaded ?? 0n, 72)
  packet.writeUInt32BE(eventToNumber(announce.event ?? 'none'), 80)
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
  const packet = header(
    HEADER + infoHashes.length * INFO_HASH_LENGTH,
    connectionId,
    SCRAPE,
    transactionId,
  )
  for (const [index, infoHash] of infoHashes.entries())
    writeByteString(infoHash, packet, HEADER + index * INFO_HASH_LENGTH)
  return packet
}

/** The transaction id of an answer, or undefined when it is too short to have one. */
export function readTransactionId(answer: Buffer): number | undefined {
  return answer.length < ANSWER_HEADER ? undefined : answer.readUInt32BE(4)
}

/** The connection id in the answer to a connect. @throws {TrackerFailure} @throws {SyntaxError} */
export function readConnect(answer: Buffer): bigint {
  expectAnswer(answer, CONNECT, HEADER)
  return answer.readBigUInt64BE(8)
}

/**
 * The answer to an announce; `family` is that of the socket it came by. @throws {TrackerFailure}
 * @throws {SyntaxError}
 */
export function readAnnounce(answer: Buffer, family: AddressFamily): AnnounceAnswer {
  expectAnswer(answer, ANNOUNCE, ANNOUNCE_ANSWER)
  return {
    interval: answer.readUInt32BE(8),
    incomplete: answer.readUInt32BE(12),
    complete: answer.readUInt32BE(16),
    peers: readPeers(answer.subarray(ANNOUNCE_ANSWER), family),
  }
}

/** The answer to a scrape of `count` infohashes. @throws {TrackerFailure} @throws {SyntaxError} */
export function readScrape(answer: Buffer, count: number): ScrapeAnswer[] {
  expectAnswer(answer, SCRAPE, ANSWER_HEADER + count * SCRAPE_ROW)
  return Array.from({ length: count }, (_, index) => {
    const at = ANSWER_HEADER + index * SCRAPE_ROW
    return {
      complete: answer.readUInt32BE(at),
      downloaded: answer.readUInt32BE(at + 4),
      incomplete: answer.readUInt32BE(at + 8),
    }
  })
}

function expectAnswer(answer: Buffer, action: number, length: number): void {
  if (answer.length < ANSWER_HEADER)
    throw new SyntaxError(`tracker answer: only ${answer.length} bytes`)
  const actual = answer.readUInt32BE(0)
  if (actual === ERROR) throw new TrackerFailure(answer.toString('latin1', ANSWER_HEADER))
  if (actual !== action)
    throw new SyntaxError(`tracker answer: action ${actual} instead of ${action}`)
  if (answer.length < length)
    throw new SyntaxError(`tracker answer: ${answer.length} bytes instead of ${length}`)
}

function readPeers(bytes: Buffer, family: AddressFamily): AnnounceAnswer['peers'] {
  try {
    return readCompactPeers(bytes, family)
  } catch (error) {
    throw new SyntaxError('tracker answer: compact peers of a wrong length', { cause: error })
  }
}
