import {
  INFO_HASH_LENGTH,
  writeWords,
  type Address,
  type InfoHash,
  type Params,
} from '@chihaya/bittorrent'

/** Counters in a row of an answer. */
const COLUMNS = 4

/**
 * A scrape (BEP 48, BEP 15) on its way through hooks and store. It is borrowed like an announce.
 */
export abstract class Scrape {
  /** The transport, such as `http` or `udp`. */
  abstract readonly protocol: string
  /** In the order of the request, including repeats. */
  abstract get infoHashes(): readonly InfoHash[]
  abstract get params(): Params
  /** The number of infohashes. */
  abstract get count(): number
  /** The client's address; its family selects the swarms. */
  address: Address = new Uint8Array(4)
  /** Whether to read the swarms of the WebRTC network, regardless of the address. */
  webrtc = false

  /** Copies the infohash at `index` into words in memory order. */
  abstract copyInfoHash(index: number, target: Uint32Array): void

  /** Copies borrowed data, so that the scrape can be read at any time. */
  abstract keep(): this

  /**
   * For frontends, after the reply: from now on reading borrowed data throws, unless it was kept.
   */
  abstract end(): void
}

/** A scrape that owns its data. */
export class PlainScrape extends Scrape {
  readonly protocol: string
  readonly infoHashes: readonly InfoHash[]
  readonly params: Params

  constructor(protocol: string, infoHashes: readonly InfoHash[], address: Address, params: Params) {
    super()
    this.protocol = protocol
    this.infoHashes = infoHashes
    this.address = address
    this.params = params
  }

  get count(): number {
    return this.infoHashes.length
  }

  copyInfoHash(index: number, target: Uint32Array): void {
    writeWords(this.infoHashes[index] ?? ''.padEnd(INFO_HASH_LENGTH, '\0'), target)
  }

  keep(): this {
    return this
  }

  end(): void {
    // Nothing is borrowed.
  }
}

/**
 * The answer to a scrape: a row of counters for each infohash, in the order of the request. Unknown
 * infohashes have zeros.
 */
export class ScrapeAnswer {
  /** Seconds before which the client should not scrape again. */
  minInterval = 0
  /** Whether `keep` has been called: the frontend must then use another answer. */
  kept = false
  #rows = new Uint32Array(COLUMNS)
  #count = 0

  /** Sets the answer to `count` rows of zeros. */
  begin(count: number, minInterval: number): void {
    this.minInterval = minInterval
    this.#count = count
    if (this.#rows.length < count * COLUMNS) this.#rows = new Uint32Array(count * COLUMNS)
    else this.#rows.fill(0, 0, count * COLUMNS)
  }

  /** The number of rows. */
  get count(): number {
    return this.#count
  }

  /**
   * Sets a row: seeders, leechers including partial seeds, leechers without them (BEP 21),
   * completed downloads.
   */
  set(
    index: number,
    complete: number,
    incomplete: number,
    downloaders: number,
    downloaded: number,
  ): void {
    const at = index * COLUMNS
    this.#rows[at] = complete
    this.#rows[at + 1] = incomplete
    this.#rows[at + 2] = downloaders
    this.#rows[at + 3] = downloaded
  }

  /** Sets a row to zeros, as for an unknown swarm. */
  clear(index: number): void {
    this.set(index, 0, 0, 0, 0)
  }

  /** Seeders. */
  complete(index: number): number {
    return this.#rows[index * COLUMNS] as number
  }

  /** Leechers, including partial seeds. */
  incomplete(index: number): number {
    return this.#rows[index * COLUMNS + 1] as number
  }

  /** Leechers without partial seeds (BEP 21). */
  downloaders(index: number): number {
    return this.#rows[index * COLUMNS + 2] as number
  }

  /** Completed downloads since the swarm exists. */
  downloaded(index: number): number {
    return this.#rows[index * COLUMNS + 3] as number
  }

  /**
   * Makes the frontend use another answer from now on, so that this one can be read after the
   * reply.
   */
  keep(): this {
    this.kept = true
    return this
  }
}
