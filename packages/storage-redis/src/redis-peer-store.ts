import { setTimeout as sleep } from 'node:timers/promises'
import {
  addressFamily,
  COMPACT_IPV4,
  peerIdFrom,
  type AddressFamily,
  type InfoHash,
  type PeerId,
  type ScrapeEntry,
} from '@chihaya/bittorrent'
import {
  parseDuration,
  type MaybePromise,
  type PeerStore,
  type ReadinessAnswer,
  type StoreStats,
  type SwarmAnnounce,
  type SwarmView,
  type Transition,
} from '@chihaya/core'
import { announceArgument, type Moment } from './announce-argument.ts'
import { secretsOf, type Client } from './client.ts'
import { connect } from './connect.ts'
import { Fallback } from './fallback.ts'
import { isFault, UNAVAILABLE, type Fault } from './faults.ts'
import type { Effect, StoreLog } from './health.ts'
import { Keys } from './keys.ts'
import { Link } from './link.ts'
import type { LocalStore } from './local-store.ts'
import { announceScript } from './lua/announce.ts'
import { countScript, scrapeScript } from './lua/count.ts'
import type { ScriptSettings } from './lua/settings.ts'
import type { RedisStoreMetrics } from './metrics.ts'
import type { RedisStorageOptions } from './options.ts'
import { readScrapeEntry, readView } from './replies.ts'
import { describeFault } from './readiness.ts'
import { defineScript, type Script } from './script.ts'
import { Sweeper } from './sweeper.ts'
import { timeoutsOf } from './timeouts.ts'
import { Totals } from './totals.ts'
import { WriteProbe } from './write-probe.ts'

/** The peer that tries whether Redis takes writes. */
const PROBE = {
  peerId: peerIdFrom('-CHIHAYA-write-probe') as PeerId,
  address: new Uint8Array(COMPACT_IPV4 - 2),
  port: 0,
  numWant: 0,
  leechersOnly: false,
  publicOnly: false,
  wantsPeerIds: false,
}

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

/** A `PeerStore` in Redis, which any number of trackers share. An announce is one script, and one round trip. */
export class RedisPeerStore implements PeerStore {
  readonly #init: RedisPeerStoreInit
  readonly #link: Link
  readonly #keys: Keys
  readonly #now: () => number
  readonly #announce: Script<Buffer>
  readonly #scrape: Script<Buffer>
  readonly #sweeper: Sweeper
  readonly #totals: Totals
  readonly #writeProbe: WriteProbe
  readonly #fallback: Fallback | undefined

