import { ClientError, Networks, type Address, type AddressFamily } from '@chihaya/bittorrent'
import { parseDuration, type SwarmEntry } from '@chihaya/core'
import type { HttpFrontendOptions } from '../options.ts'
import { SwarmSnapshot } from './swarm-snapshot.ts'
import { fullScrapeLength, writeFullScrape } from './write-full-scrape.ts'

const NOT_SUPPORTED: ClientError = new ClientError('full scrape not supported')

/** Milliseconds. Node takes a longer time for 1 ms. */
const LONGEST_TIMER = 2 ** 31 - 1

/** An answer to a scrape of everything. */
export interface FullScrapeAnswer {
  /** Bytes of the body. */
  readonly length: number
  readonly body: AsyncIterable<Buffer>
}

/** What all swarms were when somebody asked, and how long the answers are. */
interface Taken {
  readonly snapshot: SwarmSnapshot
  readonly lengths: Partial<Record<AddressFamily, Promise<number>>>
}

/**
 * Scrapes of everything, for networks of the operator's choice. All swarms are read at most once in
 * `fullScrapeCacheTime`, and once at a time, whoever asks meanwhile.
 */
export class FullScrape {
  readonly #swarms: () => AsyncIterable<readonly SwarmEntry[]> | undefined
  readonly #networks: Networks
  /** Milliseconds. */
  readonly #cacheTime: number
  #taken: Promise<Taken> | undefined
  /** The snapshot before, if somebody still reads it. */
  #former: WeakRef<SwarmSnapshot> | undefined
  #expiry: NodeJS.Timeout | undefined

  /** @throws {RangeError} for an option that names no address and no CIDR range. */
  constructor(
    options: Required<Pick<HttpFrontendOptions, 'fullScrapeFrom' | 'fullScrapeCacheTime'>>,
    swarms: () => AsyncIterable<readonly SwarmEntry[]> | undefined,
  ) {
    this.#swarms = swarms
    this.#networks = new Networks(options.fullScrapeFrom)
    this.#cacheTime = parseDuration(options.fullScrapeCacheTime)
  }

  /** Whether a client at an address may ask. */
  allows(address: Address): boolean {
    return this.#networks.has(address)
  }

  /**
   * @throws {ClientError} when the store cannot list its swarms; anything else is a fault of the
   * store.
   */
  async answer(family: AddressFamily): Promise<FullScrapeAnswer> {
    const { snapshot, lengths } = await (this.#taken ??= this.#take())
    // Asked sooner, it would be the same answer.
    const minInterval = Math.ceil(this.#cacheTime / 1000)
    const length = await (lengths[family] ??= fullScrapeLength(snapshot, family, minInterval))
    return { length, body: writeFullScrape(snapshot, family, minInterval) }
  }

  /** Forgets what it keeps. */
  close(): void {
    clearTimeout(this.#expiry)
    this.#taken = undefined
  }

  async #take(): Promise<Taken> {
    try {
      const pages = this.#swarms()
      if (pages === undefined) throw NOT_SUPPORTED
      const snapshot = await SwarmSnapshot.read(pages)
      // Readers that are slower than the cache is old must not pile up snapshots.
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
