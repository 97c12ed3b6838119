import { UrlDataParams, type Params, type PeerId, type KeyedHash } from '@chihaya/bittorrent'
import {
  PlainAnnounce,
  type Announce,
  type Answer,
  type Scrape,
  type Tracker,
  type TrackerContext,
} from '@chihaya/core'
import type { Delta, RegistryWriter } from '@chihaya/deltas'
import { Accountant } from './accounting/accountant.ts'
import { Accounted, type Endpoint } from './accounting/accounted.ts'
import type { Report } from './accounting/report.ts'
import type { AccountingRules } from './accounting/rules.ts'
import { isActive } from './accounting/session-state.ts'
import { Sessions } from './accounting/sessions.ts'
import { deltaOf, expiryDelta, type IpHistory } from './delta-of.ts'
import { Gate, type GateOptions } from './gate.ts'
import { HIDDEN_WARNING, REFUSED, STARTING } from './refusals.ts'
import { Members } from './members.ts'
import { Registry } from './registry/registry.ts'

declare module '@chihaya/core' {
  interface TrackerContext {
    /** The member who announces, by id, and the record of the torrent; set by private tracking. */
    member?: { readonly user: number; readonly torrent: number }
  }
}

const NO_PARAMS: Params = new UrlDataParams('')
const NO_PEER_ID = '\0'.repeat(20) as PeerId
const AGENT_LENGTH = 64

export interface PrivateTrackerInit {
  readonly tracker: Tracker
  readonly rules: AccountingRules
  readonly gate: GateOptions
  readonly ipHistory: IpHistory
  readonly hash: KeyedHash
  /** Whole seconds since 1970. */
  readonly clock: () => number
  /** Takes the records of what changes. */
  readonly record: (delta: Delta) => void
  /** Where changes of the registry are written through to, before they take effect. */
  readonly writer?: RegistryWriter | undefined
  readonly log: { error(details: object, message: string): void }
}

/**
 * A tracker for members: who announces is known by a passkey, what is moved is accounted for, and
 * changes are recorded for the site.
 */
export class PrivateTracker {
  readonly registry: Registry
  readonly sessions: Sessions
  readonly #members: Members
  readonly #init: PrivateTrackerInit
  readonly #gate: Gate
  readonly #accountant: Accountant
  readonly #outcome = new Accounted()
  readonly #infoHash = new Uint32Array(5)
  readonly #peerId = new Uint32Array(5)
  #ready = false
  /** Settled once the state is there, or will never be. */
  readonly #loaded: Promise<void>
  #settle: { resolve(): void; reject(error: Error): void } | undefined

