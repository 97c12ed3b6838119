import { BencodeWriter, INFO_HASH_LENGTH, type AddressFamily } from '@chihaya/bittorrent'
import { setImmediate } from 'node:timers/promises'
import type { SwarmRow, SwarmSnapshot } from './swarm-snapshot.ts'
import { TimeSlice } from './time-slice.ts'

const HEAD = 'd5:filesd'
const TAIL = 'e5:flagsd20:min_request_intervali'
const END = 'eee'

/** Rows written at a time, about 64 KiB. */
const ROWS = 640
const ROW = 128

/** Bytes of a row beside the digits of its numbers. */
const ROW_FRAME =
  `${INFO_HASH_LENGTH}:`.length +
  INFO_HASH_LENGTH +
  'd8:completeie10:downloadedie10:incompleteiee'.length

/**
 * The answer to a scrape of everything, for clients of one family: rows as in `writeScrape`, but
 * for `downloaders`, which stores do not list. Written while it is read, a piece in a turn of the
 * event loop. `minInterval`: seconds.
 */
export async function* writeFullScrape(
  snapshot: SwarmSnapshot,
  family: AddressFamily,
  minInterval: number,
): AsyncGenerator<Buffer> {
  yield Buffer.from(HEAD)
  const { size } = snapshot
  for (let first = 0; first < size; first += ROWS) {
    const end = Math.min(first + ROWS, size)
    const writer = new BencodeWriter((end - first) * ROW)
    for (let position = first; position < end; position++)
      writeRow(writer, snapshot.row(position, family))
    yield writer.take()
    // A quick reader would have one piece after another without letting anybody else have a turn.
    // oxlint-disable-next-line no-await-in-loop
    await setImmediate()
  }
  yield Buffer.from(`${TAIL}${minInterval}${END}`)
}

/** The bytes of that answer. */
export async function fullScrapeLength(
  snapshot: SwarmSnapshot,
  family: AddressFamily,
  minInterval: number,
): Promise<number> {
  const slice = new TimeSlice()
  let length = HEAD.length + TAIL.length + String(minInterval).length + END.length
  const { size } = snapshot
  for (let position = 0; position < size; position++) {
    const { complete, downloaded, incomplete } = snapshot.row(position, family)
    length += ROW_FRAME + digits(complete) + digits(downloaded) + digits(incomplete)
    if (position % ROWS === 0 && slice.isOver()) await slice.next()
  }
  return length
}

function writeRow(writer: BencodeWriter, row: SwarmRow): void {
  writer.bytes(row.infoHash)
  writer.raw('d8:complete')
  writer.integer(row.complete)
  writer.raw('10:downloaded')
  writer.integer(row.downloaded)
  writer.raw('10:incomplete')
  writer.integer(row.incomplete)
  writer.raw('e')
}

/** Decimal digits of an unsigned number of 32 bits. */
function digits(value: number): number {
  let count = 1
  for (let bound = 10; value >= bound; bound *= 10) count++
  return count
}
