import {
  INFO_HASH_LENGTH,
  writeWords,
  type Address,
  type InfoHash,
  type Params,
} from '@chihaya/bittorrent'

/** Numbers in a row of a scrape's answer. */
const COLUMNS = 4

/**
 * A scrape (BEP 48, BEP 15) on its way through hooks and store. It is borrowed as an announce is.
 */
export abstract class Scrape {
  /** The transport, such as `http` or `udp`. */
  abstract readonly protocol: string
  /** In the order asked for, repeats included. */
  abstract get infoHashes(): readonly InfoHash[]
  abstract get params(): Params
  /** How many infohashes there are. */
  abstract get count(): number
  /** Who asks; its family chooses the swarms. */
  address: Address = new Uint8Array(4)
  /** Whether the swarms of the WebRTC network are asked for, whatever the address. */
  webrtc = false

  /** Copies the infohash at a place in the list into words that hold its bytes in their order. */
  abstract copyInfoHash(index: number, target: Uint32Array): void

  /** Copies what is borrowed, so that the scrape may be read at any time. */
  abstract keep(): this

  /**
   * For frontends whose reply is out: from now on, reading what was borrowed throws, unless it was
   * kept.
   */
  abstract end(): void
}

/** A scrape that owns what it says. */
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
    // What it says is its own.
  }
}

/**
 * The counters of the swarms that a scrape asks for: a row for each infohash, in the order asked
 * for; zeros for unknown ones.
 */
export class ScrapeAnswer {
  /** Seconds before which the client should not scrape again. */
  minInterval = 0
  /** Whether `keep` has been called: the frontend then leaves the answer to whoever did. */
  kept = false
  #rows = new Uint32Array(COLUMNS)
  #count = 0

  /** Empties the answer, and makes room for so many rows of zeros. */
  begin(count: number, minInterval: number): void {
    this.minInterval = minInterval
    this.#count = count
    if (this.#rows.length < count * COLUMNS) this.#rows = new Uint32Array(count * COLUMNS)
    else this.#rows.fill(0, 0, count * COLUMNS)
  }

  /** How many rows there are. */
  get count(): number {
    return this.#count
  }

  /**
   * Sets a row: seeders, leechers with partial seeds, leechers without them (BEP 21), downloads
   * completed.
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

  /** Sets a row to zeros, as that of a swarm that does not exist. */
  clear(index: number): void {
    this.set(index, 0, 0, 0, 0)
  }

  /** Seeders. */
  complete(index: number): number {
    return this.#rows[index * COLUMNS] as number
  }

  /** Leechers, partial seeds included. */
  incomplete(index: number): number {
    return this.#rows[index * COLUMNS + 1] as number
  }

  /** Leechers without partial seeds (BEP 21). */
  downloaders(index: number): number {
    return this.#rows[index * COLUMNS + 2] as number
  }

  /** Downloads completed in the swarm's life. */
  downloaded(index: number): number {
    return this.#rows[index * COLUMNS + 3] as number
  }

  /**
   * Has the frontend use another answer from now on, so that this one may be read after the reply.
   */
  keep(): this {
    this.kept = true
    return this
  }
}
