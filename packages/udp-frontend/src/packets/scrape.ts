import {
  ClientError,
  INFO_HASH_LENGTH,
  readInfoHash,
  type Address,
  type InfoHash,
  type ScrapeEntry,
  type ScrapeRequest,
  type ScrapeResponse,
} from '@chihaya/bittorrent'
import { HEADER_LENGTH, REPLY_HEADER_LENGTH, SCRAPE, writeReplyHeader } from './header.ts'
import { NO_PARAMS } from './params.ts'
import { MALFORMED_PACKET } from './refusals.ts'

const ROW_LENGTH = 12

// Transmission asks for fewer at a time when it reads these first words.
const TOO_MANY_INFO_HASHES: ClientError = new ClientError('Request-URI Too Long: too many infohashes')

const NOBODY: Readonly<ScrapeEntry> = { complete: 0, incomplete: 0, downloaders: 0, downloaded: 0 }

/** Bytes of the reply to a scrape of so many infohashes. */
export function scrapeReplyLength(infoHashes: number): number {
  return REPLY_HEADER_LENGTH + ROW_LENGTH * infoHashes
}

/**
 * How many infohashes a scrape request (BEP 15) of `length` bytes holds; what is left behind the last whole one is ignored.
 * @throws {ClientError} for none and for more than `maxInfoHashes`.
 */
export function countScrape(length: number, maxInfoHashes: number): number {
  const count = Math.floor((length - HEADER_LENGTH) / INFO_HASH_LENGTH)
  if (count === 0) throw MALFORMED_PACKET
  if (count > maxInfoHashes) throw TOO_MANY_INFO_HASHES
  return count
}

/** The request that a hook may keep, of `count` infohashes in the datagram at `start`. */
export function scrapeRequest(input: Buffer, start: number, count: number, source: Address): ScrapeRequest {
  const infoHashes: InfoHash[] = []
  for (let index = 0; index < count; index++) {
    infoHashes.push(readInfoHash(input, start + HEADER_LENGTH + index * INFO_HASH_LENGTH))
  }
  return { protocol: 'udp', infoHashes, address: new Uint8Array(source), params: NO_PARAMS }
}

/**
 * Writes a scrape reply: seeders, downloads completed, leechers for each of `rows` infohashes. Rows are known by their
 * place, so one that is missing is zeros. Returns the reply's length.
 */
export function writeScrape(response: ScrapeResponse, rows: number, transaction: number, output: DataView, at: number): number {
  writeReplyHeader(SCRAPE, transaction, output, at)
  let to = at + REPLY_HEADER_LENGTH
  for (let index = 0; index < rows; index++, to += ROW_LENGTH) {
    const entry = response.entries[index] ?? NOBODY
    output.setInt32(to, entry.complete | 0)
    output.setInt32(to + 4, entry.downloaded | 0)
    output.setInt32(to + 8, entry.incomplete | 0)
  }
  return to - at
}

/** The same out of `rows`: three numbers for each of `count` infohashes. */
export function writeScrapeRows(rows: Uint32Array, count: number, transaction: number, output: DataView, at: number): number {
  writeReplyHeader(SCRAPE, transaction, output, at)
  const first = at + REPLY_HEADER_LENGTH
  for (let index = 0; index < count * 3; index++) output.setUint32(first + index * 4, rows[index] as number)
  return scrapeReplyLength(count)
}
