import type { KeyedHash } from '@chihaya/bittorrent'
import { RecordIndex } from '../memory/record-index.ts'
import { RecordPool } from '../memory/record-pool.ts'

// A record of 16 bytes; the bytes downloaded with a token are counted where credit is kept.
const USER = 0
const TORRENT = 1
const EXPIRES = 2
const WIDTH = 4

/**
 * Tokens in flat memory: each makes one torrent free for one user. Users and torrents are named by
 * their ids.
 */
export class TokenTable {
  readonly #pool = new RecordPool(WIDTH)
  readonly #index: RecordIndex
  readonly #key = new Uint32Array(2)

  constructor(hash: KeyedHash) {
    this.#index = new RecordIndex(this.#pool, { at: USER, length: 2 }, hash)
  }

  get bytes(): number {
    return this.#pool.bytes + this.#index.bytes
  }

  get size(): number {
    return this.#pool.size
  }

  /** Gives a token, or changes when it expires: seconds since 1970, 0 for never. */
  put(user: number, torrent: number, expiresAt: number): void {
    let token = this.#find(user, torrent)
    if (token === 0) {
      token = this.#pool.allocate()
      this.#pool.set(token, USER, user)
      this.#pool.set(token, TORRENT, torrent)
      this.#index.add(token)
    }
    this.#pool.set(token, EXPIRES, expiresAt)
  }

  /** Whether a user has a token for a torrent that has not expired; `now` in seconds since 1970. */
  holds(user: number, torrent: number, now: number): boolean {
    if (this.#pool.size === 0) return false
    const token = this.#find(user, torrent)
    if (token === 0) return false
    const expiresAt = this.#pool.get(token, EXPIRES)
    return expiresAt === 0 || now < expiresAt
  }

  /** Returns false if there was no such token. */
  remove(user: number, torrent: number): boolean {
    const token = this.#find(user, torrent)
    if (token === 0) return false
    this.#index.remove(token)
    this.#pool.release(token)
    return true
  }

  #find(user: number, torrent: number): number {
    this.#key[0] = user
    this.#key[1] = torrent
    return this.#index.find(this.#key)
  }
}
