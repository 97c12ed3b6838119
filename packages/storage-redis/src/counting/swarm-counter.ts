import { randomBytes } from 'node:crypto'
import type { CommandDetails } from '../connection/pending-commands.ts'
import { familyOfSwarm, siblingOfSwarm, type Keys } from '../keys.ts'
import type { Link } from '../connection/connection.ts'
import { EXTEND_LOCK, PUBLISH_TOTALS } from '../lua/lock.ts'
import { defineScript, type Script } from '../connection/script.ts'
import { scanSwarms } from './scan-swarms.ts'
import { Tally } from './tally.ts'

/** Milliseconds for which a counting tracker keeps the others from it without a sign of life. */
const LEASE = 30_000
/** A step is followed by a pause this many times as long, as announces come first. */
const PAUSES = 4
/** Intervals without a new counting after which the totals are gone. */
const TOTALS_LAST = 10
const WRITING: CommandDetails = { effect: 'adds' }
const FIRST_DELAY = 1000
const MIN_INTERVAL = 1000

export interface SweeperInit {
  readonly link: Link
  readonly keys: Keys
  readonly countScript: string
  /** The second that the count script takes. */
  readonly now: () => number
  /** Milliseconds. */
  readonly interval: number
}

/**
 * Counts all swarms, a step at a time, once in an interval for all trackers: the one that gets the
 * lock does it, and leaves the lock to run out when it is time again. A torrent that comes or goes
 * meanwhile may be missed.
 */
export class Sweeper {
  readonly #init: SweeperInit
  readonly #count: Script<Buffer>
  readonly #extend: Script<number>
  readonly #publish: Script<number>
  readonly #closing = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #running: Promise<unknown> = Promise.resolve()

  constructor(init: SweeperInit) {
    this.#init = init
    const { client } = init.link
    this.#count = defineScript(client, init.countScript, 2)
    this.#extend = defineScript(client, EXTEND_LOCK, 1)
    this.#publish = defineScript(client, PUBLISH_TOTALS, 2)
  }

  start(): void {
    this.#wait(FIRST_DELAY * Math.random())
  }

  /** Ends a sweep that is under way, and frees the lock. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer)
    this.#closing.abort()
    await this.#running
  }

  /**
   * Counts now, unless another tracker does or has done so lately. True when the totals are new.
   * Rejects with a `Fault`.
   */
  async sweep(): Promise<boolean> {
    const { link, keys, interval } = this.#init
    const began = performance.now()
    const token = randomBytes(16)
    const locked = await link.send(
      () => link.client.set(keys.lock, token, 'PX', LEASE, 'NX'),
      WRITING,
    )
    if (locked === null) return false
    let published = false
    try {
      const tally = new Tally()
      for await (const found of scanSwarms({
        link,
        keys,
        pauses: PAUSES,
        signal: this.#closing.signal,
      })) {
        await Promise.all(found.map((key) => this.#countSwarm(key, tally)))
        // Another tracker may have taken over.
        if (!(await this.#extendLock(token, LEASE))) return false
      }
      if (this.#closing.signal.aborted) return false
      // The others wait for most of the interval; which of them comes next is a matter of chance.
      const left = Math.max(1, Math.round(interval * 0.9 - (performance.now() - began)))
      const goodFor = Math.max(interval * TOTALS_LAST, LEASE)
      const totals = JSON.stringify(tally.stats())
      published =
        (await link.send(
          () => this.#publish(keys.lock, keys.totals, token, left, totals, goodFor),
          WRITING,
        )) === 1
      return published
    } finally {
      if (!published) await this.#extendLock(token, 1).catch(() => {})
    }
  }

  async #countSwarm(key: Buffer, tally: Tally): Promise<void> {
    const reply = await this.#init.link.send(() =>
      this.#count(key, siblingOfSwarm(key), this.#init.now()),
    )
    tally.add(
      familyOfSwarm(key),
      reply.readUInt32BE(0),
      reply.readUInt32BE(4),
      reply.readUInt32BE(8),
    )
  }

  async #extendLock(token: Buffer, milliseconds: number): Promise<boolean> {
    const { link, keys } = this.#init
    return (await link.send(() => this.#extend(keys.lock, token, milliseconds))) === 1
  }

  #wait(milliseconds: number): void {
    this.#timer = setTimeout(() => {
      this.#running = this.#sweepAndWait()
    }, milliseconds).unref()
  }

  async #sweepAndWait(): Promise<void> {
    // What goes wrong is counted and logged where it happens.
    await this.sweep().catch(() => {})
    if (!this.#closing.signal.aborted)
      this.#wait(Math.max(this.#init.interval, MIN_INTERVAL) * (0.9 + Math.random() / 5))
  }
}
