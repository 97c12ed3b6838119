import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import type { Log } from '../log.ts'
import type { EvictionRules } from './peer-store.ts'
import type { Tracker } from '../tracker.ts'

/** Milliseconds before each walk over the store. Changes in that time share the walk. */
const PAUSE = 1000
/**
 * Milliseconds from the start to a second walk: the application before a reload may have admitted
 * peers.
 */
const SECOND_WALK = 5000

export interface EvictionInit {
  readonly tracker: Pick<Tracker, 'evict'>
  /** Peers that are refused at the time of each call. */
  readonly rules: EvictionRules
  /** The middleware that the rules belong to, for the log. */
  readonly middleware: string
  readonly log: Pick<Log, 'error' | 'info'>
  /** Milliseconds. @default 1000 */
  readonly pause?: number
  /** Milliseconds. @default 5000 */
  readonly secondWalk?: number
}

/**
 * Removes peers from the store once the rules refuse them, with one walk over the store at a time.
 */
export class Eviction {
  readonly #init: Required<EvictionInit>
  readonly #closing = new AbortController()
  #started = false
  #requested = false
  #walking: Promise<void> | undefined
  #secondWalk: NodeJS.Timeout | undefined

  constructor(init: EvictionInit) {
    this.#init = { pause: PAUSE, secondWalk: SECOND_WALK, ...init }
  }

  /** Walks twice; from now on `request` has an effect. */
  start(): void {
    this.#started = true
    this.request()
    this.#secondWalk = setTimeout(() => this.request(), this.#init.secondWalk).unref()
  }

  /** Asks for a walk, as the rules have changed. */
  request(): void {
    if (!this.#started || this.#closing.signal.aborted) return
    this.#requested = true
    this.#walking ??= this.#walk()
  }

  /** Starts no further walk, and waits for the current one. */
  async close(): Promise<void> {
    this.#closing.abort()
    clearTimeout(this.#secondWalk)
    await this.#walking
  }

  async #walk(): Promise<void> {
    const { signal } = this.#closing
    try {
      while (this.#requested) {
        // One walk at a time is the point.
        // oxlint-disable-next-line no-await-in-loop
        await sleep(this.#init.pause, undefined, { ref: false, signal })
        this.#requested = false
        // oxlint-disable-next-line no-await-in-loop
        await this.#evict()
      }
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      this.#walking = undefined
    }
  }

  async #evict(): Promise<void> {
    const { tracker, rules, middleware, log } = this.#init
    try {
      const peers = await tracker.evict(rules)
      if (peers > 0) log.info({ middleware, peers }, 'refused peers were removed from their swarms')
    } catch (err) {
      log.error({ err, middleware }, 'refused peers could not be removed from their swarms')
    }
  }
}

/** A list that tells when it has changed. */
export interface ChangingList {
  onChange(listener: () => void): void
}

/**
 * Removes the peers that a middleware refuses from the store, if the store can do that: shortly
 * after the application is ready, after a list has changed, and after the returned function was
 * called. Does nothing in a scope below that of `@chihaya/core`: other scopes share the store, and
 * may accept the peers that this one refuses.
 */
export function evictRefused(
  fastify: FastifyInstance,
  middleware: string,
  rules: EvictionRules,
  lists: readonly ChangingList[] = [],
): () => void {
  const tracker = fastify.getDecorator<Tracker>('tracker')
  if (tracker.isFork) return () => undefined
  const eviction = new Eviction({ tracker, rules, middleware, log: fastify.log })
  const request = (): void => eviction.request()
  for (const list of lists) list.onChange(request)
  fastify.addHook('onReady', async () => eviction.start())
  fastify.addHook('onClose', async () => eviction.close())
  return request
}
