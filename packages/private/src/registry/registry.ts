import type { KeyedHash } from '@chihaya/bittorrent'
import { ClientList } from './client-list.ts'
import { DeletedTorrents } from './deleted-torrents.ts'
import { PromotionList } from './promotion-list.ts'
import { TokenTable } from './token-table.ts'
import { TorrentTable } from './torrent-table.ts'
import { UserTable } from './user-table.ts'

/** What the site decides: who may use the tracker, for which torrents, on which terms. */
export class Registry {
  readonly users: UserTable
  readonly torrents: TorrentTable
  readonly tokens: TokenTable
  readonly promotions: PromotionList = new PromotionList()
  readonly clients: ClientList = new ClientList()
  readonly deleted: DeletedTorrents = new DeletedTorrents()

  constructor(hash: KeyedHash) {
    this.users = new UserTable(hash)
    this.torrents = new TorrentTable(hash)
    this.tokens = new TokenTable(hash)
  }

  /** Bytes of the tables. */
  get bytes(): number {
    return this.users.bytes + this.torrents.bytes + this.tokens.bytes
  }
}
