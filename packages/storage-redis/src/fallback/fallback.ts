import type {
  Announce,
  Answer,
  EvictionRules,
  MaybePromise,
  Scrape,
  ScrapeAnswer,
  StoreStats,
  SwarmEntry,
  Log,
} from '@chihaya/core'
import type { StoredAnnounce } from '../announce/announce-format.ts'
import { Backlog, type LateAnnounce } from './backlog.ts'
import type { LocalStore } from './local-store.ts'

/** Milliseconds between two attempts to apply the backlog. */
const INTERVAL = 1000
const MERGED_AT_ONCE = 100
/** Milliseconds before the loss of a connection whose announces are replayed. */
const REPLAYED = 10_000

export interface FallbackInit {
  readonly createStore: () => LocalStore
  /** Peers in the backlog. */
  readonly maxPeers: number
  /** Applies an announce to Redis, unless Redis has a newer one of the peer. */
  readonly merge: (late: LateAnnounce) => Promise<unknown>
  readonly log: Log
}

/**
 * Serves swarms from this process while Redis is unavailable, and applies to Redis afterwards what
 * it missed. It retries until Redis is back.
 */
export class Fallback {
  readonly #init: FallbackInit
  /** What Redis has missed. */
  readonly #backlog: Backlog
  /** What Redis has acknowledged lately. */
  readonly #recent: Backlog
  #store: LocalStore | undefined
  #timer: NodeJS.Timeout | undefined
  #merging: Promise<void> | undefined
  #merged = 0
  #announces = 0
  #forgetAt = 0

  constructor(init: FallbackInit) {
    this.#init = init
    this.#backlog = new Backlog(init.maxPeers)
    this.#recent = new Backlog(init.maxPeers)
  }

  /** Announces answered so far. */
  get announces(): number {
    return this.#announces
  }

  /** Peers in the backlog. */
  get size(): number {
    return this.#backlog.size
  }

  announce(announce: Announce, answer: Answer): MaybePromise<void> {
    this.#announces++
    const pending = this.#localStore().announce(announce, answer)
    this.#backlog.record(announce)
    return pending
  }

  scrape(scrape: Scrape, answer: ScrapeAnswer): MaybePromise<void> {
    return this.#localStore().scrape(scrape, answer)
  }

  stats(): MaybePromise<StoreStats> {
    return this.#localStore().stats()
  }

  /** Removes peers by rules, from the backlog too. Returns how many. */
  async evict(rules: EvictionRules): Promise<number> {
    this.#backlog.evict(rules)
    this.#recent.evict(rules)
    return (await this.#store?.evict(rules)) ?? 0
  }

  swarms(): AsyncIterable<readonly SwarmEntry[]> {
    return this.#localStore().swarms()
  }

  /** Redis has applied an announce, which supersedes the peer's backlog. */
  acknowledged(announce: StoredAnnounce): void {
    if (this.#backlog.size > 0) this.#backlog.forget(announce)
    this.#recent.record(announce)
    const now = performance.now()
    // Not every time: finding the oldest key of a map is slow where many were deleted before it.
    if (now < this.#forgetAt) return
    this.#recent.forgetBefore(now - REPLAYED)
    this.#forgetAt = now + INTERVAL
  }

  /**
   * Replays what Redis acknowledged last. After a fail-over it may be another server, which never
   * received what the previous one acknowledged while it was being replaced.
   */
  replay(): void {
    this.#backlog.takeOver(this.#recent)
    if (this.#backlog.size > 0) this.#mergeLater()
  }

  /** Tries once more to apply the backlog, within the timeout of a command. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#mergeOnce()
    this.#store?.close()
    this.#store = undefined
  }

  #localStore(): LocalStore {
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
    let succeeds = true
    while (succeeds && this.#backlog.size > 0) {
      const batch = this.#backlog.oldest(MERGED_AT_ONCE)
      const outcomes = await Promise.all(batch.map(({ announces }) => this.#apply(announces)))
      for (const [index, { key, peer }] of batch.entries()) {
        if (outcomes[index] === true) {
          this.#backlog.remove(key, peer)
          this.#recent.add(key, peer)
        } else succeeds = false
      }
      this.#merged += outcomes.filter(Boolean).length
    }
    if (this.#backlog.size === 0) this.#end()
  }

  async #apply(announces: readonly LateAnnounce[]): Promise<boolean> {
    const outcomes = await Promise.allSettled(announces.map((late) => this.#init.merge(late)))
    return outcomes.every(({ status }) => status === 'fulfilled')
  }

  #end(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    const peers = this.#merged
    this.#merged = 0
    if (this.#store) this.#init.log.info({ peers }, 'peers of the fallback were merged into Redis')
    this.#store?.close()
    this.#store = undefined
  }
}
