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
 * Reads a scrape request (BEP 15) that reaches from `start` to `end`; what is left behind the last whole infohash is ignored.
 * @throws {ClientError} for none and for more than `maxInfoHashes`.
 */
export function readScrape(input: Buffer, start: number, end: number, address: Address, maxInfoHashes: number): ScrapeRequest {
  const count = Math.floor((end - start - HEADER_LENGTH) / INFO_HASH_LENGTH)
  if (count === 0) throw MALFORMED_PACKET
  if (count > maxInfoHashes) throw TOO_MANY_INFO_HASHES
  const infoHashes: InfoHash[] = []
  for (let index = 0; index < count; index++) {
    infoHashes.push(readInfoHash(input, start + HEADER_LENGTH + index * INFO_HASH_LENGTH))
  }
  return { protocol: 'udp', infoHashes, address, params: NO_PARAMS }
}

/**
 * Writes a scrape reply: seeders, downloads completed, leechers for each of `rows` infohashes. Rows are known by their
 * place, so one that is missing is zeros. Returns the reply's length.
 */
export function writeScrape(response: ScrapeResponse, rows: number, transaction: number, output: Buffer, at: number): number {
  writeReplyHeader(SCRAPE, transaction, output, at)
  let to = at + REPLY_HEADER_LENGTH
  for (let index = 0; index < rows; index++, to += ROW_LENGTH) {
    const entry = response.entries[index] ?? NOBODY
    output.writeInt32BE(entry.complete | 0, to)
    output.writeInt32BE(entry.downloaded | 0, to + 4)
    output.writeInt32BE(entry.incomplete | 0, to + 8)
  }
  return to - at
}
