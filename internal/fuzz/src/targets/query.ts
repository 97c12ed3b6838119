import { isClientError, Query, splitTarget } from '@chihaya/bittorrent'
import { check, type Target } from '../target.ts'

const MAX_PAIRS = 100
const MAX_KEY = 64
const MAX_VALUE = 2048

const NAMES = [
  'info_hash',
  'peer_id',
  'port',
  'left',
  'event',
  'ip',
  'jwt',
  '__proto__',
  '/announce?',
  '&info_hash=',
  '&a=b',
]
const SIGNS = ['&', ';', '=', '+', '%', '%2', '%00', '%fF', '?', '#', '%26']

/** The meaning of a query. */
interface Meaning {
  readonly infoHashes: readonly string[]
  readonly values: ReadonlyMap<string, readonly string[]>
}

/** Request targets match a plain implementation of the rules, and throw only `ClientError`. */
export const target: Target = {
  maxLength: 16_384,
  tokens: [...NAMES, ...SIGNS],
  run(input) {
    const text = Buffer.from(input).toString('latin1')
    const { path, queryStart, queryEnd } = splitTarget(text)
    const query = text.slice(queryStart, queryEnd)
    const [origin = ''] = text.split('#')
    const mark = origin.indexOf('?')
    check(
      path === (mark < 0 ? origin : origin.slice(0, mark)),
      'the path is not the text before the first ?',
    )
    check(
      query === (mark < 0 ? '' : origin.slice(mark + 1)),
      'the query is not the text between the first ? and #',
    )
    for (const semicolons of [true, false]) {
      for (const maxInfoHashes of [1, 3])
        compare(text, queryStart, queryEnd, { semicolons, maxInfoHashes })
    }
  },
}

function compare(
  text: string,
  start: number,
  end: number,
  options: { readonly semicolons: boolean; readonly maxInfoHashes: number },
): void {
  const meaning = meaningOf(text.slice(start, end), options.semicolons, options.maxInfoHashes)
  let query: Query
  try {
    query = Query.parse(text, start, end, options)
  } catch (error) {
    check(isClientError(error), 'Query.parse throws another error than ClientError')
    check(meaning === undefined, 'Query.parse refuses a valid query')
    return
  }
  check(meaning !== undefined, 'Query.parse accepts an invalid query')
  check(
    query.infoHashes.join('\n') === meaning.infoHashes.join('\n'),
    'Query.parse returns other infohashes',
  )
  const isWhole = meaning.infoHashes.length <= options.maxInfoHashes
  for (const [key, values] of meaning.values) {
    check(query.get(key) === values.at(-1), 'Query.parse returns another value')
    // A query with too many infohashes is refused before its values are read.
    if (isWhole)
      check(query.all(key).join('\n') === values.join('\n'), 'Query.all returns other values')
  }
  for (const key of ['', 'info_hash', '__proto__', 'constructor']) {
    check(
      query.get(key) === meaning.values.get(key)?.at(-1),
      'Query.parse has a key that was not sent',
    )
  }
}

/** Parses a query plainly. Returns undefined if it must be refused. */
function meaningOf(text: string, semicolons: boolean, maxInfoHashes: number): Meaning | undefined {
  const infoHashes: string[] = []
  const values = new Map<string, string[]>()
  let pairs = 0
  let badInfoHash = false
  for (const segment of text.split(semicolons ? /[&;]/ : '&')) {
    if (segment === '' || segment.startsWith('=')) continue
    const equals = segment.indexOf('=')
    const key = unescape(equals < 0 ? segment : segment.slice(0, equals), MAX_KEY)?.toLowerCase()
    const value = unescape(equals < 0 ? '' : segment.slice(equals + 1), MAX_VALUE)
    if (key === 'info_hash') {
      badInfoHash ||= value === undefined
      // Too many infohashes take precedence over an invalid one.
      if (infoHashes.push(value ?? '') > maxInfoHashes) return { infoHashes, values }
    } else {
      if (key === undefined || value === undefined || ++pairs > MAX_PAIRS) return undefined
      values.set(key, [...(values.get(key) ?? []), value])
    }
  }
  return badInfoHash ? undefined : { infoHashes, values }
}

/** The unescaped bytes of a text, or undefined for a bad escape or more than `most` bytes. */
function unescape(text: string, most: number): string | undefined {
  if (/%(?![0-9a-f]{2})/i.test(text)) return undefined
  const bytes = text
    .replaceAll('+', ' ')
    .replaceAll(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return bytes.length > most ? undefined : bytes
}
