import { setTimeout as sleep } from 'node:timers/promises'
import type { InfoHash, ScrapeEntry } from '@chihaya/bittorrent'
import {
  networkOf,
  parseDuration,
  type Announce,
  type Answer,
  type Durations,
  type EvictionRules,
  type MaybePromise,
  type Network,
  type PeerStore,
  type ReadinessAnswer,
  type Scrape,
  type ScrapeAnswer,
  type StoreStats,
  type SwarmEntry,
  type Log,
} from '@chihaya/core'
import { Announcer } from './announce/announcer.ts'
import { NewSwarmLimit } from './announce/new-swarm-limit.ts'
import { readAnswer, readScrapeEntry } from './announce/announce-format.ts'
import { secretsOf, timeoutsOf, type Client } from './connection/client.ts'
import { connect } from './connection/connect.ts'
import { Connection } from './connection/connection.ts'
import {
  describeFault,
  isFault,
  UNAVAILABLE,
  type Fault,
  type FaultKind,
} from './connection/faults.ts'
import { defineScript, type Script } from './connection/script.ts'
import { WriteProbe } from './connection/write-probe.ts'
import { Fallback } from './fallback/fallback.ts'
import type { LocalStore } from './fallback/local-store.ts'
import { Keys } from './keys.ts'
import { countScript, scrapeScript } from './lua/scrape.ts'
import type { RedisStorageOptions } from './options.ts'
import { Eviction } from './swarms/eviction.ts'
import { listSwarms, type SwarmScan } from './swarms/scan-swarms.ts'
import { SwarmCounter, Totals } from './swarms/swarm-totals.ts'

/** A step of a list or an eviction is followed by a pause this many times as long. */
const SCAN_PAUSES = 1
const ADDRESS_NETWORKS: readonly Network[] = ['ipv4', 'ipv6']
const ALL_NETWORKS: readonly Network[] = [...ADDRESS_NETWORKS, 'webrtc']
/** Milliseconds that `close` waits for Redis. */
const CLOSE_TIMEOUT = 2000

/** Measurements of a store. `errors` and `fallbackAnnounces` only grow. */
export interface RedisStoreMetrics {
  /** Times from a command to its answer. */
  readonly roundTrips: Durations
  /** Failed commands, by kind. */
  readonly errors: Readonly<Record<FaultKind, number>>
  /** Commands that wait for their answer now. */
  readonly pending: number
  /** Announces answered by the fallback. */
  readonly fallbackAnnounces: number
  /** Peers that wait to be merged into Redis. */
  readonly fallbackPeers: number
}

export interface RedisPeerStoreInit {
  readonly client: Client
  /** Whether `close` closes the client. */
  readonly closeClient: boolean
  /** Names the server in logs and errors. */
  readonly address: string
  /** From `parseOptions`. */
  readonly options: Required<RedisStorageOptions>
  readonly log: Log
  /** Creates stores for the fallback; undefined for no fallback. */
  readonly createLocalStore?: (() => LocalStore) | undefined
  /** Seconds since 1970, for tests. @default Redis' own clock */
  readonly now?: () => number
}

/** A `PeerStore` in Redis that any number of trackers share. An announce is one round trip. */
export class RedisPeerStore implements PeerStore {
  readonly keepsOwners: boolean
  readonly keepsWebRtcPeers: boolean
  readonly #init: RedisPeerStoreInit
  readonly #connection: Connection
  readonly #keys: Keys
  readonly #now: () => number
  readonly #announcer: Announcer
  readonly #scrape: Script<Buffer>
  readonly #counter: SwarmCounter
  readonly #totals: Totals
  readonly #writeProbe: WriteProbe
  readonly #fallback: Fallback | undefined
  readonly #scan: SwarmScan
  readonly #eviction: Eviction
  readonly #closing = new AbortController()

