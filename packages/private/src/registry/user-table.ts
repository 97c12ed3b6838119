import { writeByteString, KeyedHash } from '@chihaya/bittorrent'
import { createHash } from 'node:crypto'
import { RecordIndex } from '../memory/record-index.ts'
import { RecordPool } from '../memory/record-pool.ts'
import { completeUser, RegistryError, UNLIMITED, type CompleteUser, type User } from './user.ts'

// A record of 64 bytes. The key comes first, so that a lookup and what follows share a cache line.
const PASSKEY = 0
const PASSKEY_LONGS = 8
const ID = 8
/** Flags, and the clients per torrent above them. */
const FLAGS = 9
const PERCENTS = 10
const SLOTS = 11
const LEECHING = 12
const SEEDING = 13
const FIRST_SESSION = 14
const WIDTH = 16

const PASSKEY_BYTES = PASSKEY_LONGS * 4
const ENABLED = 1
const MAY_LEECH = 2
const HIDDEN = 4
const FREE = 8
const PEERS_SHIFT = 8

/**
 * The users in flat memory, found by passkey and by id. Methods name a user by the number of its
 * record, which stays as it is until the user is removed.
 */
export class UserTable {
  readonly #pool = new RecordPool(WIDTH)
  readonly #byPasskey: RecordIndex
  readonly #byId: RecordIndex
  /** The passkey that is looked up. */
  readonly #passkey = new Uint32Array(PASSKEY_LONGS)
  readonly #passkeyBytes = new Uint8Array(this.#passkey.buffer)
  readonly #id = new Uint32Array(1)

  constructor(hash: KeyedHash) {
    this.#byPasskey = new RecordIndex(this.#pool, { at: PASSKEY, length: PASSKEY_LONGS }, hash)
    this.#byId = new RecordIndex(this.#pool, { at: ID, length: 1 }, hash)
  }

  get size(): number {
    return this.#pool.size
  }

  get bytes(): number {
    return this.#pool.bytes + this.#byPasskey.bytes + this.#byId.bytes
  }

  /** The user with a passkey of valid form, or 0. */
  findByPasskey(passkey: string): number {
    this.#writePasskey(passkey)
    return this.#byPasskey.find(this.#passkey)
  }

  /** The user with an id, or 0. */
  find(id: number): number {
    this.#id[0] = id
    return this.#byId.find(this.#id)
  }

  /**
   * Adds a user, or changes the one with this id, whose sessions go on. Returns its record.
   * @throws {RegistryError} when a value is out of range, or another user has the passkey.
   */
  put(given: User): number {
    const user = completeUser(given)
    const holder = this.findByPasskey(user.passkey)
    let record = this.find(user.id)
    if (holder !== 0 && holder !== record) {
      throw new RegistryError('passkey', 'belongs to another user', true)
    }
    if (record === 0) {
      record = this.#pool.allocate()
      this.#pool.set(record, ID, user.id)
      this.#byId.add(record)
    } else if (holder === 0) this.#byPasskey.remove(record)
    this.#write(record, user)
    if (holder === 0) {
      this.#pool.longs(record).set(this.#passkey, this.#pool.at(record) + PASSKEY)
      this.#byPasskey.add(record)
    }
    return record
  }

  /** Removes a user that has no sessions any more. */
  remove(record: number): void {
    this.#byPasskey.remove(record)
    this.#byId.remove(record)
    this.#pool.release(record)
  }

  id(record: number): number {
    return this.#pool.get(record, ID)
  }

  enabled(record: number): boolean {
    return (this.#pool.get(record, FLAGS) & ENABLED) !== 0
  }

  mayLeech(record: number): boolean {
    return (this.#pool.get(record, FLAGS) & MAY_LEECH) !== 0
  }

  hidden(record: number): boolean {
    return (this.#pool.get(record, FLAGS) & HIDDEN) !== 0
  }

  free(record: number): boolean {
    return (this.#pool.get(record, FLAGS) & FREE) !== 0
  }

  /** Clients on one torrent; 0 for the tracker's own limit. */
  peersPerTorrent(record: number): number {
    return (this.#pool.get(record, FLAGS) >>> PEERS_SHIFT) & 0xff
  }

  upPercent(record: number): number {
    return this.#pool.get(record, PERCENTS) & 0xffff
  }

  downPercent(record: number): number {
    return this.#pool.get(record, PERCENTS) >>> 16
  }

  /** Torrents that the user may download at a time, or `Infinity`. */
  slots(record: number): number {
    const slots = this.#pool.get(record, SLOTS)
    return slots === UNLIMITED ? Infinity : slots
  }

  /** Torrents that the user downloads. */
  leeching(record: number): number {
    return this.#pool.get(record, LEECHING)
  }

  setLeeching(record: number, torrents: number): void {
    this.#pool.set(record, LEECHING, torrents)
  }

  /** Torrents that the user seeds. */
  seeding(record: number): number {
    return this.#pool.get(record, SEEDING)
  }

  setSeeding(record: number, torrents: number): void {
    this.#pool.set(record, SEEDING, torrents)
  }

  /** The first in the list of the user's sessions, or 0. */
  firstSession(record: number): number {
    return this.#pool.get(record, FIRST_SESSION)
  }

  setFirstSession(record: number, session: number): void {
    this.#pool.set(record, FIRST_SESSION, session)
  }

  /** Everything about a user but the passkey, which is told to nobody. */
  describe(record: number): Omit<CompleteUser, 'passkey'> {
    return {
      id: this.id(record),
      enabled: this.enabled(record),
      mayLeech: this.mayLeech(record),
      hidden: this.hidden(record),
      free: this.free(record),
      slots: this.slots(record),
      peersPerTorrent: this.peersPerTorrent(record),
      upPercent: this.upPercent(record),
      downPercent: this.downPercent(record),
    }
  }

  /** All users, as far as they are there when their turn comes. */
  *records(): Generator<number> {
    for (let record = 1; record < this.#pool.end; record++) if (this.id(record) !== 0) yield record
  }

  /** Shorter passkeys are padded; a longer one is represented by its SHA-256. */
  #writePasskey(passkey: string): void {
    if (passkey.length > PASSKEY_BYTES) {
      this.#passkeyBytes.set(createHash('sha256').update(passkey).digest())
      return
    }
    this.#passkey.fill(0)
    writeByteString(passkey, this.#passkeyBytes, 0)
  }

  #write(record: number, user: CompleteUser): void {
    const flags =
      (user.enabled ? ENABLED : 0) |
      (user.mayLeech ? MAY_LEECH : 0) |
      (user.hidden ? HIDDEN : 0) |
      (user.free ? FREE : 0)
    this.#pool.set(record, FLAGS, flags | (user.peersPerTorrent << PEERS_SHIFT))
    this.#pool.set(record, PERCENTS, user.upPercent | (user.downPercent << 16))
    this.#pool.set(record, SLOTS, user.slots === Infinity ? UNLIMITED : user.slots)
  }
}
