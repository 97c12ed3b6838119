import { parseAddress, parseNetwork, type Address } from '@chihaya/bittorrent'
import type { EntryList } from '@chihaya/core/lists'
import { NetworkTrie } from './network-trie.ts'

const ALLOWED = 1
const DENIED = 2

export interface IpLists {
  readonly whitelist: EntryList<NetworkTrie>
  readonly blacklist: EntryList<NetworkTrie>
  /** Whether an address on neither list is approved. */
  readonly approvesOthers: boolean
}

/** Which addresses are approved: by two lists, and by what was allowed and denied since, which comes before the lists. */
export class IpApproval {
  readonly #lists: IpLists
  readonly #edits = new NetworkTrie()

  constructor(lists: IpLists) {
    this.#lists = lists
  }

  /** Approves an address or all of a CIDR range, from now on. @throws {RangeError} for what is neither. */
  allow(network: string): void {
    this.#edits.cover(parseNetwork(network), ALLOWED)
  }

  /** Refuses an address or all of a CIDR range, from now on. @throws {RangeError} for what is neither. */
  deny(network: string): void {
    this.#edits.cover(parseNetwork(network), DENIED)
  }

  /** Whether an address is approved: its bytes, or its text. @throws {RangeError} for a text that is none. */
  has(address: Address | string): boolean {
    const bytes = typeof address === 'string' ? read(address) : address
    const edit = this.#edits.get(bytes)
    if (edit !== 0) return edit === ALLOWED
    const { whitelist, blacklist, approvesOthers } = this.#lists
    const white = Math.max(whitelist.inOptions.get(bytes), whitelist.inFile.get(bytes))
    const black = Math.max(blacklist.inOptions.get(bytes), blacklist.inFile.get(bytes))
    return white > black || (black === 0 && approvesOthers)
  }
}

function read(text: string): Address {
  const address = parseAddress(text)
  if (address === undefined) throw new RangeError(`${JSON.stringify(text)} is no address`)
  return address
}
