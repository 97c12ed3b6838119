const TOKEN = /^[a-z0-9!#$%&'*+.^_`|~-]+$/

/**
 * Characters of a value without quotes: more than RFC 7239 allows, as proxies write
 * `for=[2001:db8::7]:4711` bare.
 */
const BARE = /^[^\s"\\,;=]+$/

const HIDDEN_PORT = /:_[\w.-]+$/

/**
 * The `for` nodes of a `Forwarded` header (RFC 7239), one for each element, in order: `192.0.2.7`,
 * `[2001:db8::7]:4711`, `unknown`, `_hidden`. Undefined for an element that is malformed or does
 * not say for whom. Several header lines are one list, joined by commas. A quotation that does not
 * end takes the rest of the list into its element, which then is malformed: what a client writes
 * into the header cannot hide the end of a proxy's element behind it.
 */
export function forwardedFor(header: string): Array<string | undefined> {
  return split(header, ',')
    .filter((element) => element !== '')
    .map(nodeOf)
}

function nodeOf(element: string): string | undefined {
  let node: string | undefined
  for (const pair of split(element, ';')) {
    // Some proxies end an element with a semicolon.
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

/** A token, or what a quoted string holds; undefined if it is neither. */
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

/** The parts between separators outside quotations, without blanks around them. */
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
