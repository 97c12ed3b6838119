import type { Address, KeyedHash } from '@chihaya/bittorrent'
import { RecordIndex } from '../memory/record-index.ts'
import { RecordPool } from '../memory/record-pool.ts'
import { SESSION_STATES, type SessionState } from './session-state.ts'

// A record of 128 bytes.
const USER = 0
const TORRENT = 1
const PEER_ID = 2
const PEER_ID_LONGS = 5
/** State, and notes above it. */
const STATE = 7
const UPLOADED = 8
const DOWNLOADED = 10
const CORRUPT = 12
const LEFT = 14
const FIRST = 16
const LAST = 17
const ANNOUNCES = 18
const CREDITED_UNTIL = 19
const IPV4 = 20
/** The port over IPv4, and the one over IPv6 above it. */
const PORTS = 21
const IPV6 = 22
const NEXT_OF_USER = 23
const PREVIOUS_OF_USER = 24
const NEXT_OF_TORRENT = 25
const PREVIOUS_OF_TORRENT = 26
const NEXT_OF_PAIR = 27
const NEWER = 28
const OLDER = 29
const WIDTH = 32

const IPV6_LONGS = 4
const STATE_MASK = 7
/** Counters of 64 bits are kept as doubles; this one says that the client has not told. */
const UNKNOWN = -1

/** Notes about a session, one bit each. */
export const SNATCHED = 8
/** Nobody else could have taken what the client says it uploaded. */
export const ALONE = 16

/** What a client has reported, in bytes. */
export interface Counters {
  readonly uploaded: number
  readonly downloaded: number
  readonly corrupt: number
  /** Undefined when the client does not know. */
  readonly left: number | undefined
}

/**
 * Sessions in flat memory: what one client (peer id) of one user has reported about one torrent.
 * Methods name a session by the number of its record.
 *
 * Sessions hang in three kinds of lists: those of a user and a torrent together, a few that are
 * found by their ids; those of a user, and those of a torrent, whose heads the caller keeps; and
 * the active and the inactive ones, each with the longest silent first.
 */
