import type { InfoHash } from '@chihaya/bittorrent'
import { writeByteString } from '@chihaya/bittorrent'
import type { ClientRow, PromotionRow, RegistryWriter, TokenRow } from '@chihaya/deltas'
import type { Registry } from './registry/registry.ts'
import type { Torrent } from './registry/torrent-table.ts'
import { completeUser, RegistryError, type CompleteUser, type User } from './registry/user.ts'

export interface MembersInit {
  readonly registry: Registry
  readonly writer: RegistryWriter | undefined
  readonly clock: () => number
  /** Changes wait for the state, which would replace them. */
  readonly loaded: Promise<void>
  /** Ends the sessions from `first` on, before their user or torrent goes. */
  readonly endSessions: (first: number, next: 'user' | 'torrent') => void
}

const REASON = /^[\x20-\x7e]{1,64}$/

/**
 * What a site does with its members. A change waits until the state is loaded, and is in effect when
 * its promise resolves, for the next announce; where the database belongs to the tracker, it is written there first.
 */
export class Members {
  readonly users: UserRegister
  readonly torrents: TorrentRegister
  readonly tokens: TokenRegister
  readonly promotions: PromotionRegister
  readonly clients: ClientRegister

  constructor(init: MembersInit) {
    this.users = new UserRegister(init)
    this.torrents = new TorrentRegister(init)
    this.tokens = new TokenRegister(init)
    this.promotions = new PromotionRegister(init)
    this.clients = new ClientRegister(init)
  }
}

class Register {
  protected readonly init: MembersInit

  constructor(init: MembersInit) {
    this.init = init
  }

  protected get registry(): Registry {
    return this.init.registry
  }
}

export class UserRegister extends Register {
  /** Adds a user, or changes the one of this id, whose sessions go on. @throws {RegistryError} */
  async put(user: User): Promise<void> {
    await this.init.loaded
    const { users } = this.registry
    const complete = completeUser(user)
    const holder = users.findByPasskey(user.passkey)
    if (holder !== 0 && users.id(holder) !== user.id) {
      throw new RegistryError('passkey', 'belongs to another user', true)
    }
    await this.init.writer?.putUser(complete)
    users.put(user)
  }

  /** Everything but the passkey, which is told to nobody; undefined for an unknown id. */
  get(id: number): Omit<CompleteUser, 'passkey'> | undefined {
    const { users } = this.registry
    const record = users.find(id)
    return record === 0 ? undefined : users.describe(record)
  }

  /** Removes a user, whose sessions end. Resolves with false for an unknown id. */
  async remove(id: number): Promise<boolean> {
    await this.init.loaded
    if (this.registry.users.find(id) === 0) return false
    await this.init.writer?.removeUser(id)
    const { users } = this.registry
    const record = users.find(id)
    if (record === 0) return false
    this.init.endSessions(users.firstSession(record), 'user')
    users.remove(record)
    return true
  }
}

export class TorrentRegister extends Register {
  /** Adds a torrent, or changes the one of this id, whose sessions go on. @throws {RegistryError} */
  async put(torrent: Torrent): Promise<void> {
    await this.init.loaded
    const { torrents, deleted } = this.registry
    torrents.check(torrent)
    await this.init.writer?.putTorrent({
      ...torrent,
      infoHash: bytesOf(torrent.infoHash),
      infoHashV2: torrent.infoHashV2 && bytesOf(torrent.infoHashV2),
    })
    torrents.put(torrent)
    deleted.remove(torrent.infoHash)
    if (torrent.infoHashV2 !== undefined) deleted.remove(torrent.infoHashV2)
  }

  /**
   * Removes a torrent, whose sessions end. Its clients are told the reason for a day, if there is
   * one: up to 64 printable ASCII characters. Resolves with false for an unknown id.
   * @throws {RegistryError} for another reason.
   */
  async remove(id: number, reason?: string): Promise<boolean> {
    await this.init.loaded
    if (reason !== undefined && !REASON.test(reason)) {
      throw new RegistryError('reason', 'must be 1 to 64 printable ASCII characters')
    }
    if (this.registry.torrents.find(id) === 0) return false
    await this.init.writer?.removeTorrent(id)
    const { torrents, deleted } = this.registry
    const record = torrents.find(id)
    if (record === 0) return false
    if (reason !== undefined) {
      const now = this.init.clock()
      for (const infoHash of torrents.infoHashes(record)) deleted.add(infoHash, reason, now)
    }
    this.init.endSessions(torrents.firstSession(record), 'torrent')
    torrents.remove(record)
    return true
  }
}

export class TokenRegister extends Register {
  /** Gives a user a token for a torrent; `expiresAt` in seconds since 1970, 0 for never. */
  async put(token: TokenRow): Promise<void> {
    await this.init.loaded
    await this.init.writer?.putToken(token)
    this.registry.tokens.put(token.user, token.torrent, token.expiresAt)
  }

  async remove(user: number, torrent: number): Promise<boolean> {
    await this.init.loaded
    await this.init.writer?.removeToken(user, torrent)
    return this.registry.tokens.remove(user, torrent)
  }
}

export class PromotionRegister extends Register {
  /** Adds a promotion, or replaces the one of this name. @throws {RegistryError} */
  async put(promotion: PromotionRow): Promise<void> {
    await this.init.loaded
    await this.init.writer?.putPromotion(promotion)
    this.registry.promotions.put(promotion)
  }

  async remove(name: string): Promise<boolean> {
    await this.init.loaded
    await this.init.writer?.removePromotion(name)
    return this.registry.promotions.remove(name)
  }
}

export class ClientRegister extends Register {
  /** Allows or denies clients by a prefix of their peer ids, a byte string of 1 to 20. */
  async put(client: ClientRow): Promise<void> {
    await this.init.loaded
    await this.init.writer?.putClient(client)
    this.registry.clients.put(client.prefix, client.allowed)
  }

  async remove(prefix: string): Promise<boolean> {
    await this.init.loaded
    await this.init.writer?.removeClient(prefix)
    return this.registry.clients.remove(prefix)
  }
}

function bytesOf(infoHash: InfoHash): Uint8Array {
  const bytes = new Uint8Array(infoHash.length)
  writeByteString(infoHash, bytes, 0)
  return bytes
}
