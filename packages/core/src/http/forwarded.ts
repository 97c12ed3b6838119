const TOKEN = /^[a-z0-9!#$%&'*+.^_`|~-]+$/

/** Characters of an unquoted value: more than in RFC 7239, for `for=[2001:db8::7]:4711`. */
const BARE = /^[^\s"\\,;=]+$/

const HIDDEN_PORT = /:_[\w.-]+$/

/**
 * The `for` nodes of a `Forwarded` header (RFC 7239), one per element in order: `192.0.2.7`,
 * `[2001:db8::7]:4711`, `unknown`, `_hidden`. Undefined for an element that is malformed or has no
 * `for`. Header lines are joined by commas. An unterminated quotation makes the rest of the list
 * one malformed element, so that a client's part of the header cannot swallow that of a proxy.
 */
export function forwardedFor(header: string): Array<string | undefined> {
  return split(header, ',')
    .filter((element) => element !== '')
    .map(nodeOf)
}

function nodeOf(element: string): string | undefined {
  let node: string | undefined
  for (const pair of split(element, ';')) {
    // Some proxies end elements with a semicolon.
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const value = valueOf(pair.slice(equals + 1))
    const name = equals < 0 ? '' : pair.slice(0, equals).toLowerCase()
    if (value === undefined || !TOKEN.test(name)) return undefined
    if (name !== 'for') continue
    if (node !== undefined) return undefined
    node = value.replace(HIDDEN_PORT, '')
  }
  return node
}

/** An unquoted value, or the content of a quoted one. Undefined if malformed. */
function valueOf(text: string): string | undefined {
  if (!text.startsWith('"')) return BARE.test(text) ? text : undefined
  let value = ''
  for (let at = 1; at < text.length; at++) {
    if (text[at] === '"') return at === text.length - 1 ? value : undefined
    if (text[at] === '\\') at++
    value += text[at] ?? ''
  }
  return undefined
}

/** Splits at separators outside of quotations, and trims. */
function split(text: string, separator: string): string[] {
  const parts: string[] = []
  let start = 0
  let isQuoted = false
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === '"') isQuoted = !isQuoted
    else if (character === '\\' && isQuoted) at++
    else if (character === separator && !isQuoted) {
      parts.push(text.slice(start, at).trim())
      start = at + 1
    }
  }
  parts.push(text.slice(start).trim())
  return parts
}
