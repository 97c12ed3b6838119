import { readInfoHash, writeWords, type InfoHash, type KeyedHash } from '@chihaya/bittorrent'
import { RecordIndex } from '../memory/record-index.ts'
import { RecordPool } from '../memory/record-pool.ts'
import { checkId, checkPercent, RegistryError } from './user.ts'

/** `free`: downloads are not counted; `neutral`: neither direction is. */
export type LeechType = 'normal' | 'free' | 'neutral'

/** Whether a torrent may be announced. */
export type TorrentState = 'ok' | 'pending' | 'rejected' | 'postponed'

/** A torrent, as the site describes it. */
export interface Torrent {
  /** 1 to 2³²−1. */
  readonly id: number
  /** Of no other torrent. */
  readonly infoHash: InfoHash
  /** The infohash of a hybrid torrent's second version, cut to 20 bytes (BEP 52). */
  readonly infoHashV2?: InfoHash | undefined
  /** @default 'normal' */
  readonly leechType?: LeechType
  /** 0 to 10,000. @default 100 */
  readonly upPercent?: number
  /** 0 to 10,000. @default 100 */
  readonly downPercent?: number
  /** @default 'ok' */
  readonly state?: TorrentState
}

const LEECH_TYPES = ['normal', 'free', 'neutral'] as const
const STATES = ['ok', 'pending', 'rejected', 'postponed'] as const

// A record of 44 bytes.
const INFO_HASH = 0
const INFO_HASH_LONGS = 5
const ID = 5
const PERCENTS = 6
/** Leech type, and state above it. */
const KIND = 7
const FIRST_SESSION = 8
const SEEDING = 9
const LEECHING = 10
const WIDTH = 11

const STATE_SHIFT = 4

// A second infohash: the infohash, and the torrent's record.
const ALIAS_TORRENT = 5
const ALIAS_WIDTH = 6

const INFO_HASH_KEY = { at: INFO_HASH, length: INFO_HASH_LONGS }

/**
 * The torrents in flat memory, found by either infohash and by id. Methods name a torrent by the
 * number of its record, which stays as it is until the torrent is removed.
 */
export class TorrentTable {
  readonly #pool = new RecordPool(WIDTH)
  readonly #byInfoHash: RecordIndex
  readonly #byId: RecordIndex
  readonly #aliases = new RecordPool(ALIAS_WIDTH)
  readonly #byAlias: RecordIndex
  readonly #aliasOf: RecordIndex
  readonly #infoHash = new Uint32Array(INFO_HASH_LONGS)
  readonly #id = new Uint32Array(1)

  constructor(hash: KeyedHash) {
    this.#byInfoHash = new RecordIndex(this.#pool, INFO_HASH_KEY, hash)
    this.#byId = new RecordIndex(this.#pool, { at: ID, length: 1 }, hash)
    this.#byAlias = new RecordIndex(this.#aliases, INFO_HASH_KEY, hash)
    this.#aliasOf = new RecordIndex(this.#aliases, { at: ALIAS_TORRENT, length: 1 }, hash)
  }

  get size(): number {
    return this.#pool.size
  }

  get bytes(): number {
    const aliases = this.#aliases.bytes + this.#byAlias.bytes + this.#aliasOf.bytes
    return this.#pool.bytes + this.#byInfoHash.bytes + this.#byId.bytes + aliases
  }

