import {
  addressFamily,
  ClientError,
  addressScope,
  countPeers,
  NO_PEERS,
  onePeer,
  writeByteString,
  PEER_ID_LENGTH,
  type AnnounceRequest,
  type AnnounceResponse,
  type ScrapeEntry,
  type ScrapeRequest,
  type ScrapeResponse,
} from '@chihaya/bittorrent'
import type { TrackerContext } from './context.ts'
import { parseDuration } from './duration.ts'
import { TRK_ERR_HOOK_HANDLER, TRK_ERR_HOOK_NAME, TRK_ERR_STARTED } from './errors.ts'
import { copyHooks, HOOK_NAMES, runHooks, type HookLists, type HookName, type TrackerHooks } from './hooks.ts'
import { isPromise, type MaybePromise } from './maybe-promise.ts'
import { optionsSchema, type CoreOptions } from './options.ts'
import { parseOptions } from './parse-options.ts'
import type { PeerStore, SwarmView, Transition } from './peer-store.ts'
import { PostHooks, type TrackerLog } from './post-hooks.ts'

const PRIVATE_ADDRESS: ClientError = new ClientError('invalid IP')
/** libtorrent announces this port when it does not listen. */
const UNCONNECTABLE_PORT = 1

/** What all forks of a tracker share. */
interface Shared {
  readonly store: PeerStore
  readonly options: Required<CoreOptions>
  readonly postHooks: PostHooks
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
  readonly #shared: Shared
  readonly #hooks: HookLists
  readonly #forks: Tracker[] = []

  constructor(init: TrackerInit | { readonly parent: Tracker }) {
    if ('parent' in init) {
      this.#shared = init.parent.#shared
      this.#hooks = copyHooks(init.parent.#hooks)
    } else {
      const options = parseOptions('@chihaya/core', optionsSchema, init.options ?? {})
      const interval = Math.round(parseDuration(options.announceInterval) / 1000)
      // BiglyBT ignores a minimum above the interval, so never send one.
      const minInterval = Math.min(Math.round(parseDuration(options.minAnnounceInterval) / 1000), interval)
      this.#shared = { store: init.store, options, postHooks: new PostHooks(init.log), interval, minInterval, started: false }
      this.#hooks = copyHooks()
    }
  }

