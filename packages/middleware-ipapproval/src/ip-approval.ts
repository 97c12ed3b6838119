import { parseAddress, type Address } from '@chihaya/bittorrent'
import type { EntryList } from '@chihaya/core/lists'
import { networksOf, parseEntry } from './address-range.ts'
import { NetworkTrie } from './network-trie.ts'
import type { RangeTable } from './range-table.ts'

const ALLOWED = 1
const DENIED = 2

export interface IpLists {
  readonly whitelist: EntryList<RangeTable>
  readonly blacklist: EntryList<RangeTable>
  /** Whether to approve an address that is on neither list. */
  readonly approvesOthers: boolean
}

/** The approved addresses: by two lists, and by later calls of `allow` and `deny`, which win. */
export class IpApproval {
  readonly #lists: IpLists
  readonly #edits = new NetworkTrie()
  readonly #denied: () => void

  /** `denied` is called after each `deny`. */
  constructor(lists: IpLists, denied: () => void = () => undefined) {
    this.#lists = lists
    this.#denied = denied
  }

  /** Approves an address or a range from now on. @throws {RangeError} for any other text. */
  allow(entry: string): void {
    this.#edit(entry, ALLOWED)
  }

  /** Refuses an address or a range from now on. @throws {RangeError} for any other text. */
  deny(entry: string): void {
    this.#edit(entry, DENIED)
    this.#denied()
  }

  /**
   * Whether an address, in bytes or as text, is approved.
   * @throws {RangeError} for a text that is not an address.
   */
  has(address: Address | string): boolean {
    const bytes = typeof address === 'string' ? read(address) : address
    const edit = this.#edits.get(bytes)
    if (edit !== 0) return edit === ALLOWED
    const { whitelist, blacklist, approvesOthers } = this.#lists
    const white = Math.max(whitelist.inOptions.get(bytes), whitelist.inFile.get(bytes))
    const black = Math.max(blacklist.inOptions.get(bytes), blacklist.inFile.get(bytes))
    return white > black || (black === 0 && approvesOthers)
  }

  #edit(entry: string, verdict: number): void {
    for (const network of networksOf(parseEntry(entry))) this.#edits.cover(network, verdict)
  }
}

function read(text: string): Address {
  const address = parseAddress(text)
  if (address === undefined) throw new RangeError(`${JSON.stringify(text)} is not an address`)
  return address
}
