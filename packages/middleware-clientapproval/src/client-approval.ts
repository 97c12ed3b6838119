import { byteString, clientId, PEER_ID_LENGTH, type PeerId } from '@chihaya/bittorrent'
import type { EntryList, ListFormat } from '@chihaya/core/lists'
import { parseClientEntry, type ClientEntry } from './client-entry.ts'

const CLIENT_ID_LENGTH = 6

interface Edit {
  readonly entry: ClientEntry
  readonly approved: boolean
}

/** The approved clients: by a list, and by later calls of `allow` and `deny`, which win. */
export class ClientApproval {
  readonly #list: EntryList<ClientList>
  readonly #isWhitelist: boolean
  /** By the text of the entry, latest last. */
  readonly #edits = new Map<string, Edit>()
  /** The same, latest first. */
  #latest: readonly Edit[] = []
  readonly #denied: () => void

  /** `denied` is called after each `deny`. */
  constructor(
    list: EntryList<ClientList>,
    isWhitelist: boolean,
    denied: () => void = () => undefined,
  ) {
    this.#list = list
    this.#isWhitelist = isWhitelist
    this.#denied = denied
  }

  /** Approves all clients that match an entry. @throws {RangeError} for an invalid entry. */
  allow(entry: string): void {
    this.#edit(entry, true)
  }

  /** Refuses all clients that match an entry. @throws {RangeError} for an invalid entry. */
  deny(entry: string): void {
    this.#edit(entry, false)
    this.#denied()
  }

  /**
   * Whether a client is approved, by its peer id or client id (`TR2940` for `-TR2940-…`).
   * @throws {RangeError} for any other text.
   */
  has(client: string): boolean {
    const peerId = client.length === PEER_ID_LENGTH ? (client as PeerId) : azureusStyle(client)
    for (const { entry, approved } of this.#latest) if (entry.matches(peerId)) return approved
    return (this.#list.inOptions.has(peerId) || this.#list.inFile.has(peerId)) === this.#isWhitelist
  }

  #edit(text: string, approved: boolean): void {
    const entry = parseClientEntry(text)
    this.#edits.delete(text)
    this.#edits.set(text, { entry, approved })
    this.#latest = [...this.#edits.values()].toReversed()
  }
}

function azureusStyle(id: string): PeerId {
  if (id.length === CLIENT_ID_LENGTH) return `-${id}-`.padEnd(PEER_ID_LENGTH) as PeerId
  throw new RangeError(`${JSON.stringify(id)} is neither a peer id nor a client id`)
}

/** A list of clients: client ids, and entries that match several. */
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
