import {
  addressFamily,
  addressScope,
  isClientError,
  NO_PEERS,
  type AnnounceRequest,
  type AnnounceResponse,
  type ScrapeEntry,
  type ScrapeRequest,
  type ScrapeResponse,
} from '@chihaya/bittorrent'
import type { TrackerContext } from './context.ts'
import { parseDuration } from './duration.ts'
import { TRK_ERR_HOOK_HANDLER, TRK_ERR_HOOK_NAME, TRK_ERR_OPTIONS, TRK_ERR_STARTED } from './errors.ts'
import { isFlat, type FlatPeerStore } from './flat-announce.ts'
import { FlatAnnouncer } from './flat-announcer.ts'
import type { HookMeter } from './hook-meter.ts'
import { copyHooks, HOOK_NAMES, runHooks, type Hook, type HookLists, type HookName, type TrackerHooks } from './hooks.ts'
import { isPromise, type MaybePromise } from './maybe-promise.ts'
import { optionsSchema, type CoreOptions } from './options.ts'
import { parseOptions } from './parse-options.ts'
import type { EvictionRules, PeerStore, SwarmEntry, SwarmView } from './peer-store.ts'
import { PostHooks, type TrackerLog } from './post-hooks.ts'
import { INVALID_ADDRESS } from './refusals.ts'
import { returnSelf } from './return-self.ts'
import { swarmAnnounce } from './swarm-announce.ts'

/** What fits the 32 bits of a UDP answer for every client, signed or not. */
const MAX_SECONDS = 2 ** 31 - 1

const NOBODY: Readonly<ScrapeEntry> = { complete: 0, incomplete: 0, downloaders: 0, downloaded: 0 }

