import { DELTA_FLAGS, NO_CHANGE, type Delta, type DeltaFlag } from '@chihaya/deltas'
import type { Accounted } from './accounting/accounted.ts'
import type { Report } from './accounting/report.ts'
import type { SessionTable } from './accounting/session-table.ts'
import type { Registry } from './registry/registry.ts'

/** Who is told where members are. */
export type IpHistory = 'off' | 'protected' | 'on'

/** The record of an announce. */
export function deltaOf(
  outcome: Accounted,
  report: Report,
  sessions: SessionTable,
  registry: Registry,
  ipHistory: IpHistory,
  agent: string,
): Delta {
  const { session } = outcome
  const { users, torrents } = registry
  const withheld = ipHistory === 'off' || (ipHistory === 'protected' && users.hidden(report.user))
  return {
    at: report.now,
    type: 'announce',
    user: sessions.user(session),
    torrent: sessions.torrent(session),
    peer: sessions.peerId(session),
    event: report.event,
    state: outcome.state,
    isNew: outcome.isNew,
    up: outcome.rawUp,
    down: outcome.rawDown,
    corrupt: outcome.rawCorrupt,
    creditUp: outcome.creditUp,
    creditDown: outcome.creditDown,
    counters: countersOf(session, sessions),
    seedTime: outcome.seedTime,
    leechTime: outcome.leechTime,
    upSpeed: Math.min(outcome.upSpeed, MAX_UINT32),
    downSpeed: Math.min(outcome.downSpeed, MAX_UINT32),
    announces: sessions.announces(session),
    since: sessions.first(session),
    snatch: outcome.snatch,
    free: outcome.free,
    address: withheld ? undefined : report.address,
    port: withheld ? 0 : report.port,
    agent,
    flags: outcome.suspicions.size === 0 ? NO_FLAGS : [...outcome.suspicions].toSorted(byOrder),
    swarm:
      outcome.before === outcome.state
        ? undefined
        : {
            seeders: torrents.seeding(report.torrent),
            leechers: torrents.leeching(report.torrent),
          },
    merged: 1,
  }
}

/** The record of a session that has ended without an announce. */
export function expiryDelta(session: number, at: number, sessions: SessionTable): Delta {
  return {
    ...NO_CHANGE,
    at,
    type: 'expire',
    user: sessions.user(session),
    torrent: sessions.torrent(session),
    peer: sessions.peerId(session),
    state: sessions.state(session),
    counters: countersOf(session, sessions),
    announces: sessions.announces(session),
    since: sessions.first(session),
  }
}

function countersOf(session: number, sessions: SessionTable): Delta['counters'] {
  return {
    uploaded: sessions.uploaded(session),
    downloaded: sessions.downloaded(session),
    corrupt: sessions.corrupt(session),
    left: sessions.left(session),
  }
}

const MAX_UINT32: number = 2 ** 32 - 1
const NO_FLAGS: readonly DeltaFlag[] = []

function byOrder(one: DeltaFlag, other: DeltaFlag): number {
  return DELTA_FLAGS.indexOf(one) - DELTA_FLAGS.indexOf(other)
}