  constructor(init: PrivateTrackerInit) {
    this.#init = init
    this.registry = new Registry(init.hash)
    this.sessions = new Sessions(this.registry, init.hash)
    this.#accountant = new Accountant(this.registry, this.sessions, init.rules)
    this.#loaded = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
    })
    // Only those who wait for it care.
    this.#loaded.catch(() => undefined)
    this.#gate = new Gate(this.registry, init.gate)
    this.#members = new Members({
      registry: this.registry,
      writer: init.writer,
      clock: init.clock,
      loaded: this.#loaded,
      endSessions: (first, list) => this.#endSessions(first, list),
    })
  }

  get users(): Members['users'] {
    return this.#members.users
  }

  get torrents(): Members['torrents'] {
    return this.#members.torrents
  }

  get tokens(): Members['tokens'] {
    return this.#members.tokens
  }

  get promotions(): Members['promotions'] {
    return this.#members.promotions
  }

  get clients(): Members['clients'] {
    return this.#members.clients
  }

  /** Whether announces are served. */
  get ready(): boolean {
    return this.#ready
  }

  /** From here on announces are served: the state is there. */
  start(): void {
    this.#ready = true
    this.#settle?.resolve()
  }

  /** Lets go of those who wait for the state, if it has not come. */
  stop(): void {
    this.#settle?.reject(new Error('the private tracker has closed'))
  }

  /** A `preAnnounce` hook, which has to be the last one: what others refuse is not accounted for. */
  preAnnounce(announce: Announce, answer: Answer, context: TrackerContext): void {
    if (!this.#ready) throw STARTING
    const now = this.#init.clock()
    const user = this.#gate.user(announce, now)
    this.#gate.checkClient(announce)
    announce.copyIds(this.#infoHash, this.#peerId)
    const torrent = this.#gate.torrent(this.#infoHash, now)
    const outcome = this.#outcome
    const report = this.#report(announce, user, torrent, now)
    this.#accountant.account(report, outcome)
    this.#record(report, announce)
    if (outcome.vacated.length > 0) this.#vacate(torrent, outcome.vacated)
    if (outcome.refusal !== undefined) throw REFUSED[outcome.refusal]
    announce.owner = this.registry.users.id(user)
    context.member = { user: announce.owner, torrent }
    if (!outcome.hidden) return
    context.skipSwarmInteraction = true
    answer.warning = HIDDEN_WARNING
  }

  /** An `onAnnounce` hook: a member with two addresses is one, whatever the swarms count. */
  onAnnounce(_announce: Announce, answer: Answer, context: TrackerContext): void {
    if (!context.member) return
    const { torrent } = context.member
    answer.complete = this.registry.torrents.seeding(torrent)
    answer.incomplete = this.registry.torrents.leeching(torrent)
  }

  /** A `preScrape` hook for a tracker whose scrapes are for members. */
  preScrape(scrape: Scrape): void {
    if (!this.#ready) throw STARTING
    this.#gate.user(scrape, this.#init.clock())
  }

  /** Ends sessions that have fallen silent. To be called every few seconds. */
  expire(): void {
    const now = this.#init.clock()
    this.#accountant.expire(now, (session) => {
      this.#init.record(expiryDelta(session, now, this.sessions.table))
    })
  }

  #report(announce: Announce, user: number, torrent: number, now: number): Report {
    const { left, event, address, port } = announce
    return {
      user,
      torrent,
      peerId: this.#peerId,
      event,
      address,
      port,
      now,
      uploaded: Number(announce.uploaded),
      downloaded: Number(announce.downloaded),
      corrupt: corruptOf(announce.params),
      left: left === undefined ? undefined : Number(left),
    }
  }

  #record(report: Report, { params }: Announce): void {
    const outcome = this.#outcome
    const { table } = this.sessions
    const { record, ipHistory } = this.#init
    for (const session of outcome.replaced) record(expiryDelta(session, report.now, table))
    if (outcome.session === 0 || !outcome.changed) return
    const agent = agentOf(params)
    const delta = deltaOf(outcome, report, table, this.registry, ipHistory, agent)
    record(delta)
    if (outcome.tokenUsed) record({ ...delta, ...TOKEN_USED })
  }

  /** Takes endpoints out of all swarms of a torrent. */
  #vacate(torrent: number, endpoints: readonly Endpoint[]): void {
    for (const infoHash of this.registry.torrents.infoHashes(torrent)) {
      for (const { address, port } of endpoints) {
        const leaving = new PlainAnnounce({
          protocol: 'internal',
          infoHash,
          peerId: NO_PEER_ID,
          address,
          port,
          event: 'stopped',
          left: undefined,
          uploaded: 0n,
          downloaded: 0n,
          numWant: 0,
          wantsPeerIds: false,
          params: NO_PARAMS,
        })
        void this.#leave(leaving)
      }
    }
  }

  async #leave(leaving: Announce): Promise<void> {
    try {
      await this.#init.tracker.leave(leaving)
    } catch (error) {
      this.#init.log.error({ err: error }, 'a peer could not be taken out of its swarm')
    }
  }

  /** Ends and forgets the sessions of a list, whose user or torrent is about to go. */
  #endSessions(first: number, list: 'user' | 'torrent'): void {
    const { table } = this.sessions
    const now = this.#init.clock()
    for (let session = first; session !== 0;) {
      const following = list === 'user' ? table.nextOfUser(session) : table.nextOfTorrent(session)
      if (isActive(table.state(session))) {
        const torrent = this.registry.torrents.find(table.torrent(session))
        this.#vacate(torrent, this.sessions.end(session, 'expired', now))
        this.#init.record(expiryDelta(session, now, table))
      }
      this.sessions.forget(session)
      session = following
    }
  }
}

/** What a record of a used token has of the announce that used it up: when, whose, of what. */
const TOKEN_USED = {
  type: 'token',
  peer: undefined,
  up: 0,
  down: 0,
  corrupt: 0,
  creditUp: 0,
  creditDown: 0,
  counters: undefined,
  seedTime: 0,
  leechTime: 0,
  snatch: false,
  free: undefined,
  address: undefined,
  port: 0,
  agent: '',
  flags: [],
  swarm: undefined,
} as const satisfies Partial<Delta>

const DIGITS = /^\d{1,15}$/

/** Bytes that failed their check, which some clients report over HTTP. */
function corruptOf(params: Params): number {
  const text = params.get('corrupt')
  return text !== undefined && DIGITS.test(text) ? Number(text) : 0
}

const UNPRINTABLE = /[^\x20-\x7e]/g

function agentOf(params: Params): string {
  return (params.header?.('user-agent') ?? '').slice(0, AGENT_LENGTH).replace(UNPRINTABLE, '?')
}
