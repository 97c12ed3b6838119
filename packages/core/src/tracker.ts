import { addressScope, INVALID_IP, isClientError, type Address } from '@chihaya/bittorrent'
import type { Announce } from './announce/announce.ts'
import { Answer } from './announce/answer.ts'
import type { Scrape, ScrapeAnswer } from './announce/scrape.ts'
import { downloads, transitionOf } from './announce/transition.ts'
import type { TrackerContext } from './hooks/context.ts'
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
} from './hooks/hooks.ts'
import { isPromise, type MaybePromise } from './maybe-promise.ts'
import { optionsSchema, type CoreOptions } from './options/core-options.ts'
import { parseOptions } from './options/parse-options.ts'
import type { EvictionRules, PeerStore, SwarmEntry } from './store/peer-store.ts'
import type { Log } from './log.ts'
import { PostHooks } from './hooks/post-hooks.ts'

/** Fits the 32 bits of a UDP answer whether clients read them as signed or not. */
const MAX_SECONDS = 2 ** 31 - 1

/** libtorrent announces port 1 when it does not listen. */
const UNDIALLABLE_PORT = 1

/** Shared by all forks of a tracker. */
interface Shared {
  readonly store: PeerStore
  readonly log: Pick<Log, 'error' | 'warn'>
  readonly options: Required<CoreOptions>
  readonly postHooks: PostHooks
  /** The middleware that added each hook, if it gave its name. */
  readonly middleware: Map<TrackerHooks[HookName], string>
  /** Seconds. */
  readonly interval: number
  readonly minInterval: number
  started: boolean
}

export interface TrackerInit {
  readonly store: PeerStore
  readonly options?: CoreOptions
  readonly log: Pick<Log, 'error' | 'warn'>
}

/** The core of a tracker: runs hooks, updates swarms and fills in answers. */
export class Tracker {
  /** Whether this is the tracker of a scope below that of `@chihaya/core`, sharing its store. */
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
   * Appends a hook, here and in every fork. Metrics name it after `middleware`, by default after
   * the function.
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

  /** A tracker with the same store and options that inherits the hooks and can add its own. */
  fork(): Tracker {
    const fork = new Tracker({ parent: this })
    this.#forks.push(fork)
    return fork
  }

  /** Fixes the hooks, here and in every fork, and measures them if there is a meter. */
  start(meter?: HookMeter): void {
    if (meter && !this.#shared.started) this.#measureHooks(meter)
    this.#shared.started = true
  }

  /** Whether any hook may see announces and answers. Final once the tracker has started. */
  get showsAnnounces(): boolean {
    return !this.#shared.started || this.#hasAnnounceHooks()
  }

  /** Whether any hook may see scrapes and answers. Final once the tracker has started. */
  get showsScrapes(): boolean {
    return !this.#shared.started || this.#hasScrapeHooks()
  }

  #hasAnnounceHooks(): boolean {
    const { preAnnounce, onAnnounce, postAnnounce } = this.#hooks
    return preAnnounce.length + onAnnounce.length + postAnnounce.length > 0
  }

