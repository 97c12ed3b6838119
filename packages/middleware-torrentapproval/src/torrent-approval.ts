import {
  infoHashFrom,
  infoHashFromHex,
  INFO_HASH_LENGTH,
  writeByteString,
  type InfoHash,
} from '@chihaya/bittorrent'
import type { TrackerHooks } from '@chihaya/core'
import type { EntryList } from '@chihaya/core/lists'
import { InfoHashTable } from './info-hash-table.ts'

const ALLOWED = 1
const DENIED = 2

/** The approved torrents: by a list, and by later calls of `allow` and `deny`, which win. */
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
   * Approves a torrent from now on. Like all methods, it takes 20 bytes or hex.
   * @throws {RangeError} for anything else.
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
    throw new RangeError(`${JSON.stringify(text)} is not an infohash: neither 20 bytes nor hex`)
  return infoHash
}

/**
 * Answers scrapes of unapproved torrents with zeros, like those of unknown ones. A refusal would
 * tell which infohashes of a scrape exist.
 */
export function hideUnapproved(approval: TorrentApproval): TrackerHooks['onScrape'] {
  return ({ infoHashes }, answer) => {
    for (const [index, infoHash] of infoHashes.entries())
      if (!approval.has(infoHash)) answer.clear(index)
  }
}
