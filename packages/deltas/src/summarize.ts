import { addBytes, mergeDeltas, type Bytes, type NumberedDelta, type Delta } from './delta.ts'
import { byteString } from '@chihaya/bittorrent'

/** What a batch adds to a user. */
export interface UserSum {
  readonly user: number
  up: number
  down: number
  creditUp: Bytes
  creditDown: Bytes
}

/** What a batch adds to a torrent, and the numbers of its swarm where these have changed. */
export interface TorrentSum {
  readonly torrent: number
  snatches: number
  /** Bytes uploaded, less those downloaded, less corrupt ones. */
  balance: number
  swarm: Delta['swarm']
  at: number
}

/** What a batch adds to a user's account of one torrent. */
export interface HistorySum {
  readonly user: number
  readonly torrent: number
  up: number
  down: number
  creditUp: Bytes
  creditDown: Bytes
  seedTime: number
  leechTime: number
  snatches: number
  /** Seconds since 1970; 0 for none. */
  snatchedAt: number
  flags: Set<string>
  at: number
}

/** A batch, put together for a database: one row for each thing that it changes. */
export interface BatchSummary {
  /** The latest of each session, with the sums of the batch. */
  readonly sessions: readonly Delta[]
  readonly users: readonly UserSum[]
  readonly torrents: readonly TorrentSum[]
  readonly history: readonly HistorySum[]
  /** Snatches one by one. */
  readonly snatches: readonly NumberedDelta[]
  /** Downloads paid for with tokens, and tokens used up. */
  readonly tokens: ReadonlyArray<{ user: number; torrent: number; down: number; used: number }>
}

/**
 * Sums up a batch. Rows are in the order of their keys: writers that lock rows in one order never
 * wait for each other in a circle.
 */
export function summarize(deltas: readonly NumberedDelta[]): BatchSummary {
  const sessions = new Map<string, Delta>()
  const users = new Map<number, UserSum>()
  const torrents = new Map<number, TorrentSum>()
  const history = new Map<string, HistorySum>()
  const tokens = new Map<string, { user: number; torrent: number; down: number; used: number }>()
  for (const delta of deltas) {
    const { user, torrent, peer } = delta
    const pair = `${user} ${torrent}`
    if (peer) {
      const key = `${pair} ${byteString(peer)}`
      const earlier = sessions.get(key)
      sessions.set(key, earlier ? mergeDeltas(earlier, delta) : delta)
      addToUser(users, delta)
      addToHistory(history, pair, delta)
    }
    if (torrent !== 0) addToTorrent(torrents, delta)
    const paid = delta.free === 'token' ? delta.down : 0
    const used = delta.type === 'token' ? delta.at : 0
    if (paid === 0 && used === 0) continue
    const token = tokens.get(pair) ?? { user, torrent, down: 0, used: 0 }
    token.down += paid
    token.used = Math.max(token.used, used)
    tokens.set(pair, token)
  }
  return {
    sessions: [...sessions.values()].toSorted(bySession),
    users: [...users.values()].toSorted((one, other) => one.user - other.user),
    torrents: [...torrents.values()].toSorted((one, other) => one.torrent - other.torrent),
    history: [...history.values()].toSorted(byPair),
    snatches: deltas.filter(({ snatch }) => snatch),
    tokens: [...tokens.values()].toSorted(byPair),
  }
}

function addToUser(users: Map<number, UserSum>, delta: Delta): void {
  const { user, up, down, creditUp, creditDown } = delta
  const sum = users.get(user)
  if (!sum) {
    users.set(user, { user, up, down, creditUp, creditDown })
    return
  }
  sum.up += up
  sum.down += down
  sum.creditUp = addBytes(sum.creditUp, creditUp)
  sum.creditDown = addBytes(sum.creditDown, creditDown)
}

function addToTorrent(torrents: Map<number, TorrentSum>, delta: Delta): void {
  const { torrent, up, down, corrupt, snatch, swarm, at } = delta
  const sum = torrents.get(torrent) ?? { torrent, snatches: 0, balance: 0, swarm: undefined, at }
  sum.snatches += snatch ? 1 : 0
  sum.balance += up - down - corrupt
  sum.swarm = swarm ?? sum.swarm
  sum.at = at
  torrents.set(torrent, sum)
}

function addToHistory(history: Map<string, HistorySum>, pair: string, delta: Delta): void {
  const { user, torrent, at } = delta
  const sum = history.get(pair) ?? {
    user,
    torrent,
    up: 0,
    down: 0,
    creditUp: 0,
    creditDown: 0,
    seedTime: 0,
    leechTime: 0,
    snatches: 0,
    snatchedAt: 0,
    flags: new Set<string>(),
    at,
  }
  sum.up += delta.up
  sum.down += delta.down
  sum.creditUp = addBytes(sum.creditUp, delta.creditUp)
  sum.creditDown = addBytes(sum.creditDown, delta.creditDown)
  sum.seedTime += delta.seedTime
  sum.leechTime += delta.leechTime
  if (delta.snatch) {
    sum.snatches++
    sum.snatchedAt = at
  }
  for (const flag of delta.flags) sum.flags.add(flag)
  sum.at = at
  history.set(pair, sum)
}

interface Pair {
  readonly user: number
  readonly torrent: number
}

function byPair(one: Pair, other: Pair): number {
  return one.user - other.user || one.torrent - other.torrent
}

function bySession(one: Delta, other: Delta): number {
  return byPair(one, other) || Buffer.compare(one.peer ?? NO_PEER, other.peer ?? NO_PEER)
}

const NO_PEER = new Uint8Array(0)