  #hasScrapeHooks(): boolean {
    const { preScrape, onScrape, postScrape } = this.#hooks
    return preScrape.length + onScrape.length + postScrape.length > 0
  }

  /**
   * Waits for running post hooks, for at most `postHookTimeout`. Frontends call it once no request
   * can arrive. They close first, while the middleware that owns the hooks is still open.
   */
  async drain(): Promise<void> {
    await this.#shared.postHooks.drain(parseDuration(this.#shared.options.postHookTimeout))
  }

  // Continuations after a promise are bound methods: with a closure, V8 allocates the variables of
  // the enclosing method on the heap for each announce, even without a promise.

  /**
   * Applies an announce and fills in its answer, whose lists the frontend has prepared. Synchronous
   * unless a hook or the store returns a promise: then the frontend must call `keep` on both first.
   * Hooks cannot refuse a client that stops.
   * @throws {ClientError} or rejects with it, if a hook or the store refuses. Any other error is a
   * fault, which the caller logs and hides from the client.
   */
  announce(announce: Announce, answer: Answer): MaybePromise<void> {
    const { options, interval, minInterval } = this.#shared
    const leaves = announce.event === 'stopped'
    answer.begin(interval, minInterval)
    // A frontend may use one announce for many.
    announce.owner = 0
    if (options.rejectPrivatePeers && !leaves && addressScope(announce.address) !== 'public')
      throw INVALID_IP
    if (this.#hasAnnounceHooks()) return this.#announceWithHooks(announce, answer, leaves)
    const pending = this.#enterSwarm(announce, answer)
    return isPromise(pending)
      ? pending.then(this.#complete.bind(this, announce, answer))
      : this.#complete(announce, answer)
  }

  #announceWithHooks(announce: Announce, answer: Answer, leaves: boolean): MaybePromise<void> {
    const context: TrackerContext = {}
    try {
      const pending = runHooks(this.#hooks.preAnnounce, announce, answer, context)
      if (isPromise(pending))
        return pending.then(
          this.#approved.bind(this, announce, answer, context),
          leaves ? this.#leave.bind(this, announce) : undefined,
        )
    } catch (error) {
      if (leaves) return this.#leave(announce, error)
      throw error
    }
    return this.#approved(announce, answer, context)
  }

  /**
   * Removes a peer from its swarm for a client that can no longer announce `stopped`, for example
   * because its socket has closed. Runs `postAnnounce` hooks but no `preAnnounce` hooks.
   * `announce.event` must be `stopped`.
   */
  leave(announce: Announce): MaybePromise<void> {
    const answer = new Answer()
    answer.begin(this.#shared.interval, this.#shared.minInterval)
    const left = this.#enterSwarm(announce, answer)
    return isPromise(left)
      ? left.then(this.#reportLeft.bind(this, announce, answer))
      : this.#reportLeft(announce, answer)
  }

  #reportLeft(announce: Announce, answer: Answer): void {
    const { postAnnounce } = this.#hooks
    if (postAnnounce.length > 0) {
      this.#shared.postHooks.add(postAnnounce, announce.keep(), answer, {})
    }
  }

  /**
   * Removes the peers that the rules select, if the store supports it, for middleware whose lists
   * have changed. Returns how many were removed.
   */
  evict(rules: EvictionRules): MaybePromise<number> {
    return this.#shared.store.evict?.(rules) ?? 0
  }

  /** All swarms, in parts; undefined if the store cannot list them. */
  swarms(): AsyncIterable<readonly SwarmEntry[]> | undefined {
    return this.#shared.store.swarms?.()
  }

  /**
   * Fills in a row of counters for each infohash.
   * @throws as `announce` does.
   */
  scrape(scrape: Scrape, answer: ScrapeAnswer): MaybePromise<void> {
    answer.begin(scrape.count, this.#shared.minInterval)
    if (!this.#hasScrapeHooks()) return this.#shared.store.scrape(scrape, answer)
    const context: TrackerContext = {}
    const pending = runHooks(this.#hooks.preScrape, scrape, answer, context)
    return isPromise(pending)
      ? pending.then(this.#readSwarms.bind(this, scrape, answer, context))
      : this.#readSwarms(scrape, answer, context)
  }

  #measureHooks(meter: HookMeter): void {
    for (const name of HOOK_NAMES) {
      // Each hook goes back into the list that it came from.
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
    // If hooks have written the answer, the store fills in another one.
    const skips = context.skipResponse === true
    const pending = this.#enterSwarm(announce, skips ? new Answer() : answer)
    return isPromise(pending)
      ? pending.then(this.#filledIn.bind(this, announce, answer, context, skips))
      : this.#filledIn(announce, answer, context, skips)
  }

  #filledIn(
    announce: Announce,
    answer: Answer,
    context: TrackerContext,
    skips: boolean,
  ): MaybePromise<void> {
    if (!skips) this.#complete(announce, answer)
    return this.#show(announce, answer, context)
  }

  /** Sets the fields that the store needs, and passes the announce on. */
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
   * Adds the announcer to an empty answer, unless it wants no peers, cannot be dialled, or has an
   * owner, who gets no peers of their own. Chihaya does the same, as its `e2e` and some clients
   * take an empty list for a failure.
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

  /** Runs the hooks that may change the answer. */
  #show(announce: Announce, answer: Answer, context: TrackerContext): MaybePromise<void> {
    const pending = runHooks(this.#hooks.onAnnounce, announce, answer, context)
    return isPromise(pending)
      ? pending.then(this.#answered.bind(this, announce, answer, context))
      : this.#answered(announce, answer, context)
  }

  #answered(announce: Announce, answer: Answer, context: TrackerContext): void {
    // BiglyBT ignores a minimum interval above the interval.
    answer.minInterval = Math.min(answer.minInterval, answer.interval)
    if (this.#hooks.postAnnounce.length > 0) {
      this.#shared.postHooks.add(this.#hooks.postAnnounce, announce.keep(), answer.keep(), context)
    }
  }

  /**
   * Removes a peer whose `stopped` a hook has refused, as other clients would otherwise be sent to
   * it until it expires. The answer stays empty, and no post hooks run.
   */
  #leave(announce: Announce, refusal: unknown): MaybePromise<void> {
    if (!isClientError(refusal))
      this.#shared.log.error({ err: refusal }, 'a hook failed for a client that stops')
    return this.#enterSwarm(announce, new Answer())
  }

  #readSwarms(scrape: Scrape, answer: ScrapeAnswer, context: TrackerContext): MaybePromise<void> {
    const skips = context.skipSwarmInteraction === true || context.skipResponse === true
    const pending = skips ? undefined : this.#shared.store.scrape(scrape, answer)
    return isPromise(pending)
      ? pending.then(this.#showRows.bind(this, scrape, answer, context))
      : this.#showRows(scrape, answer, context)
  }

  #showRows(scrape: Scrape, answer: ScrapeAnswer, context: TrackerContext): MaybePromise<void> {
    const pending = runHooks(this.#hooks.onScrape, scrape, answer, context)
    return isPromise(pending)
      ? pending.then(this.#scraped.bind(this, scrape, answer, context))
      : this.#scraped(scrape, answer, context)
  }

  #scraped(scrape: Scrape, answer: ScrapeAnswer, context: TrackerContext): void {
    if (this.#hooks.postScrape.length === 0) return
    this.#shared.postHooks.add(this.#hooks.postScrape, scrape.keep(), answer.keep(), context)
  }
}

/** The peer's second address, unless it would be refused. A peer leaves with both. */
function acceptedOther({ otherAddress: other, event }: Announce): Address | undefined {
  return other === undefined || event === 'stopped' || addressScope(other) === 'public'
    ? other
    : undefined
}

/** The announce interval in whole seconds. */
function announceInterval(options: Required<CoreOptions>): number {
  const interval = Math.round(parseDuration(options.announceInterval) / 1000)
  if (interval >= 1 && interval <= MAX_SECONDS) return interval
  throw new TRK_ERR_OPTIONS(
    '@chihaya/core',
    `options/announceInterval must be from 1 to ${MAX_SECONDS} seconds, got ${interval}`,
  )
}
