import type { PeerId } from '@chihaya/bittorrent'

/** Where the version stands in a peer id of Azureus style: `-qB4420-…` (BEP 20). */
const VERSION_START = 3

const RANGE = /^-?([\x21-\xff]{2})((?: *(?:>=|<=|>|<|=) *\d+(?:\.\d+){0,3}){1,2})$/
const BOUND = /(>=|<=|>|<|=) *([\d.]+)/g

/** The numbers of a version, each of which is one character of a client id. */
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
 * Reads a range of versions of a client in Azureus style, such as `qB >= 4.4` or `qB >= 4.4 < 4.6`;
 * undefined when the text is none. Versions are compared in as many numbers as the range has: 4.4.5
 * is neither above nor below 4.4.
 * @throws {RangeError} for a number that no version has.
 */
export function parseRange(text: string): ((peerId: PeerId) => boolean) | undefined {
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
      `${text} is no version: each number is one character of a client id, so ${DIGITS.length - 1} at most`,
    )
  }
  return { holds: HOLDS[comparison] as Bound['holds'], version }
}

/**
 * The order of a peer id's version and another: below 0, 0, above 0, or NaN when the peer id has
 * none.
 */
function compareVersion(peerId: PeerId, version: readonly number[]): number {
  for (let index = 0; index < version.length; index++) {
    const number = DIGITS.indexOf(peerId.charAt(VERSION_START + index))
    if (number < 0) return Number.NaN
    if (number !== version[index]) return number - (version[index] as number)
  }
  return 0
}
