import { PEER_ID_LENGTH, type PeerId } from '@chihaya/bittorrent'
import type { EntryList } from '@chihaya/core/lists'
import { parseClientEntry, type ClientEntry } from './client-entry.ts'
import type { ClientList } from './client-list.ts'

const CLIENT_ID_LENGTH = 6

interface Edit {
  readonly entry: ClientEntry
  readonly approved: boolean
}

/**
 * Which clients are approved: by a list, and by what was allowed and denied since, which comes
 * before the list.
 */
export class ClientApproval {
  readonly #list: EntryList<ClientList>
  readonly #isWhitelist: boolean
  /** By the text of their entry, the latest last. */
  readonly #edits = new Map<string, Edit>()
  /** The same, the latest first. */
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

  /**
   * Approves all clients that an entry matches, from now on. @throws {RangeError} for what is no
   * entry of a list.
   */
  allow(entry: string): void {
    this.#edit(entry, true)
  }

  /**
   * Refuses all clients that an entry matches, from now on. @throws {RangeError} for what is no
   * entry of a list.
   */
  deny(entry: string): void {
    this.#edit(entry, false)
    this.#denied()
  }

  /**
   * Whether a client is approved, by its peer id or its client id; `TR2940` is then that of
   * `-TR2940-…`. @throws {RangeError}
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

function azureusStyle(clientId: string): PeerId {
  if (clientId.length === CLIENT_ID_LENGTH) return `-${clientId}-`.padEnd(PEER_ID_LENGTH) as PeerId
  throw new RangeError(`${JSON.stringify(clientId)} is neither a peer id nor a client id`)
}
