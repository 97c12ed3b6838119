import { byteString, clientId, type PeerId } from '@chihaya/bittorrent'
import type { ListFormat } from '@chihaya/core/lists'
import { parseClientEntry, type ClientEntry } from './client-entry.ts'

/** Clients by their ids, and by entries that match many. */
export class ClientList {
  readonly #ids = new Set<string>()
  readonly #others: ClientEntry[] = []

  get size(): number {
    return this.#ids.size + this.#others.length
  }

  add(entry: ClientEntry): void {
    if (entry.id === undefined) this.#others.push(entry)
    else this.#ids.add(entry.id)
  }

  has(peerId: PeerId): boolean {
    if (this.#ids.size > 0 && this.#ids.has(clientId(peerId))) return true
    return this.#others.some((entry) => entry.matches(peerId))
  }
}

export const clientList: ListFormat<ClientList> = {
  create: () => new ClientList(),

  add(list, bytes, start, end) {
    list.add(parseClientEntry(byteString(bytes, start, end)))
  },
}
