import { BencodeWriter, type InfoHash, type ScrapeEntry, type ScrapeRequest, type ScrapeResponse } from '@chihaya/bittorrent'

const FIXED = 64
/** Room for one row: its keys, the infohash and four integers. */
const ROW = 128

// Clients take a row that is missing for an error, so every infohash they asked for gets one.
const NOBODY: Readonly<ScrapeEntry> = { complete: 0, incomplete: 0, downloaders: 0, downloaded: 0 }

/** The answer to a scrape (BEP 48): a row for each infohash in byte order, each once however often it was asked for. */
export function writeScrape(response: ScrapeResponse, request: ScrapeRequest): Buffer {
  const rows = new Map<InfoHash, Readonly<ScrapeEntry>>()
  for (const [index, infoHash] of request.infoHashes.entries()) rows.set(infoHash, response.entries[index] ?? NOBODY)
  const writer = new BencodeWriter(FIXED + rows.size * ROW)
  writer.raw('d5:filesd')
  // Byte strings compare by unit, which is by byte.
  for (const infoHash of [...rows.keys()].sort()) {
    writer.string(infoHash)
    writeRow(writer, rows.get(infoHash) as ScrapeEntry)
  }
  writer.raw('e5:flagsd20:min_request_interval')
  writer.integer(response.minInterval)
  writer.raw('ee')
  return writer.take()
}

function writeRow(writer: BencodeWriter, entry: Readonly<ScrapeEntry>): void {
  writer.raw('d8:complete')
  writer.integer(entry.complete)
  writer.raw('10:downloaded')
  writer.integer(entry.downloaded)
  // Leechers without partial seeds (BEP 21).
  writer.raw('11:downloaders')
  writer.integer(entry.downloaders)
  writer.raw('10:incomplete')
  writer.integer(entry.incomplete)
  writer.raw('e')
}