  constructor(init: RedisPeerStoreInit) {
    const { client, address, options, log, createLocalStore } = init
    const timeout = timeoutsOf(options).command
    const settings = {
      peerLifetime: seconds(options.peerLifetime),
      downloadedLifetime: seconds(options.downloadedLifetime),
      maxPeersPerSwarm: options.maxPeersPerSwarm,
      storePeerIds: options.storePeerIds,
      storeOwners: options.storeOwners,
      withholdPortsBelow: options.withholdPortsBelow,
      limitsNewSwarms: options.newSwarmsPerSource !== undefined,
    }
    this.keepsOwners = options.storeOwners
    this.keepsWebRtcPeers = options.storeWebrtcPeers
    this.#init = init
    this.#now = init.now ?? (() => 0)
    this.#keys = new Keys(
      options.keyPrefix,
      options.storeWebrtcPeers ? ALL_NETWORKS : ADDRESS_NETWORKS,
    )
    const secrets = [...secretsOf(client), options.password, options.sentinel?.password]
    this.#connection = new Connection({
      client,
      address,
      secrets,
      timeout,
      limit: options.maxPending,
      log,
      writeFailed: () => this.#writeProbe.watch(),
      reconnected: () => this.#fallback?.replay(),
    })
    this.#writeProbe = new WriteProbe(this.#connection, (infoHash) =>
      this.#announcer.tryWriting(infoHash),
    )
    this.#announcer = new Announcer({
      connection: this.#connection,
      keys: this.#keys,
      settings,
      newSwarmLimit: options.newSwarmsPerSource && new NewSwarmLimit(options.newSwarmsPerSource),
    })
    this.#scrape = defineScript(client, scrapeScript(settings), 2)
    this.#scan = {
      connection: this.#connection,
      keys: this.#keys,
      pauses: SCAN_PAUSES,
      signal: this.#closing.signal,
    }
    this.#eviction = new Eviction(this.#scan, settings)
    this.#counter = new SwarmCounter({
      connection: this.#connection,
      keys: this.#keys,
      countScript: countScript(settings),
      now: this.#now,
      interval: parseDuration(options.gcInterval),
    })
    this.#totals = new Totals(
      this.#connection,
      this.#keys,
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

  /** The problem with Redis, without secrets, if there is one. */
  health(): string | undefined {
    return this.#connection.health.reason
  }

  /** Reads from Redis and writes to it. With a fallback the store is ready, with a remark. */
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
      roundTrips: this.#connection.roundTrips.read(),
      errors: this.#connection.health.errors,
      pending: this.#connection.pending,
      fallbackAnnounces: this.#fallback?.announces ?? 0,
      fallbackPeers: this.#fallback?.size ?? 0,
    }
  }

  /**
   * Waits for a connection, for `timeout` milliseconds, or for one attempt if `once` is true.
   * @throws TRK_ERR_REDIS if there is no connection and no fallback. The store is closed then.
   */
  async connect(timeout: number, once: boolean): Promise<void> {
    const { client, address, log } = this.#init
    try {
      await connect({ client, address, timeout, once, faultOf: this.#connection.faultOf })
    } catch (error) {
      if (!this.#fallback) {
        await this.close()
        throw error
      }
      log.warn(
        { reason: (error as Error).message },
        'serving swarms from this process until Redis is available',
      )
    }
  }

  /** Starts counting all swarms in intervals. */
  start(): void {
    this.#counter.start()
  }

  /**
   * Merges the fallback into Redis if this takes no more than 2 s, and gives up pending commands.
   */
  async close(): Promise<void> {
    this.#closing.abort()
    const work = Promise.all([this.#counter.stop(), this.#fallback?.close()])
    const timeout = new AbortController()
    await Promise.race([work, sleep(CLOSE_TIMEOUT, undefined, { signal: timeout.signal })])
    timeout.abort()
    this.#writeProbe.close()
    this.#connection.close()
    if (this.#init.closeClient) this.#init.client.disconnect()
  }

  /** @throws {ClientError} at once or by the promise, if Redis and fallback are unavailable. */
  announce(announce: Announce, answer: Answer): MaybePromise<void> {
    const fallback = this.#fallback
    if (this.#connection.unavailable()) {
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
    if (this.#connection.unavailable()) {
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
   * The totals as of the last count, by whichever tracker; zeros before the first.
   * @throws {ClientError}
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
   * Removes the peers that match the rules, from the fallback too. Any number of trackers may do
   * this at the same time.
   * @throws {ClientError} while Redis is unavailable. Some peers may be left then.
   */
  async evict(rules: EvictionRules): Promise<number> {
    const local = (await this.#fallback?.evict(rules)) ?? 0
    return local + (await this.#eviction.run(rules).catch(refuse))
  }

  /** Those of the fallback while it serves swarms. @throws {ClientError} as `announce` does. */
  async *swarms(): AsyncGenerator<readonly SwarmEntry[]> {
    if (this.#fallback && this.#connection.unavailable()) {
      yield* this.#fallback.swarms()
      return
    }
    try {
      yield* listSwarms(this.#scan, (infoHash, network) => this.#scrapeOne(infoHash, network))
    } catch (error) {
      refuse(error)
    }
  }

  /**
   * Counts all swarms now, unless a tracker is counting or did so lately. Returns whether `stats`
   * has new totals.
   * @throws {ClientError}
   */
  async sweep(): Promise<boolean> {
    this.#totals.forget()
    return this.#counter.count().catch(refuse)
  }

  async #scrapeAll(scrape: Scrape, answer: ScrapeAnswer): Promise<void> {
    const network = networkOf(scrape)
    if (!this.#keys.networks.includes(network)) return
    const rows = await Promise.all(
      scrape.infoHashes.map((infoHash) => this.#scrapeOne(infoHash, network)),
    )
    for (const [index, row] of rows.entries()) {
      answer.set(index, row.complete, row.incomplete, row.downloaders, row.downloaded)
    }
  }

  async #scrapeOne(infoHash: InfoHash, network: Network): Promise<ScrapeEntry> {
    const keys = this.#keys.ofScrape(infoHash, network)
    const reply = await this.#connection.send(() => this.#scrape(...keys, this.#now()))
    return readScrapeEntry(reply)
  }
}

/** @throws errors that are not faults of Redis. */
function expectFault(error: unknown): asserts error is Fault {
  if (!isFault(error)) throw error
}

function refuse(error: unknown): never {
  expectFault(error)
  throw UNAVAILABLE
}

/** Whole seconds, at least one. */
function seconds(duration: string | number): number {
  return Math.max(1, Math.ceil(parseDuration(duration) / 1000))
}