  /** The torrent with an infohash, as words that hold its bytes in their order; or 0. */
  findByInfoHash(infoHash: Uint32Array): number {
    const record = this.#byInfoHash.find(infoHash)
    if (record !== 0 || this.#aliases.size === 0) return record
    const alias = this.#byAlias.find(infoHash)
    return alias === 0 ? 0 : this.#aliases.get(alias, ALIAS_TORRENT)
  }

  /** The torrent with an id, or 0. */
  find(id: number): number {
    this.#id[0] = id
    return this.#byId.find(this.#id)
  }

  /**
   * Adds a torrent, or changes the one with this id, whose sessions go on. Returns its record.
   * @throws {RegistryError} when a value is out of range, or another torrent has the infohash.
   */
  put(torrent: Torrent): number {
    const { id, infoHash, infoHashV2, leechType = 'normal', state = 'ok' } = torrent
    const { upPercent = 100, downPercent = 100 } = torrent
    this.check(torrent)
    let record = this.find(id)
    if (record === 0) {
      record = this.#pool.allocate()
      this.#pool.set(record, ID, id)
      this.#byId.add(record)
    } else {
      this.#byInfoHash.remove(record)
      this.#removeAlias(record)
    }
    writeWords(infoHash, this.#infoHash)
    this.#pool.longs(record).set(this.#infoHash, this.#pool.at(record) + INFO_HASH)
    this.#byInfoHash.add(record)
    if (infoHashV2 !== undefined && infoHashV2 !== infoHash) this.#addAlias(infoHashV2, record)
    this.#pool.set(record, PERCENTS, upPercent | (downPercent << 16))
    const kind = LEECH_TYPES.indexOf(leechType) | (STATES.indexOf(state) << STATE_SHIFT)
    this.#pool.set(record, KIND, kind)
    return record
  }

  /** @throws {RegistryError} when `put` would. */
  check({ id, infoHash, infoHashV2, upPercent = 100, downPercent = 100 }: Torrent): void {
    checkId('id', id)
    checkPercent('upPercent', upPercent)
    checkPercent('downPercent', downPercent)
    const record = this.find(id)
    this.#refuseTaken('infoHash', infoHash, record)
    if (infoHashV2 !== undefined) this.#refuseTaken('infoHashV2', infoHashV2, record)
  }

  /** Removes a torrent that has no sessions any more. */
  remove(record: number): void {
    this.#byInfoHash.remove(record)
    this.#byId.remove(record)
    this.#removeAlias(record)
    this.#pool.release(record)
  }

  id(record: number): number {
    return this.#pool.get(record, ID)
  }

  /** The infohashes of a torrent, one or two. */
  infoHashes(record: number): InfoHash[] {
    const own = infoHashAt(this.#pool, record)
    const alias = this.#aliasFor(record)
    return alias === 0 ? [own] : [own, infoHashAt(this.#aliases, alias)]
  }

  leechType(record: number): LeechType {
    return LEECH_TYPES[(this.#pool.get(record, KIND) & 3) as 0 | 1 | 2]
  }

  state(record: number): TorrentState {
    return STATES[((this.#pool.get(record, KIND) >>> STATE_SHIFT) & 3) as 0 | 1 | 2 | 3]
  }

  upPercent(record: number): number {
    return this.#pool.get(record, PERCENTS) & 0xffff
  }

  downPercent(record: number): number {
    return this.#pool.get(record, PERCENTS) >>> 16
  }

  /** The first in the list of the torrent's sessions, or 0. */
  firstSession(record: number): number {
    return this.#pool.get(record, FIRST_SESSION)
  }

  setFirstSession(record: number, session: number): void {
    this.#pool.set(record, FIRST_SESSION, session)
  }

  /** Active sessions that seed. */
  seeding(record: number): number {
    return this.#pool.get(record, SEEDING)
  }

  setSeeding(record: number, sessions: number): void {
    this.#pool.set(record, SEEDING, sessions)
  }

  /** Active sessions that do not seed. */
  leeching(record: number): number {
    return this.#pool.get(record, LEECHING)
  }

  setLeeching(record: number, sessions: number): void {
    this.#pool.set(record, LEECHING, sessions)
  }

  /** All torrents, as far as they are there when their turn comes. */
  *records(): Generator<number> {
    for (let record = 1; record < this.#pool.end; record++) if (this.id(record) !== 0) yield record
  }

  #refuseTaken(key: string, infoHash: InfoHash, record: number): void {
    writeWords(infoHash, this.#infoHash)
    const holder = this.findByInfoHash(this.#infoHash)
    if (holder !== 0 && holder !== record) {
      throw new RegistryError(key, 'belongs to another torrent', true)
    }
  }

  #addAlias(infoHash: InfoHash, torrent: number): void {
    const alias = this.#aliases.allocate()
    writeWords(infoHash, this.#infoHash)
    this.#aliases.longs(alias).set(this.#infoHash, this.#aliases.at(alias) + INFO_HASH)
    this.#aliases.set(alias, ALIAS_TORRENT, torrent)
    this.#byAlias.add(alias)
    this.#aliasOf.add(alias)
  }

  #removeAlias(torrent: number): void {
    const alias = this.#aliasFor(torrent)
    if (alias === 0) return
    this.#byAlias.remove(alias)
    this.#aliasOf.remove(alias)
    this.#aliases.release(alias)
  }

  #aliasFor(torrent: number): number {
    if (this.#aliases.size === 0) return 0
    this.#id[0] = torrent
    return this.#aliasOf.find(this.#id)
  }
}

function infoHashAt(pool: RecordPool, record: number): InfoHash {
  const longs = pool.longs(record)
  return readInfoHash(new Uint8Array(longs.buffer, (pool.at(record) + INFO_HASH) * 4, 20), 0)
}