/** What all forks of a tracker share. */
interface Shared {
  readonly store: PeerStore
  readonly log: TrackerLog
  readonly options: Required<CoreOptions>
  readonly postHooks: PostHooks
  /** Whose hooks they are, where that was said. */
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

/** The kernel: authorise, update the swarm, count, select, and afterwards let the post hooks know. */
export class Tracker {
  /** Whether it is the tracker of a scope below that of `@chihaya/core`: other scopes share the store. */
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
      const options = parseOptions('@chihaya/core', optionsSchema, init.options ?? {})
      const interval = announceInterval(options)
      const minInterval = Math.min(Math.round(parseDuration(options.minAnnounceInterval) / 1000), interval)
      const postHooks = new PostHooks(init.log)
      const middleware = new Map<TrackerHooks[HookName], string>()
      this.#shared = {
        store: init.store,
        log: init.log,
        options,
        postHooks,
        middleware,
        interval,
        minInterval,
        started: false,
      }
      this.#hooks = copyHooks()
    }
  }

  /**
   * Adds a hook behind those already there, here and in every fork. `middleware` says whose it is, for those who measure
   * hooks; left out, it goes by the function's name.
   * @throws TRK_ERR_HOOK_NAME, TRK_ERR_HOOK_HANDLER, or TRK_ERR_STARTED once the application is ready.
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

  /** From here on hooks are fixed, here and in every fork, and measured where there is something to measure them with. */
  start(meter?: HookMeter): void {
    if (meter && !this.#shared.started) this.#measureHooks(meter)
    this.#shared.started = true
  }

  /**
   * Waits for post hooks that still run, within `postHookTimeout`. Frontends call it when no request can arrive any more: they
   * close first, while the middleware that owns the hooks is still open.
   */
  async drain(): Promise<void> {
    await this.#shared.postHooks.drain(parseDuration(this.#shared.options.postHookTimeout))
  }

  /**
   * Applies an announce and answers it, at once unless a hook or the store returns a promise.
   * A client that stops is never refused by a hook.
   * @throws {ClientError} at once or by the promise, when a hook or the store refuses; anything else that is thrown is a
   * fault, which the caller logs and the client must not see.
   */
  announce(request: AnnounceRequest): MaybePromise<AnnounceResponse> {
    const { options, interval, minInterval } = this.#shared
    const leaves = request.event === 'stopped'
    if (options.rejectPrivatePeers && !leaves && addressScope(request.address) !== 'public') throw INVALID_ADDRESS
    const response: AnnounceResponse = {
      interval,
      minInterval,
      complete: 0,
      incomplete: 0,
      downloaded: 0,
      peers: NO_PEERS[addressFamily(request.address)],
      otherPeers: undefined,
      warning: undefined,
    }
    const context: TrackerContext = {}
    let pending: MaybePromise<void>
    try {
      pending = runHooks(this.#hooks.preAnnounce, request, response, context)
    } catch (error) {
      if (leaves) return this.#leave(request, response, error)
      throw error
    }
    if (!isPromise(pending)) return this.#enterSwarm(request, response, context)
    const approved = (): MaybePromise<AnnounceResponse> => this.#enterSwarm(request, response, context)
    if (!leaves) return pending.then(approved)
    return pending.then(approved, (error: unknown) => this.#leave(request, response, error))
  }

  /**
   * Removes the peers from the store that the rules name, if the store can; for middleware whose lists have changed. Returns
   * how many were removed.
   */
  evict(rules: EvictionRules): MaybePromise<number> {
    return this.#shared.store.evict?.(rules) ?? 0
  }

  /** All swarms of the store, some at a time; undefined if the store cannot list them. */
  swarms(): AsyncIterable<readonly SwarmEntry[]> | undefined {
    return this.#shared.store.swarms?.()
  }

  /**
   * A shorter way for announces, where there is one: the application has started, no hook wants to see announces, and the
   * store takes them in flat memory.
   */
  flat(): FlatAnnouncer | undefined {
    const { store, options, interval, started } = this.#shared
    if (!started || this.#hooks.preAnnounce.length > 0 || this.#hooks.postAnnounce.length > 0) return undefined
    return isFlat(store) ? new FlatAnnouncer(store, options, interval) : undefined
  }

  /** The same for scrapes: the store itself, which then answers them without more ado. */
  flatScraper(): Pick<FlatPeerStore, 'scrapeFlat'> | undefined {
    const { store, started } = this.#shared
    if (!started || this.#hooks.preScrape.length > 0 || this.#hooks.postScrape.length > 0) return undefined
    return isFlat(store) ? store : undefined
  }

  /** The counters of each infohash asked for. @throws as `announce` does. */
  scrape(request: ScrapeRequest): MaybePromise<ScrapeResponse> {
    const response: ScrapeResponse = { entries: [], minInterval: this.#shared.minInterval }
    const context: TrackerContext = {}
    const pending = runHooks(this.#hooks.preScrape, request, response, context)
    if (isPromise(pending)) return pending.then(() => this.#readSwarms(request, response, context))
    return this.#readSwarms(request, response, context)
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

  #enterSwarm(request: AnnounceRequest, response: AnnounceResponse, context: TrackerContext): MaybePromise<AnnounceResponse> {
    if (context.skipSwarmInteraction === true) return this.#announced(request, response, context)
    const view = this.#shared.store.announce(swarmAnnounce(request, context, this.#shared.options))
    if (isPromise(view)) {
      return view.then((settled) => {
        this.#fill(request, response, context, settled)
        return this.#announced(request, response, context)
      })
    }
    this.#fill(request, response, context, view)
    return this.#announced(request, response, context)
  }

  /**
   * Takes a peer out of its swarm although a hook has refused its `stopped`: otherwise other clients would be sent to it until it
   * expires. The reply tells nothing of the swarm, and there are no post hooks.
   */
  #leave(request: AnnounceRequest, response: AnnounceResponse, refusal: unknown): MaybePromise<AnnounceResponse> {
    if (!isClientError(refusal)) this.#shared.log.error({ err: refusal }, 'a hook failed for a client that stops')
    const left = this.#shared.store.announce(swarmAnnounce(request, {}, this.#shared.options))
    return isPromise(left) ? left.then(() => response) : response
  }

  #fill(request: AnnounceRequest, response: AnnounceResponse, context: TrackerContext, view: SwarmView): void {
    if (context.skipResponse === true) return
    response.complete = view.complete
    response.incomplete = view.incomplete
    response.downloaded = view.downloaded
    response.peers = view.peers
    response.otherPeers = view.otherPeers
    if (this.#shared.options.returnSelfWhenAlone) returnSelf(request, response)
  }

  #announced(request: AnnounceRequest, response: AnnounceResponse, context: TrackerContext): AnnounceResponse {
    // BiglyBT ignores a minimum above the interval, so whatever hooks did, never send one.
    response.minInterval = Math.min(response.minInterval, response.interval)
    this.#shared.postHooks.add(this.#hooks.postAnnounce, request, response, context)
    return response
  }

  #readSwarms(request: ScrapeRequest, response: ScrapeResponse, context: TrackerContext): MaybePromise<ScrapeResponse> {
    if (context.skipSwarmInteraction === true || context.skipResponse === true) {
      // Answers are positional over UDP, and clients take a missing row for an error: zeros where hooks have put none.
      const entries = request.infoHashes.map((_, index) => response.entries[index] ?? { ...NOBODY })
      return this.#scraped(request, response, context, entries)
    }
    const entries = this.#shared.store.scrape(request.infoHashes, addressFamily(request.address))
    if (isPromise(entries)) return entries.then((settled) => this.#scraped(request, response, context, settled))
    return this.#scraped(request, response, context, entries)
  }

  #scraped(request: ScrapeRequest, response: ScrapeResponse, context: TrackerContext, entries: ScrapeEntry[]): ScrapeResponse {
    response.entries = entries
    this.#shared.postHooks.add(this.#hooks.postScrape, request, response, context)
    return response
  }
}

/** Whole seconds in the announce interval. */
function announceInterval(options: Required<CoreOptions>): number {
  const interval = Math.round(parseDuration(options.announceInterval) / 1000)
  if (interval >= 1 && interval <= MAX_SECONDS) return interval
  throw new TRK_ERR_OPTIONS('@chihaya/core', `options/announceInterval must be from 1 to ${MAX_SECONDS} seconds, got ${interval}`)
}
