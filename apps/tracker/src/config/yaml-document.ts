import { Composer, Document, isScalar, Parser, visit, YAMLParseError } from 'yaml'
import type { CST, DocumentOptions, LineCounter, Node, ParseOptions, SchemaOptions } from 'yaml'

/**
 * How many lists and maps may stand in one another. No configuration comes near, and what reads
 * them recurses.
 */
export const MAX_DEPTH = 100

type Options = ParseOptions & DocumentOptions & SchemaOptions

/**
 * Reads one document of YAML, however deep it is nested. What is wrong with it is in its `errors`.
 */
export function parseYamlDocument(
  text: string,
  lines?: LineCounter,
  options: Options = {},
): Document {
  const tokens = [...new Parser(lines?.addNewLine).parse(text)]
  const deep = tokens.map(tooDeepAt).find((offset) => offset !== undefined)
  if (deep !== undefined)
    return failed(deep, `lists and maps are nested more than ${MAX_DEPTH} deep here`)
  const composer = new Composer({ ...options, stringKeys: true, prettyErrors: false })
  const [document, second] = composer.compose(tokens, true, text.length)
  // There always is one, if an empty one.
  if (!document) return failed(0, 'the file is empty')
  if (second)
    document.errors.push(
      problem(
        second.range[0],
        'a second document begins here, and a configuration is one; leave out the ---',
      ),
    )
  return document
}

/** The offset of the first collection that is nested too deeply. */
function tooDeepAt(root: CST.Token): number | undefined {
  let first = Number.POSITIVE_INFINITY
  const pending: Array<{ readonly token: CST.Token; readonly depth: number }> = [
    { token: root, depth: 0 },
  ]
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { token, depth } = next
    if (token.type === 'document' && token.value) pending.push({ token: token.value, depth })
    if (!('items' in token)) continue
    if (depth >= MAX_DEPTH) first = Math.min(first, token.offset)
    else
      for (const { key, value } of token.items)
        for (const inner of [key, value])
          if (inner) pending.push({ token: inner, depth: depth + 1 })
  }
  return first === Number.POSITIVE_INFINITY ? undefined : first
}

function failed(offset: number, message: string): Document {
  const document = new Document(null)
  document.errors.push(problem(offset, message))
  return document
}

function problem(offset: number, message: string): YAMLParseError {
  return new YAMLParseError([offset, offset + 1], 'IMPOSSIBLE', message)
}

/**
 * Keys that their map has already. The parser can look for them too, but takes an hour for a map
 * with a million keys.
 */
export function duplicateKeys(document: Document): Node[] {
  const found: Node[] = []
  visit(document, {
    Map: (_key, map) => {
      const keys = new Set<unknown>()
      for (const { key } of map.items) {
        if (!isScalar(key)) continue
        if (keys.has(key.value)) found.push(key)
        keys.add(key.value)
      }
    },
  })
  return found
}