  /**
   * Adds a hook behind those already there, here and in every fork.
   * @throws TRK_ERR_HOOK_NAME, TRK_ERR_HOOK_HANDLER, or TRK_ERR_STARTED once the application is ready.
   */
  addHook<Name extends HookName>(name: Name, hook: TrackerHooks[Name]): void {
    if (!HOOK_NAMES.includes(name)) throw new TRK_ERR_HOOK_NAME(name, HOOK_NAMES.join(', '))
    if (typeof hook !== 'function') throw new TRK_ERR_HOOK_HANDLER(name)
    if (this.#shared.started) throw new TRK_ERR_STARTED(name)
    this.#hooks[name].push(hook)
    for (const fork of this.#forks) fork.addHook(name, hook)
  }

  /** A tracker with the same store and options, and hooks of its own beside those it inherits. */
  fork(): Tracker {
    const fork = new Tracker({ parent: this })
    this.#forks.push(fork)
    return fork
  }

  /** From here on hooks are fixed, here and in every fork. */
  start(): void {
    this.#shared.started = true
  }

  /** Waits for post hooks that still run, within `postHookTimeout`. */
  async close(): Promise<void> {
    await this.#shared.postHooks.drain(parseDuration(this.#shared.options.postHookTimeout))
  }

  /**
   * Applies an announce and answers it, at once unless a hook or the store returns a promise.
   * @throws {ClientError} when a hook or the store refuses; anything else is a fault that the client must not see.
   */
  announce(request: AnnounceRequest): MaybePromise<AnnounceResponse> {
    const { options, interval, minInterval } = this.#shared
    if (options.rejectPrivatePeers && addressScope(request.address) === 'private') throw PRIVATE_ADDRESS
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
    const pending = runHooks(this.#hooks.preAnnounce, request, response, context)
    if (isPromise(pending)) return pending.then(() => this.#enterSwarm(request, response, context))
    return this.#enterSwarm(request, response, context)
  }

  /** The counters of each infohash asked for. @throws as `announce` does. */
  scrape(request: ScrapeRequest): MaybePromise<ScrapeResponse> {
    const response: ScrapeResponse = { entries: [], minInterval: this.#shared.minInterval }
    const context: TrackerContext = {}
    const pending = runHooks(this.#hooks.preScrape, request, response, context)
    if (isPromise(pending)) return pending.then(() => this.#readSwarms(request, response, context))
    return this.#readSwarms(request, response, context)
  }

  #enterSwarm(request: AnnounceRequest, response: AnnounceResponse, context: TrackerContext): MaybePromise<AnnounceResponse> {
    if (context.skipSwarmInteraction === true) return this.#announced(request, response, context)
    const { store, options } = this.#shared
    const transition = transitionOf(request)
    const view = store.announce({
      infoHash: request.infoHash,
      peerId: request.peerId,
      address: request.address,
      port: request.port,
      transition,
      numWant: transition === 'stopped' || context.skipResponse === true ? 0 : request.numWant,
      leechersOnly:
        options.seedersReceive === 'leechers' && (request.seeding || transition === 'completed' || transition === 'partial'),
      publicOnly: options.withholdPrivatePeers && addressScope(request.address) === 'public',
      wantsPeerIds: request.wantsPeerIds,
    })
    if (isPromise(view)) {
      return view.then((settled) => {
        this.#fill(request, response, context, settled)
        return this.#announced(request, response, context)
      })
    }
    this.#fill(request, response, context, view)
    return this.#announced(request, response, context)
  }

  #fill(request: AnnounceRequest, response: AnnounceResponse, context: TrackerContext, view: SwarmView): void {
    if (context.skipResponse === true) return
    response.complete = view.complete
    response.incomplete = view.incomplete
    response.downloaded = view.downloaded
    response.peers = view.peers
    response.otherPeers = view.otherPeers
    if (this.#shared.options.returnSelfWhenAlone && countPeers(view.peers) === 0) returnSelf(request, response)
  }

  #announced(request: AnnounceRequest, response: AnnounceResponse, context: TrackerContext): AnnounceResponse {
    const hooks = this.#hooks.postAnnounce
    if (hooks.length > 0) this.#shared.postHooks.add(() => runHooks(hooks, request, response, context))
    return response
  }

  #readSwarms(request: ScrapeRequest, response: ScrapeResponse, context: TrackerContext): MaybePromise<ScrapeResponse> {
    if (context.skipSwarmInteraction === true) return this.#scraped(request, response, context, response.entries)
    const entries = this.#shared.store.scrape(request.infoHashes, addressFamily(request.address))
    if (isPromise(entries)) return entries.then((settled) => this.#scraped(request, response, context, settled))
    return this.#scraped(request, response, context, entries)
  }

  #scraped(request: ScrapeRequest, response: ScrapeResponse, context: TrackerContext, entries: ScrapeEntry[]): ScrapeResponse {
    if (context.skipResponse !== true) response.entries = entries
    const hooks = this.#hooks.postScrape
    if (hooks.length > 0) this.#shared.postHooks.add(() => runHooks(hooks, request, response, context))
    return response
  }
}

/** The row of protocol A0.2 that an announce falls under. */
function transitionOf(request: AnnounceRequest): Transition {
  // A frontend that lets port 0 pass wants it answered but not stored: nobody could dial it.
  if (request.port === 0) return 'unchanged'
  if (request.event === 'stopped') return 'stopped'
  if (request.event === 'completed') return 'completed'
  if (request.seeding) return 'seeder'
  return request.event === 'paused' ? 'partial' : 'leecher'
}

/** Chihaya's `e2e` and some clients take an empty list for a failure, so a lone peer is given itself. */
function returnSelf(request: AnnounceRequest, response: AnnounceResponse): void {
  if (request.event === 'stopped' || request.numWant === 0 || request.port <= UNCONNECTABLE_PORT) return
  if (response.otherPeers !== undefined && countPeers(response.otherPeers) > 0) return
  let peerId: Uint8Array | undefined
  if (request.wantsPeerIds) {
    peerId = new Uint8Array(PEER_ID_LENGTH)
    writeByteString(request.peerId, peerId, 0)
  }
  response.peers = onePeer(request.address, request.port, peerId)
}