  constructor(init: RedisPeerStoreInit) {
    const { client, target, options, log, createLocalStore } = init
    const timeout = timeoutsOf(options).command
    const settings: ScriptSettings = {
      peerLifetime: seconds(options.peerLifetime),
      downloadedLifetime: seconds(options.downloadedLifetime),
      maxPeersPerSwarm: options.maxPeersPerSwarm,
      storePeerIds: options.storePeerIds,
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
    })
    this.#writeProbe = new WriteProbe(this.#link, (infoHash) => this.#tryWriting(infoHash))
    this.#announce = defineScript(client, announceScript(settings), 4)
    this.#scrape = defineScript(client, scrapeScript(settings), 2)
    this.#sweeper = new Sweeper({
      link: this.#link,
      keys: this.#keys,
      countScript: countScript(settings),
      now: this.#now,
      interval: parseDuration(options.gcInterval),
    })
    this.#totals = new Totals(this.#link, this.#keys.totals, parseDuration(options.prometheusReportingInterval))
    this.#fallback =
      createLocalStore &&
      new Fallback({
        createStore: createLocalStore,
        maxPeers: options.fallbackMaxPeers,
        merge: async ({ announce, age }) => this.#enter(announce, { now: this.#now(), age }),
        log,
      })
  }

  /** What is wrong with Redis, without secrets, or undefined when nothing is. */
  health(): string | undefined {
    return this.#link.health.reason
  }

  /** Reads from Redis and writes to it. A store whose fallback stands in is ready, with a remark. */
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
   * Waits for Redis, `timeout` milliseconds at most, and for the first attempt to connect alone if `once` is true.
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
      log.warn({ reason: (error as Error).message }, 'swarms are kept in this process until Redis is there')
    }
  }

  /** Begins to count all swarms in intervals. */
  start(): void {
    this.#sweeper.start()
  }

  /** Tells Redis what it has missed, if that can be done soon, and gives up what still waits. */
  async close(): Promise<void> {
    const work = Promise.all([this.#sweeper.stop(), this.#fallback?.close()])
    const patience = new AbortController()
    await Promise.race([work, sleep(CLOSING_PATIENCE, undefined, { signal: patience.signal })])
    patience.abort()
    this.#writeProbe.close()
    this.#link.close()
    if (this.#init.closeClient) this.#init.client.disconnect()
  }

  /** @throws {ClientError} at once or by the promise, while Redis is away and nothing stands in. */
  announce(announce: SwarmAnnounce): MaybePromise<SwarmView> {
    const fallback = this.#fallback
    if (this.#link.obstacle()) {
      if (!fallback) throw UNAVAILABLE
      return fallback.announce(announce)
    }
    const entered = this.#enter(announce, { now: this.#now() })
    if (!fallback) return entered.catch(refuse)
    // The caller may use its own again while Redis is waited for.
    const kept = { ...announce, address: new Uint8Array(announce.address) }
    return entered.then(
      (view) => {
        fallback.overtaken(kept)
        return view
      },
      (error: unknown) => {
        expectFault(error)
        return fallback.announce(kept)
      },
    )
  }

  /** @throws {ClientError} as `announce` does. */
  scrape(infoHashes: readonly InfoHash[], family: AddressFamily): MaybePromise<ScrapeEntry[]> {
    const fallback = this.#fallback
    if (this.#link.obstacle()) {
      if (!fallback) throw UNAVAILABLE
      return fallback.scrape(infoHashes, family)
    }
    const entries = Promise.all(infoHashes.map((infoHash) => this.#scrapeOne(infoHash, family)))
    if (!fallback) return entries.catch(refuse)
    return entries.catch((error: unknown) => {
      expectFault(error)
      return fallback.scrape(infoHashes, family)
    })
  }

  /** The totals of the last counting, whichever tracker did it; zeros before the first. @throws {ClientError} */
  stats(): Promise<StoreStats> {
    const fallback = this.#fallback
    if (!fallback) return this.#totals.read().catch(refuse)
    return this.#totals.read().catch((error: unknown) => {
      expectFault(error)
      return fallback.stats()
    })
  }

  /** Counts all swarms now, unless a tracker does or did so lately; true when `stats` then has new totals. @throws {ClientError} */
  async sweep(): Promise<boolean> {
    this.#totals.forget()
    return this.#sweeper.sweep().catch(refuse)
  }

  async #enter(announce: SwarmAnnounce, moment: Moment): Promise<SwarmView> {
    const { storePeerIds } = this.#init.options
    const { infoHash, wantsPeerIds } = announce
    const family = addressFamily(announce.address)
    const swarm = this.#keys.swarm(infoHash, family)
    const peerIds = this.#keys.peerIds(infoHash, family)
    const downloaded = this.#keys.downloaded(infoHash)
    const counted = this.#keys.counted(infoHash)
    const argument = announceArgument(announce, storePeerIds, moment)
    const reply = await this.#link.send(() => this.#announce(swarm, peerIds, downloaded, counted, argument), {
      effect: effectOf(announce, moment),
      infoHash,
    })
    return readView(reply, family, wantsPeerIds && storePeerIds)
  }

  /** Lets a peer enter a swarm that nobody sees, and leave it: what Redis refuses to announces, it refuses to this. */
  async #tryWriting(infoHash: InfoHash): Promise<void> {
    const { storePeerIds } = this.#init.options
    const run = (transition: Transition): Promise<Buffer> => {
      const argument = announceArgument({ ...PROBE, infoHash, transition }, storePeerIds, { now: this.#now() })
      const effect = transition === 'stopped' ? 'removes' : 'adds'
      return this.#link.send(() => this.#announce(...this.#keys.probe(infoHash), argument), { effect, infoHash })
    }
    await run('leecher')
    await run('stopped')
  }

  async #scrapeOne(infoHash: InfoHash, family: AddressFamily): Promise<ScrapeEntry> {
    const swarm = this.#keys.swarm(infoHash, family)
    return readScrapeEntry(await this.#link.send(() => this.#scrape(swarm, this.#keys.downloaded(infoHash), this.#now())))
  }
}

/** Whoever enters late may have been overtaken, so that nothing is written. */
function effectOf({ transition }: SwarmAnnounce, { age }: Moment): Effect {
  if (transition === 'unchanged') return 'none'
  return transition === 'stopped' || age !== undefined ? 'removes' : 'adds'
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
