import { setTimeout as sleep } from 'node:timers/promises'
import {
  addressFamily,
  type AddressFamily,
  type InfoHash,
  type ScrapeEntry,
} from '@chihaya/bittorrent'
import {
  parseDuration,
  type Announce,
  type Answer,
  type EvictionRules,
  type MaybePromise,
  type PeerStore,
  type ReadinessAnswer,
  type Scrape,
  type ScrapeAnswer,
  type StoreStats,
  type SwarmEntry,
} from '@chihaya/core'
import { Announcer } from './announce/announcer.ts'
import { secretsOf, type Client } from './connection/client.ts'
import { connect } from './connection/connect.ts'
import { Eviction } from './counting/eviction.ts'
import { Fallback } from './fallback/fallback.ts'
import { isFault, UNAVAILABLE, type Fault } from './connection/faults.ts'
import type { StoreLog } from './connection/health.ts'
import { Keys } from './keys.ts'
import { Link } from './connection/connection.ts'
import type { LocalStore } from './fallback/local-store.ts'
import { countScript, scrapeScript } from './lua/scrape.ts'
import type { RedisStoreMetrics } from './metrics.ts'
import { NewSwarmLimit } from './announce/new-swarm-limit.ts'
import type { RedisStorageOptions } from './options.ts'
import { readAnswer, readScrapeEntry } from './announce/replies.ts'
import { describeFault } from './connection/readiness.ts'
import { defineScript, type Script } from './connection/script.ts'
import { listSwarms } from './counting/list-swarms.ts'
import type { SwarmScan } from './counting/scan-swarms.ts'
import { Sweeper } from './counting/swarm-counter.ts'
import { timeoutsOf } from './connection/timeouts.ts'
import { Totals } from './counting/totals.ts'
import { WriteProbe } from './connection/write-probe.ts'

/**
 * A list of peers, or the removal of some, is to end in time: its steps are followed by pauses of
 * their own length.
 */
const SCAN_PAUSES = 1
/** Milliseconds that closing waits for Redis. */
const CLOSING_PATIENCE = 2000

export interface RedisPeerStoreInit {
  readonly client: Client
  /** Whether `close` closes the client. */
  readonly closeClient: boolean
  /** Which Redis it is, in words, for logs and errors. */
  readonly target: string
  /** As `parseOptions` leaves them. */
  readonly options: Required<RedisStorageOptions>
  readonly log: StoreLog
  /** Makes stores that stand in while Redis is away. */
  readonly createLocalStore?: (() => LocalStore) | undefined
  /** The second since 1970, for tests. @default Redis' own clock */
  readonly now?: () => number
}

/**
 * A `PeerStore` in Redis, which any number of trackers share. An announce is one script, and one
 * round trip.
 */
export class RedisPeerStore implements PeerStore {
  readonly #init: RedisPeerStoreInit
  readonly #link: Link
  readonly #keys: Keys
  readonly #now: () => number
  readonly #announcer: Announcer
  readonly #scrape: Script<Buffer>
  readonly #sweeper: Sweeper
  readonly #totals: Totals
  readonly #writeProbe: WriteProbe
  readonly #fallback: Fallback | undefined
  readonly #scan: SwarmScan
  readonly #eviction: Eviction
  readonly #closing = new AbortController()

