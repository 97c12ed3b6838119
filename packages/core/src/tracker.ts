import { addressScope, INVALID_IP, isClientError, type Address } from '@chihaya/bittorrent'
import type { Announce } from './announce/announce.ts'
import { Answer } from './announce/answer.ts'
import type { Scrape, ScrapeAnswer } from './announce/scrape.ts'
import { downloads, transitionOf } from './announce/transition.ts'
import type { TrackerContext } from './context.ts'
import { parseDuration } from './options/duration.ts'
import {
  TRK_ERR_HOOK_HANDLER,
  TRK_ERR_HOOK_NAME,
  TRK_ERR_OPTIONS,
  TRK_ERR_STARTED,
} from './errors.ts'
import type { HookMeter } from './meter/hook-meter.ts'
import {
  copyHooks,
  HOOK_NAMES,
  runHooks,
  type Hook,
  type HookLists,
  type HookName,
  type TrackerHooks,
} from './hooks.ts'
import { isPromise, type MaybePromise } from './maybe-promise.ts'
import { optionsSchema, type CoreOptions } from './options/core-options.ts'
import { parseOptions } from './options/parse-options.ts'
import type { EvictionRules, PeerStore, SwarmEntry } from './peer-store.ts'
import { PostHooks, type TrackerLog } from './post-hooks.ts'

/** What fits the 32 bits of a UDP answer for every client, signed or not. */
const MAX_SECONDS = 2 ** 31 - 1

/** libtorrent announces this port when it does not listen. */
const UNDIALLABLE_PORT = 1

/** What all forks of a tracker share. */
interface Shared {
  readonly store: PeerStore
  readonly log: TrackerLog
  readonly options: Required<CoreOptions>
  readonly postHooks: PostHooks
  /** Names of the middleware that added each hook, where it gave one. */
  readonly middleware: Map<TrackerHooks[HookName], string>
  /** Seconds. */
  readonly interval: number
  readonly minInterval: number
  started: boolean
}

export interface TrackerInit {
  readonly store: PeerStore
  readonly options?: CoreOptions
  readonly log: TrackerLog
}

/**
 * The kernel: authorise, update the swarm, count, select, and afterwards let the post hooks know.
 */
export class Tracker {
  /**
   * Whether it is the tracker of a scope below that of `@chihaya/core`: other scopes share the
   * store.
   */
  readonly isFork: boolean
  readonly #shared: Shared
  readonly #hooks: HookLists
  readonly #forks: Tracker[] = []