export class SessionTable {
  readonly #pool = new RecordPool(WIDTH)
  readonly #ipv6 = new RecordPool(IPV6_LONGS)
  /** Finds the first session of a user and a torrent. */
  readonly #pairs: RecordIndex
  readonly #pair = new Uint32Array(2)
  readonly active: SessionQueue = new SessionQueue(this.#pool)
  readonly inactive: SessionQueue = new SessionQueue(this.#pool)

  constructor(hash: KeyedHash) {
    this.#pairs = new RecordIndex(this.#pool, { at: USER, length: 2 }, hash)
  }

  get size(): number {
    return this.#pool.size
  }

  get bytes(): number {
    return this.#pool.bytes + this.#ipv6.bytes + this.#pairs.bytes
  }

  /** The first session of a user and a torrent, by their ids; or 0. */
  firstOf(user: number, torrent: number): number {
    this.#pair[0] = user
    this.#pair[1] = torrent
    return this.#pairs.find(this.#pair)
  }

  /** The next session of the same user and torrent, or 0. */
  nextOf(session: number): number {
    return this.#pool.get(session, NEXT_OF_PAIR)
  }

  /** The session of a peer id among those from `first` on, or 0. */
  withPeerId(first: number, peerId: Uint32Array): number {
    for (let session = first; session !== 0; session = this.nextOf(session)) {
      if (this.#hasPeerId(session, peerId)) return session
    }
    return 0
  }

  /** Adds a session to those of a user and a torrent, in none of the other lists. */
  add(user: number, torrent: number, peerId: Uint32Array): number {
    const first = this.firstOf(user, torrent)
    const session = this.#pool.allocate()
    this.#pool.set(session, USER, user)
    this.#pool.set(session, TORRENT, torrent)
    this.#pool.longs(session).set(peerId, this.#pool.at(session) + PEER_ID)
    if (first === 0) {
      this.#pairs.add(session)
    } else {
      this.#pool.set(session, NEXT_OF_PAIR, this.nextOf(first))
      this.#pool.set(first, NEXT_OF_PAIR, session)
    }
    return session
  }

  /** Forgets a session that is in no list but that of its user and torrent. */
  remove(session: number): void {
    const next = this.nextOf(session)
    const first = this.firstOf(this.user(session), this.torrent(session))
    if (first === session) {
      this.#pairs.remove(session)
      if (next !== 0) this.#pairs.add(next)
    } else {
      let before = first
      while (this.nextOf(before) !== session) before = this.nextOf(before)
      this.#pool.set(before, NEXT_OF_PAIR, next)
    }
    this.forgetEndpoint(session, 6)
    this.#pool.release(session)
  }

  /** The user's id. */
  user(session: number): number {
    return this.#pool.get(session, USER)
  }

  /** The torrent's id. */
  torrent(session: number): number {
    return this.#pool.get(session, TORRENT)
  }

  /** A copy of the peer id, 20 bytes. */
  peerId(session: number): Uint8Array {
    const at = this.#pool.at(session) + PEER_ID
    const words = this.#pool.longs(session).slice(at, at + PEER_ID_LONGS)
    return new Uint8Array(words.buffer)
  }

  state(session: number): SessionState {
    return SESSION_STATES[this.#pool.get(session, STATE) & STATE_MASK] as SessionState
  }

  setState(session: number, state: SessionState): void {
    const notes = this.#pool.get(session, STATE) & ~STATE_MASK
    this.#pool.set(session, STATE, notes | SESSION_STATES.indexOf(state))
  }

  has(session: number, note: number): boolean {
    return (this.#pool.get(session, STATE) & note) !== 0
  }

  note(session: number, note: number, set: boolean): void {
    const word = this.#pool.get(session, STATE)
    this.#pool.set(session, STATE, set ? word | note : word & ~note)
  }

  uploaded(session: number): number {
    return this.#pool.getDouble(session, UPLOADED)
  }

  downloaded(session: number): number {
    return this.#pool.getDouble(session, DOWNLOADED)
  }

  corrupt(session: number): number {
    return this.#pool.getDouble(session, CORRUPT)
  }

  /** Bytes left at the last announce; undefined when the client did not say. */
  left(session: number): number | undefined {
    const left = this.#pool.getDouble(session, LEFT)
    return left === UNKNOWN ? undefined : left
  }

  /** Makes these counters the ones that the next announce is compared with. */
  setCounters(session: number, { uploaded, downloaded, corrupt }: Counters): void {
    this.#pool.setDouble(session, UPLOADED, uploaded)
    this.#pool.setDouble(session, DOWNLOADED, downloaded)
    this.#pool.setDouble(session, CORRUPT, corrupt)
  }

  setLeft(session: number, left: number | undefined): void {
    this.#pool.setDouble(session, LEFT, left ?? UNKNOWN)
  }

  /** Seconds since 1970. */
  first(session: number): number {
    return this.#pool.get(session, FIRST)
  }

  setFirst(session: number, seconds: number): void {
    this.#pool.set(session, FIRST, seconds)
  }

  /** Seconds since 1970. */
  last(session: number): number {
    return this.#pool.get(session, LAST)
  }

  setLast(session: number, seconds: number): void {
    this.#pool.set(session, LAST, seconds)
  }

  announces(session: number): number {
    return this.#pool.get(session, ANNOUNCES)
  }

  setAnnounces(session: number, announces: number): void {
    this.#pool.set(session, ANNOUNCES, announces)
  }

  /** Seconds since 1970 up to which seed time has been credited. */
  creditedUntil(session: number): number {
    return this.#pool.get(session, CREDITED_UNTIL)
  }

  setCreditedUntil(session: number, seconds: number): void {
    this.#pool.set(session, CREDITED_UNTIL, seconds)
  }

  /** The port in a family, or 0 when the session has no endpoint there. */
  port(session: number, family: 4 | 6): number {
    const ports = this.#pool.get(session, PORTS)
    return family === 4 ? ports & 0xffff : ports >>> 16
  }

  /** A copy of the address in a family where the session has an endpoint. */
  address(session: number, family: 4 | 6): Address {
    const pool = family === 4 ? this.#pool : this.#ipv6
    const record = family === 4 ? session : this.#pool.get(session, IPV6)
    const at = pool.at(record) + (family === 4 ? IPV4 : 0)
    return new Uint8Array(pool.longs(record).slice(at, at + (family === 4 ? 1 : IPV6_LONGS)).buffer)
  }

  /** Whether the session's endpoint in the address's family is this one. */
  hasEndpoint(session: number, address: Address, port: number): boolean {
    const family = address.length === 4 ? 4 : 6
    if (port === 0 || this.port(session, family) !== port) return false
    const bytes = this.#addressBytes(session, family)
    for (let index = 0; index < address.length; index++) {
      if (bytes[index] !== address[index]) return false
    }
    return true
  }

  /** Makes an endpoint the one of its family. */
  setEndpoint(session: number, address: Address, port: number): void {
    const family = address.length === 4 ? 4 : 6
    if (family === 6 && this.#pool.get(session, IPV6) === 0) {
      this.#pool.set(session, IPV6, this.#ipv6.allocate())
    }
    this.#addressBytes(session, family).set(address)
    this.#setPort(session, family, port)
  }

  forgetEndpoint(session: number, family: 4 | 6): void {
    this.#setPort(session, family, 0)
    const record = this.#pool.get(session, IPV6)
    if (family === 4 || record === 0) return
    this.#pool.set(session, IPV6, 0)
    this.#ipv6.release(record)
  }

  nextOfUser(session: number): number {
    return this.#pool.get(session, NEXT_OF_USER)
  }

  nextOfTorrent(session: number): number {
    return this.#pool.get(session, NEXT_OF_TORRENT)
  }

  /** Puts a session in front of those of its user and torrent, whose heads are given. */
  link(session: number, firstOfUser: number, firstOfTorrent: number): void {
    this.#pool.set(session, NEXT_OF_USER, firstOfUser)
    this.#pool.set(session, NEXT_OF_TORRENT, firstOfTorrent)
    if (firstOfUser !== 0) this.#pool.set(firstOfUser, PREVIOUS_OF_USER, session)
    if (firstOfTorrent !== 0) this.#pool.set(firstOfTorrent, PREVIOUS_OF_TORRENT, session)
  }

  /** Takes a session out of the lists of its user and torrent. Returns the heads where it was one. */
  unlink(session: number): { ofUser: number | undefined; ofTorrent: number | undefined } {
    return {
      ofUser: this.#unlink(session, NEXT_OF_USER, PREVIOUS_OF_USER),
      ofTorrent: this.#unlink(session, NEXT_OF_TORRENT, PREVIOUS_OF_TORRENT),
    }
  }

  #unlink(session: number, nextField: number, previousField: number): number | undefined {
    const next = this.#pool.get(session, nextField)
    const previous = this.#pool.get(session, previousField)
    if (next !== 0) this.#pool.set(next, previousField, previous)
    if (previous === 0) return next
    this.#pool.set(previous, nextField, next)
    return undefined
  }

  #hasPeerId(session: number, peerId: Uint32Array): boolean {
    const longs = this.#pool.longs(session)
    const at = this.#pool.at(session) + PEER_ID
    for (let index = 0; index < PEER_ID_LONGS; index++) {
      if (longs[at + index] !== peerId[index]) return false
    }
    return true
  }

  #addressBytes(session: number, family: 4 | 6): Uint8Array {
    if (family === 4) return bytesOf(this.#pool, session, IPV4, 4)
    return bytesOf(this.#ipv6, this.#pool.get(session, IPV6), 0, 16)
  }

  #setPort(session: number, family: 4 | 6, port: number): void {
    const ports = this.#pool.get(session, PORTS)
    const both = family === 4 ? (ports & 0xffff_0000) | port : (ports & 0xffff) | (port << 16)
    this.#pool.set(session, PORTS, both)
  }
}

/** Sessions in the order of their last announces. A session is in one queue at most. */
export class SessionQueue {
  readonly #pool: RecordPool
  #oldest = 0
  #newest = 0
  #size = 0

  constructor(pool: RecordPool) {
    this.#pool = pool
  }

  get size(): number {
    return this.#size
  }

  /** The session silent for longest, or 0. */
  get oldest(): number {
    return this.#oldest
  }

  push(session: number): void {
    this.#pool.set(session, OLDER, this.#newest)
    this.#pool.set(session, NEWER, 0)
    if (this.#newest === 0) this.#oldest = session
    else this.#pool.set(this.#newest, NEWER, session)
    this.#newest = session
    this.#size++
  }

  remove(session: number): void {
    const older = this.#pool.get(session, OLDER)
    const newer = this.#pool.get(session, NEWER)
    if (older === 0) this.#oldest = newer
    else this.#pool.set(older, NEWER, newer)
    if (newer === 0) this.#newest = older
    else this.#pool.set(newer, OLDER, older)
    this.#size--
  }
}

function bytesOf(pool: RecordPool, record: number, field: number, length: number): Uint8Array {
  const longs = pool.longs(record)
  return new Uint8Array(longs.buffer, (pool.at(record) + field) * 4, length)
}