  constructor(init: RedisPeerStoreInit) {
    const { client, target, options, log, createLocalStore } = init
    const timeout = timeoutsOf(options).command
    const settings = {
      peerLifetime: seconds(options.peerLifetime),
      downloadedLifetime: seconds(options.downloadedLifetime),
      maxPeersPerSwarm: options.maxPeersPerSwarm,
      storePeerIds: options.storePeerIds,
      withholdPortsBelow: options.withholdPortsBelow,
      limitsNewSwarms: options.newSwarmsPerSource !== undefined,
    }
    this.#init = init
    this.#now = init.now ?? (() => 0)
    this.#keys = new Keys(options.keyPrefix)
    const secrets = [...secretsOf(client), options.password, options.sentinel?.password]
    this.#link = new Link({
      client,
      target,
      secrets,
      timeout,
      limit: options.maxPending,
      log,
      writeFailed: () => this.#writeProbe.watch(),
      reconnected: () => this.#fallback?.tellAgain(),
    })
    this.#writeProbe = new WriteProbe(this.#link, (infoHash) =>
      this.#announcer.tryWriting(infoHash),
    )
    this.#announcer = new Announcer({
      link: this.#link,
      keys: this.#keys,
      settings,
      newSwarmLimit: options.newSwarmsPerSource && new NewSwarmLimit(options.newSwarmsPerSource),
    })
    this.#scrape = defineScript(client, scrapeScript(settings), 2)
    this.#scan = {
      link: this.#link,
      keys: this.#keys,
      pauses: SCAN_PAUSES,
      signal: this.#closing.signal,
    }
    this.#eviction = new Eviction(this.#scan, options.storePeerIds)
    this.#sweeper = new Sweeper({
      link: this.#link,
      keys: this.#keys,
      countScript: countScript(settings),
      now: this.#now,
      interval: parseDuration(options.gcInterval),
    })
    this.#totals = new Totals(
      this.#link,
      this.#keys.totals,
      parseDuration(options.prometheusReportingInterval),
    )
    this.#fallback =
      createLocalStore &&
      new Fallback({
        createStore: createLocalStore,
        maxPeers: options.fallbackMaxPeers,
        merge: ({ announce, age }) =>
          this.#announcer.announce(announce, 0, { now: this.#now(), age }),
        log,
      })
  }

  /** What is wrong with Redis, without secrets, or undefined when nothing is. */
  health(): string | undefined {
    return this.#link.health.reason
  }

  /**
   * Reads from Redis and writes to it. A store whose fallback stands in is ready, with a remark.
   */
  async readiness(): Promise<ReadinessAnswer> {
    this.#totals.forget()
    try {
      await this.#totals.read()
      await this.#writeProbe.attempt()
      return true
    } catch (error) {
      expectFault(error)
      const fault = describeFault(error.kind)
      return this.#fallback ? { remark: `${fault}; swarms are kept in this process` } : fault
    }
  }

  metrics(): RedisStoreMetrics {
    return {
      roundTrips: this.#link.roundTrips.read(),
      errors: this.#link.health.errors,
      pending: this.#link.pending,
      fallbackAnnounces: this.#fallback?.announces ?? 0,
      fallbackPeers: this.#fallback?.size ?? 0,
    }
  }

  /**
   * Waits for Redis, `timeout` milliseconds at most, and for the first attempt to connect alone if
   * `once` is true.
   * @throws TRK_ERR_REDIS, unless a fallback can stand in; the store is closed then.
   */
  async connect(timeout: number, once: boolean): Promise<void> {
    const { client, target, log } = this.#init
    try {
      await connect({ client, target, timeout, once, faultOf: this.#link.faultOf })
    } catch (error) {
      if (!this.#fallback) {
        await this.close()
        throw error
      }
      log.warn(
        { reason: (error as Error).message },
        'swarms are kept in this process until Redis is there',
      )
    }
  }

  /** Begins to count all swarms in intervals. */
  start(): void {
    this.#sweeper.start()
  }

  /** Tells Redis what it has missed, if that can be done soon, and gives up what still waits. */
  async close(): Promise<void> {
    this.#closing.abort()
    const work = Promise.all([this.#sweeper.stop(), this.#fallback?.close()])
    const patience = new AbortController()
    await Promise.race([work, sleep(CLOSING_PATIENCE, undefined, { signal: patience.signal })])
    patience.abort()
    this.#writeProbe.close()
    this.#link.close()
    if (this.#init.closeClient) this.#init.client.disconnect()
  }

  /** @throws {ClientError} at once or by the promise, while Redis is away and nothing stands in. */
  announce(announce: Announce, answer: Answer): MaybePromise<void> {
    const fallback = this.#fallback
    if (this.#link.obstacle()) {
      if (!fallback) throw UNAVAILABLE
      return fallback.announce(announce, answer)
    }
    const withIds = announce.wantsPeerIds && this.#init.options.storePeerIds
    const entered = this.#announcer.announce(announce, answer.want, { now: this.#now() })
    if (!fallback) return entered.then((reply) => readAnswer(reply, withIds, answer), refuse)
    const acknowledged = (reply: Buffer): void => {
      readAnswer(reply, withIds, answer)
      fallback.acknowledged(announce)
    }
    return entered.then(acknowledged, (error: unknown) => {
      expectFault(error)
      return fallback.announce(announce, answer)
    })
  }

  /** @throws {ClientError} as `announce` does. */
  scrape(scrape: Scrape, answer: ScrapeAnswer): MaybePromise<void> {
    const fallback = this.#fallback
    if (this.#link.obstacle()) {
      if (!fallback) throw UNAVAILABLE
      return fallback.scrape(scrape, answer)
    }
    const answered = this.#scrapeAll(scrape, answer)
    if (!fallback) return answered.catch(refuse)
    return answered.catch((error: unknown) => {
      expectFault(error)
      return fallback.scrape(scrape, answer)
    })
  }

  /**
   * The totals of the last counting, whichever tracker did it; zeros before the first. @throws
   * {ClientError}
   */
  stats(): Promise<StoreStats> {
    const fallback = this.#fallback
    if (!fallback) return this.#totals.read().catch(refuse)
    return this.#totals.read().catch((error: unknown) => {
      expectFault(error)
      return fallback.stats()
    })
  }

  /**
   * Removes the peers that the rules name, from the fallback too. It reads some at a time, and any
   * number of trackers may do this at once. @throws {ClientError} while Redis is away: peers may be
   * left in it then.
   */
  async evict(rules: EvictionRules): Promise<number> {
    const standIns = (await this.#fallback?.evict(rules)) ?? 0
    return standIns + (await this.#eviction.run(rules).catch(refuse))
  }

  /**
   * Those of the fallback while it stands in. @throws {ClientError} while Redis is away and nothing
   * stands in.
   */
  async *swarms(): AsyncGenerator<readonly SwarmEntry[]> {
    if (this.#fallback && this.#link.obstacle()) {
      yield* this.#fallback.swarms()
      return
    }
    try {
      yield* listSwarms(this.#scan, (infoHash, family) => this.#scrapeOne(infoHash, family))
    } catch (error) {
      refuse(error)
    }
  }

  /**
   * Counts all swarms now, unless a tracker does or did so lately; true when `stats` then has new
   * totals. @throws {ClientError}
   */
  async sweep(): Promise<boolean> {
    this.#totals.forget()
    return this.#sweeper.sweep().catch(refuse)
  }

  async #scrapeAll({ infoHashes, address }: Scrape, answer: ScrapeAnswer): Promise<void> {
    const family = addressFamily(address)
    const rows = await Promise.all(infoHashes.map((infoHash) => this.#scrapeOne(infoHash, family)))
    for (const [index, row] of rows.entries()) {
      answer.set(index, row.complete, row.incomplete, row.downloaders, row.downloaded)
    }
  }

  async #scrapeOne(infoHash: InfoHash, family: AddressFamily): Promise<ScrapeEntry> {
    const swarm = this.#keys.swarm(infoHash, family)
    return readScrapeEntry(
      await this.#link.send(() =>
        this.#scrape(swarm, this.#keys.downloaded(infoHash), this.#now()),
      ),
    )
  }
}

/** @throws what is no fault of Redis'. */
function expectFault(error: unknown): asserts error is Fault {
  if (!isFault(error)) throw error
}

function refuse(error: unknown): never {
  expectFault(error)
  throw UNAVAILABLE
}

/** Whole seconds in a duration, one at least. */
function seconds(duration: string | number): number {
  return Math.max(1, Math.ceil(parseDuration(duration) / 1000))
}
