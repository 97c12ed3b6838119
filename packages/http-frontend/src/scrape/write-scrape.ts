import { BencodeWriter, type InfoHash } from '@chihaya/bittorrent'
import type { Scrape, ScrapeAnswer } from '@chihaya/core'

const FIXED = 64
/** Bytes for one row: keys, infohash, four integers. */
const ROW = 128

/** Writes the answer to a scrape (BEP 48): one row per infohash, in byte order. */
export function writeScrape(answer: ScrapeAnswer, { infoHashes }: Scrape): Buffer {
  const rows = new Map<InfoHash, number>()
  for (const [index, infoHash] of infoHashes.entries()) rows.set(infoHash, index)
  const writer = new BencodeWriter(FIXED + rows.size * ROW)
  writer.raw('d5:filesd')
  // Byte strings compare by byte.
  for (const [infoHash, index] of [...rows].sort(([one], [other]) => (one < other ? -1 : 1))) {
    writer.string(infoHash)
    writeRow(writer, answer, index)
  }
  writer.raw('e5:flagsd20:min_request_interval')
  writer.integer(answer.minInterval)
  writer.raw('ee')
  return writer.take()
}

function writeRow(writer: BencodeWriter, answer: ScrapeAnswer, index: number): void {
  writer.raw('d8:complete')
  writer.integer(answer.complete(index))
  writer.raw('10:downloaded')
  writer.integer(answer.downloaded(index))
  // Leechers without partial seeds (BEP 21).
  writer.raw('11:downloaders')
  writer.integer(answer.downloaders(index))
  writer.raw('10:incomplete')
  writer.integer(answer.incomplete(index))
  writer.raw('e')
}
