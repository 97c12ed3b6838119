import type {
  Announce,
  Answer,
  EvictionRules,
  MaybePromise,
  Scrape,
  ScrapeAnswer,
  StoreStats,
  SwarmEntry,
} from '@chihaya/core'
import type { ToldAnnounce } from '../announce/announce-argument.ts'
import type { StoreLog } from '../connection/health.ts'
import { Journal, type LateAnnounce } from './backlog.ts'
import type { LocalStore } from './local-store.ts'

/** Milliseconds between two attempts to tell Redis what it has missed. */
const INTERVAL = 1000
const MERGED_AT_ONCE = 100
/** Milliseconds before the loss of a connection whose announces are told again. */
const TOLD_AGAIN = 10_000

export interface FallbackInit {
  readonly createStore: () => LocalStore
  /** Peers that it remembers at most. */
  readonly maxPeers: number
  /** Enters an announce into Redis, unless a newer one is there. */
  readonly merge: (late: LateAnnounce) => Promise<unknown>
  readonly log: StoreLog
}

/**
 * Stands in while Redis is away, and tells it afterwards what it has missed. Nobody has to tell it
 * when.
 */
export class Fallback {
  readonly #init: FallbackInit
  readonly #journal: Journal
  /** What Redis has acknowledged lately. */
  readonly #latest: Journal
  #store: LocalStore | undefined
  #timer: NodeJS.Timeout | undefined
  #merging: Promise<void> | undefined
  #merged = 0
  #announces = 0
  #forgetAt = 0

  constructor(init: FallbackInit) {
    this.#init = init
    this.#journal = new Journal(init.maxPeers)
    this.#latest = new Journal(init.maxPeers)
  }

  /** Announces it has answered. */
  get announces(): number {
    return this.#announces
  }

  /** Peers that Redis has yet to be told of. */
  get size(): number {
    return this.#journal.size
  }

  announce(announce: Announce, answer: Answer): MaybePromise<void> {
    this.#announces++
    const pending = this.#standIn().announce(announce, answer)
    this.#journal.record(announce)
    return pending
  }

  scrape(scrape: Scrape, answer: ScrapeAnswer): MaybePromise<void> {
    return this.#standIn().scrape(scrape, answer)
  }

  stats(): MaybePromise<StoreStats> {
    return this.#standIn().stats()
  }

  /** Removes peers by rules, those too that Redis has yet to be told of. Returns how many. */
  async evict(rules: EvictionRules): Promise<number> {
    this.#journal.evict(rules)
    this.#latest.evict(rules)
    return (await this.#store?.evict(rules)) ?? 0
  }

  swarms(): AsyncIterable<readonly SwarmEntry[]> {
    return this.#standIn().swarms()
  }

  /** Redis has taken a peer's announce: what it has missed of the peer is of no use any more. */
  acknowledged(announce: ToldAnnounce): void {
    if (this.#journal.size > 0) this.#journal.forget(announce)
    this.#latest.record(announce)
    const now = performance.now()
    // Not each time: a map that is written all the time is slow to find its oldest entry.
    if (now < this.#forgetAt) return
    this.#latest.forgetBefore(now - TOLD_AGAIN)
    this.#forgetAt = now + INTERVAL
  }

  /**
   * Tells Redis again what it has acknowledged last. After a fail-over it may be another server,
   * which has not heard of what the former one took while it was being replaced.
   */
  tellAgain(): void {
    this.#journal.adopt(this.#latest)
    if (this.#journal.size > 0) this.#mergeLater()
  }

  /** Makes a last attempt to tell Redis, if it can be told within the time that a command has. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#mergeOnce()
    this.#store?.close()
    this.#store = undefined
  }

  #standIn(): LocalStore {
    this.#mergeLater()
    return (this.#store ??= this.#init.createStore())
  }

  #mergeLater(): void {
    this.#timer ??= setInterval(() => void this.#mergeOnce(), INTERVAL).unref()
  }

  #mergeOnce(): Promise<void> {
    return (this.#merging ??= this.#merge().finally(() => {
      this.#merging = undefined
    }))
  }

  async #merge(): Promise<void> {
    let wellSoFar = true
    while (wellSoFar && this.#journal.size > 0) {
      const batch = this.#journal.oldest(MERGED_AT_ONCE)
      const outcomes = await Promise.all(batch.map(({ announces }) => this.#tell(announces)))
      for (const [index, { key, entry }] of batch.entries()) {
        if (outcomes[index] === true) {
          this.#journal.settle(key, entry)
          this.#latest.add(key, entry)
        } else wellSoFar = false
      }
      this.#merged += outcomes.filter(Boolean).length
    }
    if (this.#journal.size === 0) this.#leave()
  }

  async #tell(announces: readonly LateAnnounce[]): Promise<boolean> {
    const outcomes = await Promise.allSettled(announces.map((late) => this.#init.merge(late)))
    return outcomes.every(({ status }) => status === 'fulfilled')
  }

  #leave(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    const peers = this.#merged
    this.#merged = 0
    if (this.#store)
      this.#init.log.info({ peers }, 'Redis has been told of the peers that came while it was away')
    this.#store?.close()
    this.#store = undefined
  }
}
