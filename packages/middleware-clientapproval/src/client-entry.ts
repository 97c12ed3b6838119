import { clientId, type PeerId } from '@chihaya/bittorrent'

/** The syntax of entries, as a regular expression and in examples. */
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

/** An entry of a list of clients. */
export interface ClientEntry {
  /** The client id, if the entry is one. */
  readonly id?: string
  readonly matches: (peerId: PeerId) => boolean
}

/**
 * Parses an entry: a client id (`TR2940`), a prefix of client ids (`TR29*`) or peer ids (`-TR*`),
 * or a range of versions (`qB >= 4.4`).
 * @throws {RangeError} for any other text.
 */
export function parseClientEntry(text: string): ClientEntry {
  if (!ENTRY.test(text))
    throw new RangeError(
      `${JSON.stringify(text)} is not a client: write it like ${ENTRY_EXAMPLES.join(', ')}`,
    )
  if (text.endsWith('*')) return startingWith(text.slice(0, -1))
  const range = parseRange(text)
  if (range !== undefined) return { matches: range }
  return { id: text, matches: (peerId) => clientId(peerId) === text }
}

function startingWith(prefix: string): ClientEntry {
  if (prefix.startsWith('-')) return { matches: (peerId) => peerId.startsWith(prefix) }
  return { matches: (peerId) => peerId.startsWith(prefix, peerId.startsWith('-') ? 1 : 0) }
}

/** Position of the version in an Azureus-style peer id: `-qB4420-…` (BEP 20). */
const VERSION_START = 3

const RANGE = /^-?([\x21-\xff]{2})((?: *(?:>=|<=|>|<|=) *\d+(?:\.\d+){0,3}){1,2})$/
const BOUND = /(>=|<=|>|<|=) *([\d.]+)/g

/** The digits of versions. Each number of a version is one digit in a client id. */
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

const HOLDS: Readonly<Record<string, (order: number) => boolean>> = {
  '>=': (order) => order >= 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '<': (order) => order < 0,
  '=': (order) => order === 0,
}

interface Bound {
  readonly holds: (order: number) => boolean
  readonly version: readonly number[]
}

/**
 * Parses a range of versions of an Azureus-style client, such as `qB >= 4.4` or `qB >= 4.4 < 4.6`.
 * Undefined for any other text. Only the numbers in the range are compared: 4.4.5 is neither above
 * nor below 4.4.
 * @throws {RangeError} for a number that versions cannot contain.
 */
function parseRange(text: string): ((peerId: PeerId) => boolean) | undefined {
  const [, name = '', bounds = ''] = RANGE.exec(text) ?? []
  if (name === '') return undefined
  const prefix = `-${name}`
  const parsed = [...bounds.matchAll(BOUND)].map(([, comparison = '', version = '']) =>
    parseBound(comparison, version),
  )
  return (peerId) =>
    peerId.startsWith(prefix) &&
    parsed.every(({ holds, version }) => holds(compareVersion(peerId, version)))
}

function parseBound(comparison: string, text: string): Bound {
  const version = text.split('.').map(Number)
  if (version.some((number) => number >= DIGITS.length)) {
    throw new RangeError(
      `${text} is not a version: each number is one character of a client id, so at most ${DIGITS.length - 1}`,
    )
  }
  return { holds: HOLDS[comparison] as Bound['holds'], version }
}

/** Compares the version in a peer id: below 0, 0, above 0, or NaN if it has no version. */
function compareVersion(peerId: PeerId, version: readonly number[]): number {
  for (let index = 0; index < version.length; index++) {
    const number = DIGITS.indexOf(peerId.charAt(VERSION_START + index))
    if (number < 0) return Number.NaN
    if (number !== version[index]) return number - (version[index] as number)
  }
  return 0
}
