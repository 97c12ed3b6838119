import {
  ClientError,
  INFO_HASH_LENGTH,
  readInfoHash,
  type InfoHash,
  type Params,
} from '@chihaya/bittorrent'
import { Scrape, type ScrapeAnswer } from '@chihaya/core'
import type { Datagram } from '../datagram.ts'
import { PacketBuffer } from './packet-buffer.ts'
import {
  copyWords,
  HEADER_LENGTH,
  NO_PARAMS,
  REPLY_HEADER_LENGTH,
  SCRAPE,
  writeReplyHeader,
} from './header.ts'
import { MALFORMED_PACKET } from './refusals.ts'

const ROW_LENGTH = 12

// Transmission asks for fewer at a time if the text begins like this.
const TOO_MANY_INFO_HASHES: ClientError = new ClientError(
  'Request-URI Too Long: too many infohashes',
)

const NOTHING = PacketBuffer.allocate(0)

/** Bytes of the reply to a scrape of `infoHashes` infohashes. */
export function scrapeReplyLength(infoHashes: number): number {
  return REPLY_HEADER_LENGTH + ROW_LENGTH * infoHashes
}

/**
 * The number of whole infohashes in a scrape request (BEP 15) of `length` bytes.
 * @throws {ClientError} for none, and for more than `maxInfoHashes`.
 */
function countScrape(length: number, maxInfoHashes: number): number {
  const count = Math.floor((length - HEADER_LENGTH) / INFO_HASH_LENGTH)
  if (count === 0) throw MALFORMED_PACKET
  if (count > maxInfoHashes) throw TOO_MANY_INFO_HASHES
  return count
}

/** A scrape (BEP 15) as a view of its datagram. */
export class UdpScrape extends Scrape {
  readonly protocol = 'udp'
  readonly params: Params = NO_PARAMS
  count = 0
  /** Whether `keep` has been called. The frontend then does not reuse the scrape. */
  kept = false
  #input = NOTHING
  /** Position of the first infohash. */
  #at = 0
  #infoHashes: readonly InfoHash[] | undefined
  #over = false

  /** @throws {ClientError} for no infohash, and for more than `maxInfoHashes`. */
  read({ input, start, length, source }: Datagram, maxInfoHashes: number): void {
    this.count = countScrape(length, maxInfoHashes)
    this.address = source.address
    this.#input = input
    this.#at = start + HEADER_LENGTH
    this.#infoHashes = undefined
  }

  get infoHashes(): readonly InfoHash[] {
    const { bytes } = this.#packet()
    return (this.#infoHashes ??= Array.from({ length: this.count }, (_, index) =>
      readInfoHash(bytes, this.#at + index * INFO_HASH_LENGTH),
    ))
  }

  copyInfoHash(index: number, target: Uint32Array): void {
    copyWords(this.#packet().view, this.#at + index * INFO_HASH_LENGTH, target)
  }

  keep(): this {
    if (this.kept) return this
    const own = PacketBuffer.allocate(this.count * INFO_HASH_LENGTH)
    this.#packet().bytes.copy(own.bytes, 0, this.#at, this.#at + this.count * INFO_HASH_LENGTH)
    this.address = new Uint8Array(this.address)
    this.#input = own
    this.#at = 0
    this.kept = true
    return this
  }

  end(): void {
    this.#over = !this.kept
  }

  #packet(): PacketBuffer {
    if (this.#over)
      throw new TypeError(
        'the scrape is over: a hook that reads it after the reply must call keep() first',
      )
    return this.#input
  }
}

/**
 * Writes a scrape reply: seeders, completed downloads and leechers of each infohash, in the order
 * of the request. Returns its length.
 */
export function writeScrape(
  answer: ScrapeAnswer,
  transaction: number,
  { view }: PacketBuffer,
  at: number,
): number {
  writeReplyHeader(SCRAPE, transaction, view, at)
  let to = at + REPLY_HEADER_LENGTH
  for (let index = 0; index < answer.count; index++, to += ROW_LENGTH) {
    view.setUint32(to, answer.complete(index))
    view.setUint32(to + 4, answer.downloaded(index))
    view.setUint32(to + 8, answer.incomplete(index))
  }
  return to - at
}
