import { ClientError } from './client-error.ts'
import { hexDigit } from '../codec/byte-string.ts'

const AMPERSAND = 38
const PLUS = 43
const SEMICOLON = 59
const EQUALS = 61
const PERCENT = 37

const MAX_PAIRS = 100
const MAX_KEY = 64
// Long enough for a token. Other parameters are far shorter.
const MAX_VALUE = 2048

const BAD_ESCAPE: ClientError = new ClientError('invalid query escape')
const TOO_MANY_PAIRS: ClientError = new ClientError('too many query parameters')
const KEY_TOO_LONG: ClientError = new ClientError('query parameter name too long')
const VALUE_TOO_LONG: ClientError = new ClientError('query parameter value too long')

/** The parameters of a request's URL, for hooks. Values are byte strings. */
export interface Params {
  /** The path as sent, not unescaped: `/announce`. */
  readonly path: string
  /** The last value of a query parameter, except `info_hash`. `name` is in lower case. */
  get(name: string): string | undefined
  /** A named parameter of the route, such as `passkey` in `/:passkey/announce`. Not over UDP. */
  route(name: string): string | undefined
  /** A header of the request, `name` in lower case. Transports without headers leave it out. */
  header?(name: string): string | undefined
}

export interface QueryOptions {
  /**
   * Most `info_hash` parameters that the caller accepts. Parsing stops after one more, so that the
   * caller sees the excess. @default 1
   */
  readonly maxInfoHashes?: number
  /** Whether `;` separates parameters like `&`, as in Chihaya. @default true */
  readonly semicolons?: boolean
}

/** A parsed query string: decoded byte strings with keys in lower case. */
export class Query {
  /**
   * The values of `info_hash` in order, of any length. If there are too many, one more than
   * `maxInfoHashes`.
   */
  readonly infoHashes: string[] = []
  readonly #values = new Map<string, string>()
  /** The text, kept only if a key repeats. */
  #text = ''
  #separator: RegExp | string = '&'

  /**
   * Parses `text` from `start` up to `end` in linear time. `%HH` is a byte and `+` a space. A key
   * without `=` has an empty value, a value without key is dropped, and the last value of a key
   * counts.
   * @throws {ClientError} for a malformed escape, more than 100 pairs (not counting `info_hash`), a
   * key over 64 or a value over 2048 bytes. A malformed `info_hash` does not throw if there are too
   * many, because the caller has another text for them.
   */
  static parse(text: string, start: number, end: number, options: QueryOptions = {}): Query {
    const query = new Query()
    const maxInfoHashes = options.maxInfoHashes ?? 1
    const semicolons = options.semicolons ?? true
    let pairs = 0
    let badInfoHash: unknown
    let at = start
    while (at < end) {
      let equals = -1
      let escaped = false
      let stop = at
      for (; stop < end; stop++) {
        const code = text.charCodeAt(stop)
        if (code === AMPERSAND || (semicolons && code === SEMICOLON)) break
        if (code === EQUALS && equals < 0) equals = stop
        if (code === PERCENT || code === PLUS) escaped = true
      }
      if (stop > at && equals !== at) {
        const key = decode(
          text,
          at,
          equals < 0 ? stop : equals,
          MAX_KEY,
          KEY_TOO_LONG,
          escaped,
        ).toLowerCase()
        const valueStart = equals < 0 ? stop : equals + 1
        if (key === 'info_hash') {
          try {
            query.infoHashes.push(
              decode(text, valueStart, stop, MAX_VALUE, VALUE_TOO_LONG, escaped),
            )
          } catch (error) {
            badInfoHash ??= error
            query.infoHashes.push('')
          }
          if (query.infoHashes.length > maxInfoHashes) return query
        } else {
          const value = decode(text, valueStart, stop, MAX_VALUE, VALUE_TOO_LONG, escaped)
          if (++pairs > MAX_PAIRS) throw TOO_MANY_PAIRS
          query.#values.set(key, value)
        }
      }
      at = stop + 1
    }
    if (badInfoHash !== undefined) throw badInfoHash
    if (pairs > query.#values.size) {
      query.#text = text.slice(start, end)
      if (semicolons) query.#separator = /[&;]/
    }
    return query
  }

  /** The last value of a key, except `info_hash`. `key` is in lower case. */
  get(key: string): string | undefined {
    return this.#values.get(key)
  }

  /** All values of such a key, in order. */
  all(key: string): string[] {
    const last = this.#values.get(key)
    if (last === undefined) return []
    if (this.#text === '') return [last]
    const pairs = this.#text.split(this.#separator)
    const values = pairs.map((pair) =>
      Query.parse(pair, 0, pair.length, { semicolons: false }).get(key),
    )
    return values.filter((value) => value !== undefined)
  }
}

/** Splits a request target into path and query, which goes from the first `?` to a `#`. */
export function splitTarget(target: string): {
  path: string
  queryStart: number
  queryEnd: number
} {
  const hash = target.indexOf('#')
  const queryEnd = hash < 0 ? target.length : hash
  const mark = target.indexOf('?')
  if (mark < 0 || mark >= queryEnd)
    return { path: target.slice(0, queryEnd), queryStart: queryEnd, queryEnd }
  return { path: target.slice(0, mark), queryStart: mark + 1, queryEnd }
}

function decode(
  text: string,
  start: number,
  end: number,
  max: number,
  tooLong: ClientError,
  escaped: boolean,
): string {
  if (!escaped) {
    if (end - start > max) throw tooLong
    return text.slice(start, end)
  }
  // An escape takes three characters for one byte, so longer text cannot fit.
  if (end - start > max * 3) throw tooLong
  let decoded = ''
  let plain = start
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at)
    if (code !== PERCENT && code !== PLUS) continue
    decoded += text.slice(plain, at)
    if (code === PLUS) {
      decoded += ' '
    } else {
      const high = at + 2 < end ? hexDigit(text.charCodeAt(at + 1)) : -1
      const low = high < 0 ? -1 : hexDigit(text.charCodeAt(at + 2))
      if (low < 0) throw BAD_ESCAPE
      decoded += String.fromCharCode(high * 16 + low)
      at += 2
    }
    plain = at + 1
  }
  decoded = plain === start ? text.slice(start, end) : decoded + text.slice(plain, end)
  if (decoded.length > max) throw tooLong
  return decoded
}
