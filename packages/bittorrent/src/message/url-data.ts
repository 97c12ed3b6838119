import { byteString } from '../codec/byte-string.ts'
import { Query, splitTarget, type Params } from './query.ts'

const END_OF_OPTIONS = 0
const NOP = 1
const URL_DATA = 2
// A parameter of the longest kind, and a path before it.
const MAX_URL_DATA = 2560

/**
 * The URL that a UDP announce carries in its options (BEP 41), or '' when it carries none. URLData
 * options concatenate; unknown options are skipped; a truncated one ends the options but fails
 * nothing. At most 2560 bytes are kept.
 */
export function readUrlData(bytes: Uint8Array, start: number, end: number): string {
  let url = ''
  let at = start
  while (at < end && bytes[at] !== END_OF_OPTIONS && url.length < MAX_URL_DATA) {
    if (bytes[at] === NOP) {
      at++
      continue
    }
    if (at + 1 >= end) break
    const from = at + 2
    const to = from + (bytes[at + 1] as number)
    if (to > end) break
    if (bytes[at] === URL_DATA) url += byteString(bytes, from, to)
    at = to
  }
  return url.slice(0, MAX_URL_DATA)
}

/**
 * The parameters of a URLData text, parsed when a hook first asks. A malformed query reads as an
 * empty one.
 */
export class UrlDataParams implements Params {
  readonly #url: string
  #query: Query | undefined

  constructor(url: string) {
    this.#url = url
  }

  get path(): string {
    return splitTarget(this.#url).path
  }

  get(name: string): string | undefined {
    this.#query ??= parseLeniently(this.#url)
    return this.#query.get(name)
  }

  route(): undefined {
    return undefined
  }
}

function parseLeniently(url: string): Query {
  const { queryStart, queryEnd } = splitTarget(url)
  try {
    return Query.parse(url, queryStart, queryEnd)
  } catch {
    // Only a hook can need these parameters, and a hook that misses one refuses the announce
    // itself.
    return new Query()
  }
}
