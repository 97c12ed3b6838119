import {
  infoHashFrom,
  infoHashFromHex,
  INFO_HASH_LENGTH,
  writeByteString,
  type InfoHash,
} from '@chihaya/bittorrent'
import type { EntryList } from '@chihaya/core/lists'
import { InfoHashTable } from './info-hash-table.ts'

const ALLOWED = 1
const DENIED = 2

/**
 * Which torrents are approved: by a list, and by what was allowed and denied since, which comes
 * before the list.
 */
export class TorrentApproval {
  readonly #list: EntryList<InfoHashTable>
  readonly #isWhitelist: boolean
  readonly #edits = new InfoHashTable(0)
  readonly #denied: () => void

  /** `denied` is called after each `deny`. */
  constructor(
    list: EntryList<InfoHashTable>,
    isWhitelist: boolean,
    denied: () => void = () => undefined,
  ) {
    this.#list = list
    this.#isWhitelist = isWhitelist
    this.#denied = denied
  }

  /**
   * Approves a torrent from now on. Takes 20 bytes or hex, as all methods do. @throws {RangeError}
   * for anything else.
   */
  allow(infoHash: string): void {
    this.#edit(infoHash, ALLOWED)
  }

  /** Refuses a torrent from now on. */
  deny(infoHash: string): void {
    this.#edit(infoHash, DENIED)
    this.#denied()
  }

  /** Whether a torrent is approved. */
  has(infoHash: string): boolean {
    const bytes = infoHash.length === INFO_HASH_LENGTH ? (infoHash as InfoHash) : read(infoHash)
    const edit = this.#edits.get(bytes)
    if (edit !== 0) return edit === ALLOWED
    return (
      (this.#list.inOptions.get(bytes) !== 0 || this.#list.inFile.get(bytes) !== 0) ===
      this.#isWhitelist
    )
  }

  #edit(infoHash: string, verdict: number): void {
    const bytes = new Uint8Array(INFO_HASH_LENGTH)
    writeByteString(read(infoHash), bytes, 0)
    this.#edits.set(bytes, 0, verdict)
  }
}

function read(text: string): InfoHash {
  const infoHash = infoHashFrom(text) ?? infoHashFromHex(text)
  if (infoHash === undefined)
    throw new RangeError(`${JSON.stringify(text)} is no infohash: neither 20 bytes nor hex`)
  return infoHash
}
