import {
  Composer,
  Document,
  isScalar,
  LineCounter,
  Parser,
  Scalar,
  visit,
  YAMLParseError,
} from 'yaml'
import type { Alias, CST, Node } from 'yaml'
import { MAX_DEPTH, resolveAliases } from './aliases.ts'

/** Text that is not a YAML value. */
export class ValueTextError extends Error {
  override readonly name = 'ValueTextError'
}

/** An error or a warning of the parser. */
interface Remark {
  /** Characters from the beginning of the text. */
  readonly offset: number
  readonly message: string
}

export interface ParsedFile {
  readonly document: Document
  readonly lines: LineCounter
  /** The node behind each alias. */
  readonly targets: ReadonlyMap<Alias, Node>
  readonly errors: readonly Remark[]
  readonly warnings: readonly Remark[]
}

/**
 * Reads a file of YAML, however deeply it is nested. A document without errors has no duplicate
 * keys, and its aliases can be expanded.
 */
export function parseFile(text: string): ParsedFile {
  const lines = new LineCounter()
  const document = parseDocument(text, lines)
  const errors = document.errors.map(({ pos, message }) => ({ offset: pos[0], message }))
  const report = (at: Node, message: string): void =>
    void errors.push({ offset: at.range?.[0] ?? 0, message })
  if (errors.length === 0) checkKeys(document, report)
  const targets = errors.length === 0 ? resolveAliases(document, report) : new Map<Alias, Node>()
  const warnings = document.warnings.map(({ pos, message }) => ({ offset: pos[0], message }))
  return { document, lines, targets, errors, warnings }
}

/** Reads one value, without aliases. @throws {ValueTextError} */
export function parseValue(text: string): Node {
  const document = parseDocument(text)
  const report = (_at: Node, message: string): void =>
    void document.errors.push(parseError(0, message))
  if (document.errors.length === 0) checkKeys(document, report)
  const [error] = document.errors
  if (error) throw new ValueTextError(error.message)
  // Aliases would have to be resolved in a separate document.
  visit(document, {
    Alias: () => {
      throw new ValueTextError('aliases are for files only')
    },
  })
  return document.contents ?? new Scalar(null)
}

function parseDocument(text: string, lines?: LineCounter): Document {
  const tokens = [...new Parser(lines?.addNewLine).parse(text)]
  const deep = tokens.map(tooDeepAt).find((offset) => offset !== undefined)
  if (deep !== undefined)
    return failed(deep, `lists and maps are nested more than ${MAX_DEPTH} deep here`)
  // The parser would take an hour to look for duplicates among a million keys.
  const composer = new Composer({ uniqueKeys: false, stringKeys: true, prettyErrors: false })
  const [document, second] = composer.compose(tokens, true, text.length)
  if (!document) return failed(0, 'the file is empty')
  if (second)
    document.errors.push(
      parseError(
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
  document.errors.push(parseError(offset, message))
  return document
}

function parseError(offset: number, message: string): YAMLParseError {
  return new YAMLParseError([offset, offset + 1], 'IMPOSSIBLE', message)
}

function checkKeys(document: Document, report: (at: Node, message: string) => void): void {
  visit(document, {
    Map: (_key, map) => {
      const keys = new Set<unknown>()
      for (const { key } of map.items) {
        if (!isScalar(key)) continue
        if (keys.has(key.value)) report(key, `the key ${String(key.value)} is here twice`)
        keys.add(key.value)
      }
    },
  })
}
