import type { FreeReason } from '@chihaya/deltas'
import type { Registry } from '../registry/registry.ts'
import type { Accounted } from './accounted.ts'
import { combine, credited, ORDINARY_TERMS, type Terms } from './credit.ts'
import { isAbsurd, type Report } from './report.ts'
import type { AccountingRules } from './rules.ts'
import { ALONE } from './session-table.ts'
import type { Sessions } from './sessions.ts'

const MEBIBYTE = 2 ** 20
/** What `left` may fall by beyond what was downloaded: pieces found on disk. */
const LEFT_TOLERANCE = 16 * MEBIBYTE

/**
 * Works out what a session has moved since its last announce, and what that is worth. A client
 * reports totals, so all of it is differences between this announce and the one before.
 */
export class Crediting {
  readonly #registry: Registry
  readonly #sessions: Sessions
  rules: AccountingRules

  constructor(registry: Registry, sessions: Sessions, rules: AccountingRules) {
    this.#registry = registry
    this.#sessions = sessions
    this.rules = rules
  }

  /** Fills in bytes, times, speeds and suspicions, and makes the counters the session's own. */
  measure(session: number, report: Report, first: number, outcome: Accounted): void {
    this.#moved(session, report, outcome)
    this.#suspectLeft(session, report, outcome)
    this.#suspectGhost(session, report, outcome)
    this.#times(session, report, first, outcome)
    this.#credit(session, report, outcome)
    this.#sessions.table.setLeft(session, report.left)
  }

  #moved(session: number, report: Report, outcome: Accounted): void {
    const { table } = this.#sessions
    const { uploaded, downloaded, corrupt, event, now } = report
    if (isAbsurd(report)) {
      outcome.suspicions.add('absurd')
      return
    }
    const up = uploaded - table.uploaded(session)
    const down = downloaded - table.downloaded(session)
    const grew = up >= 0 && down >= 0
    if (!grew && event !== 'started') {
      // A late datagram, or the announce over the other family: nothing must be taken for new.
      if (now - table.last(session) <= this.rules.reorderWindow) return
      outcome.suspicions.add('regression')
    }
    if (grew && (event !== 'started' || this.rules.creditStarted)) {
      outcome.rawUp = up
      outcome.rawDown = down
      outcome.rawCorrupt = Math.max(0, corrupt - table.corrupt(session))
    }
    table.setCounters(session, report)
  }

  #times(session: number, { left, now }: Report, first: number, outcome: Accounted): void {
    const { table } = this.#sessions
    const last = table.last(session)
    const passed = Math.max(0, now - last)
    if (passed === 0) return
    outcome.upSpeed = Math.floor(outcome.rawUp / passed)
    outcome.downSpeed = Math.floor(outcome.rawDown / passed)
    if (Math.max(outcome.upSpeed, outcome.downSpeed) > this.rules.maxSpeed) {
      outcome.suspicions.add('speed')
    }
    if (passed > this.rules.gapLimit) return
    if (outcome.before === 'leeching') outcome.leechTime = passed
    if (outcome.before !== 'seeding' || left !== 0) return
    // Two clients of a user that seed at the same time seed once.
    let since = last
    for (let one = first; one !== 0; one = table.nextOf(one)) {
      since = Math.max(since, table.creditedUntil(one))
    }
    outcome.seedTime = Math.max(0, now - since)
    table.setCreditedUntil(session, Math.max(now, since))
  }

  #credit(session: number, report: Report, outcome: Accounted): void {
    const { rate, rawUp, rawDown, suspicions } = outcome
    this.#findRate(session, report, outcome)
    if (suspicions.has('speed') && this.rules.onMaxSpeed === 'withhold') return
    const { up, down, divisor, free } = rate
    if (free === 'neutral') return
    outcome.creditUp = credited(rawUp, up, divisor)
    if (free === undefined) outcome.creditDown = credited(rawDown, down, divisor)
  }

  #findRate(session: number, { user, torrent, now }: Report, { rate }: Accounted): void {
    const { users, torrents, tokens, promotions } = this.#registry
    const { table } = this.#sessions
    const ofUser = promotions.ofUser(table.user(session), now)
    const ofTorrent = promotions.ofTorrent(table.torrent(session), now)
    const everybody = promotions.ofEverybody(now)
    const own: Terms = {
      leechType: torrents.leechType(torrent),
      upPercent: torrents.upPercent(torrent),
      downPercent: torrents.downPercent(torrent),
    }
    const promoted = ofTorrent ?? ORDINARY_TERMS
    rate.free = freeReason(own, promoted, ofUser ?? ORDINARY_TERMS, everybody, users.free(user))
    const mayUseToken =
      rate.free === undefined || (this.rules.tokenOnFree && rate.free !== 'neutral')
    if (mayUseToken && tokens.holds(table.user(session), table.torrent(session), now)) {
      rate.free = 'token'
    }
    const userTerms = ofUser ?? {
      leechType: 'normal',
      upPercent: users.upPercent(user),
      downPercent: users.downPercent(user),
    }
    combine(rate, this.rules.combine, userTerms, ofTorrent ?? own, everybody)
  }

  /** Only a new run may have more left, and only what was downloaded makes it less. */
  #suspectLeft(session: number, { event, left }: Report, { rawDown, suspicions }: Accounted): void {
    const before = this.#sessions.table.left(session)
    if (before === undefined || left === undefined || event === 'started') return
    if (left > before || before - left > rawDown + LEFT_TOLERANCE) suspicions.add('left')
  }

  /** Nobody can upload to a torrent that nobody else downloads. */
  #suspectGhost(session: number, { torrent }: Report, outcome: Accounted): void {
    const { table } = this.#sessions
    const leechers = this.#registry.torrents.leeching(torrent)
    const itself = outcome.before === 'leeching' || outcome.before === 'partial' ? 1 : 0
    const alone = leechers - itself === 0
    if (alone && table.has(session, ALONE) && outcome.rawUp > MEBIBYTE) {
      outcome.suspicions.add('ghost')
    }
    table.note(session, ALONE, alone)
  }
}

/** Neutral comes before free, and a token is not needed where either holds. */
function freeReason(
  torrent: Terms,
  promoted: Terms,
  user: Terms,
  everybody: Terms,
  freeUser: boolean,
): FreeReason | undefined {
  const all = [torrent, promoted, user, everybody]
  if (all.some(({ leechType }) => leechType === 'neutral')) return 'neutral'
  if (torrent.leechType === 'free' || promoted.leechType === 'free') return 'torrent'
  if (user.leechType === 'free' || freeUser) return 'user'
  return everybody.leechType === 'free' ? 'everybody' : undefined
}
