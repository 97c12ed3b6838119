import { randomBytes } from 'node:crypto'
import type { Network, NetworkCounts, StoreStats } from '@chihaya/core'
import { defineScript, type Script } from '../connection/script.ts'
import type { Connection } from '../connection/connection.ts'
import type { CommandDetails } from '../connection/pending-commands.ts'
import { networkOfSwarm, type Keys } from '../keys.ts'
import { scanSwarms } from './scan-swarms.ts'

/** Milliseconds after which another tracker takes over from one that shows no sign of life. */
const LEASE = 30_000
/** A step is followed by a pause this many times as long: announces come first. */
const PAUSES = 4
/** Intervals after which totals expire. */
const TOTALS_LAST = 10
const WRITING: CommandDetails = { effect: 'adds' }
const FIRST_DELAY = 1000
const MIN_INTERVAL = 1000

/**
 * KEYS: lock. ARGV: token, milliseconds. Makes the lock expire after that time, if the token still
 * holds it. Returns 1 if it does.
 */
const EXTEND_LOCK = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`

/**
 * KEYS: lock, totals. ARGV: token, milliseconds, totals, milliseconds. The same, and writes the
 * totals, which expire after the last number of milliseconds.
 */
const PUBLISH_TOTALS = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[4])
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`

export interface SwarmCounterInit {
  readonly connection: Connection
  readonly keys: Keys
  readonly countScript: string
  /** The second that the count script takes. */
  readonly now: () => number
  /** Milliseconds. */
  readonly interval: number
}

/**
 * Counts all swarms once in an interval, for all trackers: the one that gets the lock counts, in
 * small steps, and leaves the lock to expire when the next count is due. A torrent that appears or
 * disappears meanwhile may be missed.
 */
export class SwarmCounter {
  readonly #init: SwarmCounterInit
  readonly #count: Script<Buffer>
  readonly #extend: Script<number>
  readonly #publish: Script<number>
  readonly #closing = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #running: Promise<unknown> = Promise.resolve()

  constructor(init: SwarmCounterInit) {
    this.#init = init
    const { client } = init.connection
    this.#count = defineScript(client, init.countScript)
    this.#extend = defineScript(client, EXTEND_LOCK, 1)
    this.#publish = defineScript(client, PUBLISH_TOTALS, 2)
  }

  start(): void {
    this.#wait(FIRST_DELAY * Math.random())
  }

  /** Aborts a running count and releases the lock. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer)
    this.#closing.abort()
    await this.#running
  }

  /**
   * Counts now, unless another tracker is counting or did so lately. Returns whether there are new
   * totals. Rejects with a `Fault`.
   */
  async count(): Promise<boolean> {
    const { connection, keys, interval } = this.#init
    const { signal } = this.#closing
    const began = performance.now()
    const token = randomBytes(16)
    const locked = await connection.send(
      () => connection.client.set(keys.lock, token, 'PX', LEASE, 'NX'),
      WRITING,
    )
    if (locked === null) return false
    let published = false
    try {
      const tally = new Tally(keys.networks)
      for await (const found of scanSwarms({ connection, keys, pauses: PAUSES, signal })) {
        await Promise.all(found.map((key) => this.#countSwarm(key, tally)))
        // Another tracker may have taken over.
        if (!(await this.#extendLock(token, LEASE))) return false
      }
      if (signal.aborted) return false
      // Most of the interval. Which tracker is next is left to chance.
      const left = Math.max(1, Math.round(interval * 0.9 - (performance.now() - began)))
      const expiry = Math.max(interval * TOTALS_LAST, LEASE)
      const totals = JSON.stringify(tally.stats())
      published =
        (await connection.send(
          () => this.#publish(keys.lock, keys.totals, token, left, totals, expiry),
          WRITING,
        )) === 1
      return published
    } finally {
      if (!published) await this.#extendLock(token, 1).catch(() => {})
    }
  }

  async #countSwarm(key: Buffer, tally: Tally): Promise<void> {
    const { connection, keys, now } = this.#init
    const swarms = keys.ofCount(key)
    const reply = await connection.send(() => this.#count(swarms.length, ...swarms, now()))
    const network = networkOfSwarm(key)
    tally.add(network, reply.readUInt32BE(0), reply.readUInt32BE(4), reply.readUInt32BE(8))
  }

  async #extendLock(token: Buffer, milliseconds: number): Promise<boolean> {
    const { connection, keys } = this.#init
    return (await connection.send(() => this.#extend(keys.lock, token, milliseconds))) === 1
  }

  #wait(milliseconds: number): void {
    this.#timer = setTimeout(() => {
      this.#running = this.#countAndWait()
    }, milliseconds).unref()
  }

  async #countAndWait(): Promise<void> {
    // The connection counts and logs faults.
    await this.count().catch(() => {})
    if (!this.#closing.signal.aborted)
      this.#wait(Math.max(this.#init.interval, MIN_INTERVAL) * (0.9 + Math.random() / 5))
  }
}

/** Totals that are being counted. */
class Tally {
  readonly #seeders: Record<Network, number>
  readonly #leechers: Record<Network, number>
  #swarms = 0

  constructor(networks: readonly Network[]) {
    this.#seeders = zeros(networks)
    this.#leechers = zeros(networks)
  }

  /** Adds a swarm, given the peers that its torrent has in the networks before this one. */
  add(network: Network, complete: number, incomplete: number, before: number): void {
    this.#seeders[network] += complete
    this.#leechers[network] += incomplete
    // A torrent of several networks is found several times. It counts with its first swarm.
    if (complete + incomplete > 0 && before === 0) this.#swarms++
  }

  stats(): StoreStats {
    return { swarms: this.#swarms, seeders: { ...this.#seeders }, leechers: { ...this.#leechers } }
  }
}

/** Zero for each network that is stored. */
function zeros(networks: readonly Network[]): NetworkCounts & Record<Network, number> {
  return Object.fromEntries(networks.map((network) => [network, 0])) as Record<Network, number>
}

/** Reads the totals of all swarms, which one tracker counts for all. */
export class Totals {
  readonly #connection: Connection
  readonly #keys: Keys
  readonly #maxAge: number
  #read: Promise<StoreStats> | undefined
  #readAt = 0

  /** `maxAge`: milliseconds for which totals are cached. */
  constructor(connection: Connection, keys: Keys, maxAge: number) {
    this.#connection = connection
    this.#keys = keys
    this.#maxAge = maxAge
  }

  /** Rejects with a `Fault`. */
  read(): Promise<StoreStats> {
    const now = performance.now()
    if (this.#read === undefined || now - this.#readAt >= this.#maxAge) {
      this.#readAt = now
      const read = this.#fetch()
      this.#read = read
      // Failures are not cached.
      read.catch(() => (this.#read = undefined))
    }
    return this.#read
  }

  /** Clears the cache. */
  forget(): void {
    this.#read = undefined
  }

  async #fetch(): Promise<StoreStats> {
    const fault = this.#connection.unavailable()
    if (fault) throw fault
    const { networks, totals } = this.#keys
    const text = await this.#connection.send(() => this.#connection.client.get(totals))
    if (text !== null) return JSON.parse(text) as StoreStats
    return { swarms: 0, seeders: zeros(networks), leechers: zeros(networks) }
  }
}
