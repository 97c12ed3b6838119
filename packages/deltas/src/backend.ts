import type { DeltaState } from './delta.ts'
import type { DeltaSink } from './sink.ts'

/** A member of the site. */
export interface UserRow {
  /** 1 to 2³²−1. */
  readonly id: number
  /** 16 to 64 of `[0-9A-Za-z_-]`; of no other user. */
  readonly passkey: string
  /** @default true */
  readonly enabled?: boolean
  /** Whether the user may download. @default true */
  readonly mayLeech?: boolean
  /** Whether the user's address is withheld from every record. @default false */
  readonly hidden?: boolean
  /** Whether all downloads are free. @default false */
  readonly free?: boolean
  /** Torrents that the user may download at a time; `Infinity` for no limit. @default Infinity */
  readonly slots?: number
  /** Clients on one torrent; 0 for the tracker's own limit. @default 0 */
  readonly peersPerTorrent?: number
  /** 0 to 10,000. @default 100 */
  readonly upPercent?: number
  /** 0 to 10,000. @default 100 */
  readonly downPercent?: number
}

export interface TorrentRow {
  readonly id: number
  /** 20 bytes. */
  readonly infoHash: Uint8Array
  /** 20 bytes. */
  readonly infoHashV2?: Uint8Array | undefined
  readonly leechType?: 'normal' | 'free' | 'neutral'
  readonly upPercent?: number
  readonly downPercent?: number
  readonly state?: 'ok' | 'pending' | 'rejected' | 'postponed'
}

export interface TokenRow {
  readonly user: number
  readonly torrent: number
  /** Seconds since 1970; 0 for never. */
  readonly expiresAt: number
}

/** Terms that hold for a while: for a user, for a torrent, or for everybody. */
export interface PromotionRow {
  readonly name: string
  readonly for: { readonly user: number } | { readonly torrent: number } | 'everybody'
  /** The first second since 1970 that it holds in; 0 for always. */
  readonly from: number
  /** The first second since 1970 that it does not hold in any more; 0 for never. */
  readonly until: number
  readonly leechType: 'normal' | 'free' | 'neutral'
  readonly upPercent: number
  readonly downPercent: number
}

export interface ClientRow {
  /** 1 to 20 bytes that a peer id begins with, as a byte string. */
  readonly prefix: string
  readonly allowed: boolean
}

/** The last word of a session: what the next announce is compared with. */
export interface SessionRow {
  readonly user: number
  readonly torrent: number
  /** 20 bytes. */
  readonly peer: Uint8Array
  readonly uploaded: number
  readonly downloaded: number
  readonly corrupt: number
  readonly left: number | undefined
  readonly state: DeltaState
  /** Seconds since 1970. */
  readonly first: number
  readonly last: number
  readonly announces: number
}

/** What takes the rows of a database, a list at a time. */
export interface RegistryLoader {
  users(rows: readonly UserRow[]): void
  torrents(rows: readonly TorrentRow[]): void
  tokens(rows: readonly TokenRow[]): void
  promotions(rows: readonly PromotionRow[]): void
  clients(rows: readonly ClientRow[]): void
  sessions(rows: readonly SessionRow[]): void
}

/**
 * The database of a site: a sink of records that also holds who may use the tracker, and the last
 * word of each session.
 */
export interface Backend extends DeltaSink {
  /**
   * Reads everything, and gives the event loop a turn between lists. Sessions silent since before
   * `since` (seconds since 1970) may be left out.
   * @throws {SinkError}
   */
  load(loader: RegistryLoader, since: number): Promise<void>
  /** Writes through what an application changes; undefined where the site alone writes. */
  readonly registry?: RegistryWriter | undefined
}

/** Changes to the registry of a database that belongs to the tracker. */
export interface RegistryWriter {
  putUser(user: UserRow): Promise<void>
  removeUser(id: number): Promise<void>
  putTorrent(torrent: TorrentRow): Promise<void>
  removeTorrent(id: number): Promise<void>
  putToken(token: TokenRow): Promise<void>
  removeToken(user: number, torrent: number): Promise<void>
  putPromotion(promotion: PromotionRow): Promise<void>
  removePromotion(name: string): Promise<void>
  putClient(client: ClientRow): Promise<void>
  removeClient(prefix: string): Promise<void>
}
