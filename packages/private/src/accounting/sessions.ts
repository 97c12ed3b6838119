import type { KeyedHash } from '@chihaya/bittorrent'
import type { SessionRow } from '@chihaya/deltas'
import type { Registry } from '../registry/registry.ts'
import type { Endpoint } from './accounted.ts'
import type { Report } from './report.ts'
import { MAX_RECORDS } from '../memory/record-pool.ts'
import { isActive, type SessionState } from './session-state.ts'
import { SessionTable } from './session-table.ts'

/** Inactive sessions that are remembered of one user and torrent. */
const MAX_INACTIVE_OF_PAIR = 16

type NewSession = Pick<Report, 'user' | 'torrent' | 'peerId' | 'now'>

/**
 * The sessions together with what depends on their states: how many seed and leech a torrent, and
 * how many torrents a user seeds and leeches, which is what slots count.
 */
export class Sessions {
  readonly table: SessionTable
  readonly #registry: Registry
  readonly #peerId = new Uint32Array(5)
  readonly #peerBytes = new Uint8Array(this.#peerId.buffer)

  constructor(registry: Registry, hash: KeyedHash) {
    this.table = new SessionTable(hash)
    this.#registry = registry
  }

  /**
   * A new session, inactive at first, or 0 if there are `most` active ones already: these are never
   * dropped for new ones.
   */
  open({ user, torrent, peerId, now }: NewSession, most: number): number {
    const { table } = this
    const { users, torrents } = this.#registry
    if (table.size >= most) {
      const oldest = table.inactive.oldest
      if (oldest === 0) return 0
      this.forget(oldest)
    }
    const session = table.add(users.id(user), torrents.id(torrent), peerId)
    table.link(session, users.firstSession(user), torrents.firstSession(torrent))
    users.setFirstSession(user, session)
    torrents.setFirstSession(torrent, session)
    table.setState(session, 'stopped')
    table.inactive.push(session)
    table.setFirst(session, now)
    table.setLast(session, now)
    return session
  }

  /**
   * Takes a session over from a database, or from a later record of it. Returns its record, or 0 if
   * its user or torrent is gone.
   */
  restore(row: SessionRow): number {
    const { table } = this
    const { users, torrents } = this.#registry
    const user = users.find(row.user)
    const torrent = torrents.find(row.torrent)
    if (user === 0 || torrent === 0) return 0
    this.#peerBytes.set(row.peer)
    const first = table.firstOf(row.user, row.torrent)
    let session = table.withPeerId(first, this.#peerId)
    if (session === 0) {
      session = this.open({ user, torrent, peerId: this.#peerId, now: row.first }, MAX_RECORDS)
    }
    table.setCounters(session, row)
    table.setLeft(session, row.left)
    table.setAnnounces(session, row.announces)
    this.move(session, row.state, row.last)
    return session
  }

  /** Notes that a session has announced, or has ended, and is in another state. */
  move(session: number, state: SessionState, now: number): void {
    const { table } = this
    const before = table.state(session)
    if (before !== state) {
      this.#count(session, before, -1)
      table.setState(session, state)
      this.#count(session, state, 1)
    }
    queueOf(table, before).remove(session)
    queueOf(table, state).push(session)
    table.setLast(session, now)
    if (!isActive(state)) this.#boundInactive(session)
  }

  /** Ends a session. Returns where its peer was reached. */
  end(session: number, state: SessionState, now: number): Endpoint[] {
    this.move(session, state, now)
    return this.vacate(session)
  }

  /** Has a session listen nowhere any more. Returns where it did. */
  vacate(session: number): Endpoint[] {
    const { table } = this
    return ([4, 6] as const).flatMap((family) => {
      const port = table.port(session, family)
      if (port === 0) return []
      const address = table.address(session, family)
      table.forgetEndpoint(session, family)
      return { address, port }
    })
  }

  /** Forgets a session, which is not active. */
  forget(session: number): void {
    const { table } = this
    const { users, torrents } = this.#registry
    const { ofUser, ofTorrent } = table.unlink(session)
    if (ofUser !== undefined) users.setFirstSession(users.find(table.user(session)), ofUser)
    if (ofTorrent !== undefined) {
      torrents.setFirstSession(torrents.find(table.torrent(session)), ofTorrent)
    }
    table.inactive.remove(session)
    table.remove(session)
  }

  /** Active sessions of the same user and torrent, from `first` on, besides this one. */
  others(first: number, session: number, state?: SessionState): number {
    const { table } = this
    let count = 0
    for (let other = first; other !== 0; other = table.nextOf(other)) {
      if (other === session) continue
      const its = table.state(other)
      if (state === undefined ? isActive(its) : its === state) count++
    }
    return count
  }

  /** The session that has been silent for `lifetime` seconds and longest of all, or 0. */
  overdue(active: boolean, lifetime: number, now: number): number {
    const { oldest } = active ? this.table.active : this.table.inactive
    return oldest !== 0 && now - this.table.last(oldest) >= lifetime ? oldest : 0
  }

  #count(session: number, state: SessionState, by: number): void {
    if (!isActive(state)) return
    const { table } = this
    const { users, torrents } = this.#registry
    const torrent = torrents.find(table.torrent(session))
    if (state === 'seeding') torrents.setSeeding(torrent, torrents.seeding(torrent) + by)
    else torrents.setLeeching(torrent, torrents.leeching(torrent) + by)
    if (state === 'partial') return
    // A user with two clients on a torrent downloads, or seeds, one torrent.
    const first = table.firstOf(table.user(session), table.torrent(session))
    if (this.others(first, session, state) > 0) return
    const user = users.find(table.user(session))
    if (state === 'seeding') users.setSeeding(user, users.seeding(user) + by)
    else users.setLeeching(user, users.leeching(user) + by)
  }

  #boundInactive(session: number): void {
    const { table } = this
    let count = 0
    let oldest = 0
    const first = table.firstOf(table.user(session), table.torrent(session))
    for (let other = first; other !== 0; other = table.nextOf(other)) {
      if (other === session || isActive(table.state(other))) continue
      count++
      if (oldest === 0 || table.last(other) < table.last(oldest)) oldest = other
    }
    if (count >= MAX_INACTIVE_OF_PAIR) this.forget(oldest)
  }
}

function queueOf(table: SessionTable, state: SessionState): SessionTable['active'] {
  return isActive(state) ? table.active : table.inactive
}
