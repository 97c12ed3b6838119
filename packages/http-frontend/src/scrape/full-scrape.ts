import { setImmediate } from 'node:timers/promises'
import {
  BencodeWriter,
  ClientError,
  INFO_HASH_LENGTH,
  Networks,
  type Address,
  type AddressFamily,
} from '@chihaya/bittorrent'
import { LONGEST_TIMER, parseDuration, type SwarmEntry } from '@chihaya/core'
import type { HttpFrontendOptions } from '../options.ts'
import { SwarmSnapshot, type SwarmRow } from './swarm-snapshot.ts'
import { TimeSlice } from './time-slice.ts'

const NOT_SUPPORTED: ClientError = new ClientError('full scrape not supported')

const HEAD = 'd5:filesd'
const TAIL = 'e5:flagsd20:min_request_intervali'
const END = 'eee'

/** Rows written at a time: about 64 KiB. */
const ROWS = 640
const ROW = 128

/** Bytes of a row without the digits of its numbers. */
const ROW_FRAME =
  `${INFO_HASH_LENGTH}:`.length +
  INFO_HASH_LENGTH +
  'd8:completeie10:downloadedie10:incompleteiee'.length

/** The answer to a scrape of all swarms. */
export interface FullScrapeAnswer {
  /** Length of the body in bytes. */
  readonly length: number
  readonly body: AsyncIterable<Buffer>
}

/** A snapshot of all swarms, with the lengths of its answers. */
interface Taken {
  readonly snapshot: SwarmSnapshot
  readonly lengths: Partial<Record<AddressFamily, Promise<number>>>
}

/**
 * Scrapes of all swarms, for the networks in `fullScrapeFrom`. The store is read once at a time,
 * and at most once within `fullScrapeCacheTime`.
 */
export class FullScrape {
  readonly #swarms: () => AsyncIterable<readonly SwarmEntry[]> | undefined
  readonly #networks: Networks
  /** Milliseconds. */
  readonly #cacheTime: number
  #taken: Promise<Taken> | undefined
  /** The previous snapshot, if an answer still reads it. */
  #former: WeakRef<SwarmSnapshot> | undefined
  #expiry: NodeJS.Timeout | undefined

  /** @throws {RangeError} for an option that is neither an address nor a CIDR range. */
  constructor(
    options: Required<Pick<HttpFrontendOptions, 'fullScrapeFrom' | 'fullScrapeCacheTime'>>,
    swarms: () => AsyncIterable<readonly SwarmEntry[]> | undefined,
  ) {
    this.#swarms = swarms
    this.#networks = new Networks(options.fullScrapeFrom)
    this.#cacheTime = parseDuration(options.fullScrapeCacheTime)
  }

  /** Whether a client may scrape all swarms. */
  allows(address: Address): boolean {
    return this.#networks.has(address)
  }

  /** @throws {ClientError} if the store cannot list its swarms. */
  async answer(family: AddressFamily): Promise<FullScrapeAnswer> {
    const { snapshot, lengths } = await (this.#taken ??= this.#take())
    // Until then, the answer stays the same.
    const minInterval = Math.ceil(this.#cacheTime / 1000)
    const length = await (lengths[family] ??= fullScrapeLength(snapshot, family, minInterval))
    return { length, body: writeFullScrape(snapshot, family, minInterval) }
  }

  /** Drops the snapshot. */
  close(): void {
    clearTimeout(this.#expiry)
    this.#taken = undefined
  }

  async #take(): Promise<Taken> {
    try {
      const pages = this.#swarms()
      if (pages === undefined) throw NOT_SUPPORTED
      const snapshot = await SwarmSnapshot.read(pages)
      // Slow readers must not pile up snapshots.
      this.#former?.deref()?.release()
      this.#former = new WeakRef(snapshot)
      this.#expiry = setTimeout(
        () => void (this.#taken = undefined),
        Math.min(this.#cacheTime, LONGEST_TIMER),
      ).unref()
      return { snapshot, lengths: {} }
    } catch (error) {
      this.#taken = undefined
      throw error
    }
  }
}

/**
 * Writes the answer for clients of one family, one chunk per turn of the event loop as the client
 * reads. Rows are those of `writeScrape` without `downloaders`, which stores do not list.
 * `minInterval`: seconds.
 */
async function* writeFullScrape(
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
    // A fast reader would otherwise keep the event loop from other requests.
    // oxlint-disable-next-line no-await-in-loop
    await setImmediate()
  }
  yield Buffer.from(`${TAIL}${minInterval}${END}`)
}

/** The length of that answer in bytes. */
async function fullScrapeLength(
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

/** Decimal digits of an unsigned 32-bit number. */
function digits(value: number): number {
  let count = 1
  for (let bound = 10; value >= bound; bound *= 10) count++
  return count
}