  constructor(init: TrackerInit | { readonly parent: Tracker }) {
    this.isFork = 'parent' in init
    if ('parent' in init) {
      this.#shared = init.parent.#shared
      this.#hooks = copyHooks(init.parent.#hooks)
    } else {
      const { store, log } = init
      const options = parseOptions('@chihaya/core', optionsSchema, init.options ?? {})
      const interval = announceInterval(options)
      const minInterval = Math.min(
        Math.round(parseDuration(options.minAnnounceInterval) / 1000),
        interval,
      )
      const postHooks = new PostHooks(log)
      this.#shared = {
        store,
        log,
        options,
        postHooks,
        middleware: new Map(),
        interval,
        minInterval,
        started: false,
      }
      this.#hooks = copyHooks()
    }
  }

  /**
   * Adds a hook behind those already there, here and in every fork. `middleware` says whose it is,
   * for those who measure hooks; left out, it goes by the function's name.
   * @throws TRK_ERR_HOOK_NAME, TRK_ERR_HOOK_HANDLER, or TRK_ERR_STARTED once the application is
   * ready.
   */
  addHook<Name extends HookName>(name: Name, hook: TrackerHooks[Name], middleware?: string): void {
    if (!HOOK_NAMES.includes(name)) throw new TRK_ERR_HOOK_NAME(name, HOOK_NAMES.join(', '))
    if (typeof hook !== 'function') throw new TRK_ERR_HOOK_HANDLER(name)
    if (this.#shared.started) throw new TRK_ERR_STARTED(name)
    if (middleware !== undefined) this.#shared.middleware.set(hook, middleware)
    this.#hooks[name].push(hook)
    for (const fork of this.#forks) fork.addHook(name, hook)
  }

  /** A tracker with the same store and options, and hooks of its own beside those it inherits. */
  fork(): Tracker {
    const fork = new Tracker({ parent: this })
    this.#forks.push(fork)
    return fork
  }

  /**
   * From here on hooks are fixed, here and in every fork, and measured where there is something to
   * measure them with.
   */
  start(meter?: HookMeter): void {
    if (meter && !this.#shared.started) this.#measureHooks(meter)
    this.#shared.started = true
  }

  /** Whether hooks may see announces and their answers. Final once the tracker has started. */
  get showsAnnounces(): boolean {
    return !this.#shared.started || this.#hasAnnounceHooks
  }

  /** Whether hooks may see scrapes and their answers. Final once the tracker has started. */
  get showsScrapes(): boolean {
    return !this.#shared.started || this.#hasScrapeHooks
  }

  get #hasAnnounceHooks(): boolean {
    const { preAnnounce, onAnnounce, postAnnounce } = this.#hooks
    return preAnnounce.length + onAnnounce.length + postAnnounce.length > 0
  }

  get #hasScrapeHooks(): boolean {
    const { preScrape, onScrape, postScrape } = this.#hooks
    return preScrape.length + onScrape.length + postScrape.length > 0
  }

  /**
   * Waits for post hooks that still run, within `postHookTimeout`. Frontends call it when no
   * request can arrive any more: they close first, while the middleware that owns the hooks is
   * still open.
   */
  async drain(): Promise<void> {
    await this.#shared.postHooks.drain(parseDuration(this.#shared.options.postHookTimeout))
  }

  /**
   * Applies an announce and fills in its answer, whose lists the frontend has prepared: at once
   * unless a hook or the store returns a promise. Then the frontend calls `keep` on both before it
   * does anything else. A client that stops is never refused by a hook.
   * @throws {ClientError} at once or by the promise, when a hook or the store refuses; anything
   * else that is thrown is a fault, which the caller logs and the client must not see.
   */
  announce(announce: Announce, answer: Answer): MaybePromise<void> {
    const { options, interval, minInterval } = this.#shared
    const leaves = announce.event === 'stopped'
    answer.begin(interval, minInterval)
    // A frontend may use one announce for many.
    announce.owner = 0
    if (options.rejectPrivatePeers && !leaves && addressScope(announce.address) !== 'public')
      throw INVALID_IP
    if (!this.#hasAnnounceHooks) {
      const pending = this.#enterSwarm(announce, answer)
      return isPromise(pending)
        ? pending.then(() => this.#complete(announce, answer))
        : this.#complete(announce, answer)
    }
    const context: TrackerContext = {}
    let pending: MaybePromise<void>
    try {
      pending = runHooks(this.#hooks.preAnnounce, announce, answer, context)
    } catch (error) {
      if (leaves) return this.#leave(announce, error)
      throw error
    }
    if (!isPromise(pending)) return this.#approved(announce, answer, context)
    const approved = (): MaybePromise<void> => this.#approved(announce, answer, context)
    return leaves
      ? pending.then(approved, (error: unknown) => this.#leave(announce, error))
      : pending.then(approved)
  }

  /**
   * Takes a peer out of its swarm for a client that cannot say `stopped` any more, such as one
   * whose socket has closed. No `preAnnounce` hook is asked; `postAnnounce` hooks are told.
   * `announce.event` must be `stopped`.
   */
  leave(announce: Announce): MaybePromise<void> {
    const answer = new Answer()
    answer.begin(this.#shared.interval, this.#shared.minInterval)
    const left = this.#enterSwarm(announce, answer)
    const reported = (): void =>
      this.#shared.postHooks.add(this.#hooks.postAnnounce, announce, answer, {})
    return isPromise(left) ? left.then(reported) : reported()
  }

  /**
   * Removes the peers from the store that the rules name, if the store can; for middleware whose
   * lists have changed. Returns how many were removed.
   */
  evict(rules: EvictionRules): MaybePromise<number> {
    return this.#shared.store.evict?.(rules) ?? 0
  }

  /** All swarms of the store, some at a time; undefined if the store cannot list them. */
  swarms(): AsyncIterable<readonly SwarmEntry[]> | undefined {
    return this.#shared.store.swarms?.()
  }

  /**
   * Fills in the counters of each infohash asked for, with as many rows. @throws as `announce`
   * does.
   */
  scrape(scrape: Scrape, answer: ScrapeAnswer): MaybePromise<void> {
    answer.begin(scrape.count, this.#shared.minInterval)
    if (!this.#hasScrapeHooks) return this.#shared.store.scrape(scrape, answer)
    const context: TrackerContext = {}
    const pending = runHooks(this.#hooks.preScrape, scrape, answer, context)
    if (isPromise(pending)) return pending.then(() => this.#readSwarms(scrape, answer, context))
    return this.#readSwarms(scrape, answer, context)
  }

  #measureHooks(meter: HookMeter): void {
    for (const name of HOOK_NAMES) {
      // One list after the other: what is put into a list is what was taken from it.
      const hooks = this.#hooks[name] as Array<Hook<unknown, unknown>>
      for (const [index, hook] of hooks.entries()) {
        const middleware = this.#shared.middleware.get(hook) ?? (hook.name || `hook ${index + 1}`)
        hooks[index] = meter.measure(name, middleware, hook)
      }
    }
    for (const fork of this.#forks) fork.#measureHooks(meter)
  }

  #approved(announce: Announce, answer: Answer, context: TrackerContext): MaybePromise<void> {
    if (context.skipSwarmInteraction === true) return this.#show(announce, answer, context)
    // The store fills in an answer of its own where hooks have written theirs.
    const skips = context.skipResponse === true
    const pending = this.#enterSwarm(announce, skips ? new Answer() : answer)
    const show = (): MaybePromise<void> => {
      if (!skips) this.#complete(announce, answer)
      return this.#show(announce, answer, context)
    }
    return isPromise(pending) ? pending.then(show) : show()
  }

  /** Tells the store of an announce, in its terms. */
  #enterSwarm(announce: Announce, answer: Answer): MaybePromise<void> {
    const { store, options } = this.#shared
    const { port, handle, event, seeding, address } = announce
    const isDialled = handle === 0
    if (!isDialled && store.keepsWebRtcPeers !== true)
      throw new TypeError('the store keeps no WebRTC peers')
    // A frontend that lets port 0 pass wants it answered but not stored: nobody could dial it.
    announce.transition = port === 0 && isDialled ? 'unchanged' : transitionOf(event, seeding)
    announce.leechersOnly = options.seedersReceive === 'leechers' && !downloads(event, seeding)
    announce.publicOnly =
      isDialled && options.withholdPrivatePeers && addressScope(address) === 'public'
    if (options.rejectPrivatePeers) announce.otherAddress = acceptedOther(announce)
    answer.want = event === 'stopped' ? 0 : Math.min(announce.numWant, answer.peers.capacity)
    return store.announce(announce, answer)
  }

  /**
   * Puts the announcer into an answer that names nobody, unless it wants no peers, cannot be dialled
   * or has an owner, who is given no peers of their own. Chihaya does the same: its `e2e` and some
   * clients take an empty list for a failure.
   */
  #complete(announce: Announce, answer: Answer): void {
    if (answer.peers.count > 0 || answer.want === 0 || (answer.otherPeers?.count ?? 0) > 0) return
    if (!this.#shared.options.returnSelfWhenAlone || announce.port <= UNDIALLABLE_PORT) return
    if (announce.owner !== 0) return
    answer.peers.add(
      announce.address,
      announce.port,
      announce.wantsPeerIds ? announce.peerId : undefined,
    )
  }

  /** Lets hooks see the answer, and change it. */
  #show(announce: Announce, answer: Answer, context: TrackerContext): MaybePromise<void> {
    const pending = runHooks(this.#hooks.onAnnounce, announce, answer, context)
    if (isPromise(pending)) return pending.then(() => this.#answered(announce, answer, context))
    this.#answered(announce, answer, context)
  }

  #answered(announce: Announce, answer: Answer, context: TrackerContext): void {
    // BiglyBT ignores a minimum above the interval, so whatever hooks did, never send one.
    answer.minInterval = Math.min(answer.minInterval, answer.interval)
    if (this.#hooks.postAnnounce.length > 0) {
      this.#shared.postHooks.add(this.#hooks.postAnnounce, announce.keep(), answer.keep(), context)
    }
  }

  /**
   * Takes a peer out of its swarm although a hook has refused its `stopped`: otherwise other
   * clients would be sent to it until it expires. The reply tells nothing of the swarm, and there
   * are no post hooks.
   */
  #leave(announce: Announce, refusal: unknown): MaybePromise<void> {
    if (!isClientError(refusal))
      this.#shared.log.error({ err: refusal }, 'a hook failed for a client that stops')
    return this.#enterSwarm(announce, new Answer())
  }

  #readSwarms(scrape: Scrape, answer: ScrapeAnswer, context: TrackerContext): MaybePromise<void> {
    const skips = context.skipSwarmInteraction === true || context.skipResponse === true
    const pending = skips ? undefined : this.#shared.store.scrape(scrape, answer)
    const show = (): MaybePromise<void> => this.#showRows(scrape, answer, context)
    return isPromise(pending) ? pending.then(show) : show()
  }

  #showRows(scrape: Scrape, answer: ScrapeAnswer, context: TrackerContext): MaybePromise<void> {
    const pending = runHooks(this.#hooks.onScrape, scrape, answer, context)
    const report = (): void => {
      if (this.#hooks.postScrape.length === 0) return
      this.#shared.postHooks.add(this.#hooks.postScrape, scrape.keep(), answer.keep(), context)
    }
    return isPromise(pending) ? pending.then(report) : report()
  }
}

/**
 * The peer's second address, which is left out where an announce of it would be refused. A peer
 * leaves with both.
 */
function acceptedOther({ otherAddress: other, event }: Announce): Address | undefined {
  return other === undefined || event === 'stopped' || addressScope(other) === 'public'
    ? other
    : undefined
}

/** Whole seconds in the announce interval. */
function announceInterval(options: Required<CoreOptions>): number {
  const interval = Math.round(parseDuration(options.announceInterval) / 1000)
  if (interval >= 1 && interval <= MAX_SECONDS) return interval
  throw new TRK_ERR_OPTIONS(
    '@chihaya/core',
    `options/announceInterval must be from 1 to ${MAX_SECONDS} seconds, got ${interval}`,
  )
}
