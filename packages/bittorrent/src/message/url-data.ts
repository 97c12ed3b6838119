import { byteString } from '../codec/byte-string.ts'
import { Query, splitTarget, type Params } from './query.ts'

const END_OF_OPTIONS = 0
const NOP = 1
const URL_DATA = 2
// The longest parameter and a path.
const MAX_URL_DATA = 2560

/**
 * The path and query in the options of a UDP announce (BEP 41); empty without any. URLData options
 * are concatenated, up to 2560 bytes. Unknown options are skipped, and a truncated one ends the
 * list.
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

/** The parameters in URLData, parsed on first use. A malformed query counts as empty. */
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
    // Only hooks use these parameters. A hook refuses the announce if one is missing.
    return new Query()
  }
}
