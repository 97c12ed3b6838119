import type { Registry } from '../registry/registry.ts'
import type { Accounted, Refusal } from './accounted.ts'
import { Crediting } from './crediting.ts'
import { isAbsurd, type Report } from './report.ts'
import type { AccountingRules } from './rules.ts'
import { isActive, stateAfter } from './session-state.ts'
import { SNATCHED } from './session-table.ts'
import type { Sessions } from './sessions.ts'

/** Seconds within which an announce that says nothing new is not worth a record. */
const UNREMARKABLE = 60

/**
 * Applies announces to sessions: who is credited what, who may go on, and who leaves the swarm.
 * Everything happens in one synchronous step, so that two announces cannot take one slot.
 */
export class Accountant {
  readonly #registry: Registry
  readonly #sessions: Sessions
  readonly #crediting: Crediting

  constructor(registry: Registry, sessions: Sessions, rules: AccountingRules) {
    this.#registry = registry
    this.#sessions = sessions
    this.#crediting = new Crediting(registry, sessions, rules)
  }

  get rules(): AccountingRules {
    return this.#crediting.rules
  }

  set rules(rules: AccountingRules) {
    this.#crediting.rules = rules
  }

  /** Applies an announce. A refusal is part of the outcome: what was moved before is credited. */
  account(report: Report, outcome: Accounted): void {
    outcome.begin()
    const { table } = this.#sessions
    const { users, torrents } = this.#registry
    const first = table.firstOf(users.id(report.user), torrents.id(report.torrent))
    const session = table.withPeerId(first, report.peerId)
    outcome.state = stateAfter(report.event, report.left)
    if (session === 0) this.#firstSight(report, first, outcome)
    else this.#again(session, report, first, outcome)
  }

  /** Ends the sessions that have been silent for too long, and forgets the ones ended long ago. */
  expire(now: number, ended: (session: number) => void): void {
    const { peerLifetime, sessionLifetime } = this.rules
    const sessions = this.#sessions
    for (;;) {
      const session = sessions.overdue(true, peerLifetime, now)
      if (session === 0) break
      const last = sessions.table.last(session)
      sessions.end(session, 'expired', last)
      ended(session)
    }
    for (;;) {
      const session = sessions.overdue(false, sessionLifetime, now)
      if (session === 0) break
      sessions.forget(session)
    }
  }

  /** A client that has not been seen is credited nothing: nobody knows where its counters began. */
  #firstSight(report: Report, first: number, outcome: Accounted): void {
    if (report.event === 'stopped') return
    outcome.refusal = this.#refusal(0, report, first, outcome)
    if (outcome.refusal !== undefined) return
    const { table } = this.#sessions
    const session = this.#sessions.open(report, this.rules.maxSessions)
    if (session === 0) return
    outcome.session = session
    outcome.isNew = true
    outcome.changed = true
    if (isAbsurd(report)) outcome.suspicions.add('absurd')
    else table.setCounters(session, report)
    table.setLeft(session, report.left)
    this.#snatch(session, report, first, outcome)
    this.#goOn(session, report, outcome)
  }

  #again(session: number, report: Report, first: number, outcome: Accounted): void {
    const { table } = this.#sessions
    const before = table.state(session)
    outcome.session = session
    outcome.before = before
    const left = table.left(session)
    const silence = report.now - table.last(session)
    this.#crediting.measure(session, report, first, outcome)
    this.#snatch(session, report, first, outcome)
    if (report.event === 'stopped') {
      if (isActive(before))
        outcome.vacated.push(...this.#sessions.end(session, 'stopped', report.now))
      else this.#sessions.move(session, before, report.now)
    } else {
      outcome.refusal = this.#refusal(session, report, first, outcome)
      if (outcome.refusal === undefined) this.#goOn(session, report, outcome)
      else outcome.vacated.push(...this.#sessions.end(session, 'refused', report.now))
    }
    outcome.state = table.state(session)
    outcome.changed =
      outcome.state !== before ||
      outcome.rawUp + outcome.rawDown + outcome.rawCorrupt > 0 ||
      left !== report.left ||
      outcome.suspicions.size > 0 ||
      (isActive(outcome.state) && (report.event !== 'none' || silence >= UNREMARKABLE))
  }

  /** Why a client that goes on, or begins, may not. */
  #refusal(
    session: number,
    { user }: Report,
    first: number,
    outcome: Accounted,
  ): Refusal | undefined {
    const { users } = this.#registry
    const { state, before } = outcome
    if (state === 'leeching' && !users.mayLeech(user)) return 'leeching forbidden'
    const wasActive = before !== undefined && isActive(before)
    const most = users.peersPerTorrent(user) || this.rules.peersPerTorrent
    if (!wasActive && this.#sessions.others(first, session) >= most) return 'too many clients'
    if (state !== 'leeching' || before === 'leeching') return undefined
    if (users.leeching(user) < users.slots(user)) return undefined
    // A slot holds a torrent, whichever of the user's clients downloads it.
    if (this.#sessions.others(first, session, 'leeching') > 0) return undefined
    if (this.rules.onSlotsFull === 'refuse') return 'no slot'
    outcome.hidden = true
    return undefined
  }

  /** Has a session be active, reached at the announce's endpoint. */
  #goOn(session: number, report: Report, outcome: Accounted): void {
    const { table } = this.#sessions
    const { address, port, now } = report
    this.#sessions.move(session, outcome.state, now)
    table.setAnnounces(session, table.announces(session) + 1)
    if (port === 0) return
    if (table.hasEndpoint(session, address, port)) return
    this.#replaceOthersAt(session, report, outcome)
    const family = address.length === 4 ? 4 : 6
    const former = table.port(session, family)
    if (former !== 0)
      outcome.vacated.push({ address: table.address(session, family), port: former })
    table.setEndpoint(session, address, port)
  }

  /** A client that restarts under another peer id leaves a session at the same endpoint. */
  #replaceOthersAt(session: number, { address, port, now }: Report, outcome: Accounted): void {
    const { table } = this.#sessions
    let other = table.firstOf(table.user(session), table.torrent(session))
    for (; other !== 0; other = table.nextOf(other)) {
      if (other === session || !table.hasEndpoint(other, address, port)) continue
      const endpoints = this.#sessions.end(other, 'expired', now)
      outcome.replaced.push(other)
      // The endpoint itself is the new session's.
      outcome.vacated.push(...endpoints.filter((one) => one.address.length !== address.length))
    }
  }

  #snatch(session: number, report: Report, first: number, outcome: Accounted): void {
    const { table } = this.#sessions
    const { event, left } = report
    if (left !== 0 || outcome.before === 'seeding') return
    const silent = this.rules.countSilentCompletion && outcome.before === 'leeching'
    if (event !== 'completed' && !silent) return
    if (this.rules.snatches === 'unique') {
      for (let one = first; one !== 0; one = table.nextOf(one)) {
        if (table.has(one, SNATCHED)) return
      }
    }
    table.note(session, SNATCHED, true)
    outcome.snatch = true
    if (outcome.free !== 'token' || this.rules.tokenEnds !== 'completion') return
    outcome.tokenUsed = this.#registry.tokens.remove(table.user(session), table.torrent(session))
  }
}
