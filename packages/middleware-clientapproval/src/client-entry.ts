import { clientId, type PeerId } from '@chihaya/bittorrent'
import { parseRange } from './version-range.ts'

/** How an entry may be written, as a regular expression, and in examples. */
export const ENTRY_PATTERN =
  '^([\\x00-\\xff]{6}|[\\x00-\\xff]{0,6}\\*|-[\\x00-\\xff]{0,19}\\*|-?[\\x21-\\xff]{2}( *(>=|<=|>|<|=) *\\d+(\\.\\d+){0,3}){1,2})$'
export const ENTRY_EXAMPLES: readonly string[] = [
  'TR2940',
  'TR29*',
  '-TR*',
  'qB >= 4.4',
  'qB >= 4.4 < 4.6',
]

const ENTRY: RegExp = new RegExp(ENTRY_PATTERN, 'u')

/** Some of the clients there are. */
export interface ClientEntry {
  /** The client id, for an entry that is no more than that. */
  readonly id?: string
  readonly matches: (peerId: PeerId) => boolean
}

/**
 * Reads an entry of a list of clients: a client id (`TR2940`), the beginning of one (`TR29*`), the
 * beginning of a peer id (`-TR*`), or a range of versions (`qB >= 4.4`).
 * @throws {RangeError}
 */
export function parseClientEntry(text: string): ClientEntry {
  if (!ENTRY.test(text))
    throw new RangeError(
      `${JSON.stringify(text)} is no client: write it like ${ENTRY_EXAMPLES.join(', ')}`,
    )
  if (text.endsWith('*')) return beginningWith(text.slice(0, -1))
  const range = parseRange(text)
  if (range !== undefined) return { matches: range }
  return { id: text, matches: (peerId) => clientId(peerId) === text }
}

function beginningWith(prefix: string): ClientEntry {
  if (prefix.startsWith('-')) return { matches: (peerId) => peerId.startsWith(prefix) }
  return { matches: (peerId) => peerId.startsWith(prefix, peerId.startsWith('-') ? 1 : 0) }
}
