import { parseDuration, type JsonSchema } from '@chihaya/core'
import { Ajv } from 'ajv'
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, Scalar, visit, type Document, type Node } from 'yaml'
import { nearest } from '../nearest.ts'
import { describeSchema, isDurationSchema, schemaTypes } from './describe-schema.ts'
import type { ConfigNote } from './problems.ts'
import type { YamlKey, YamlSchema } from './yaml-schema.ts'

/** A key of the file and what it holds; the key of a list's item is the item itself. */
export interface Located {
  readonly key: Node
  readonly value: Node | null
}

export type Entries = ReadonlyMap<string, Located>

// Packages of others may use keywords that this version of ajv does not know.
const ajv: Ajv = new Ajv({ strict: false, validateFormats: false })

// What Go's YAML takes for a boolean beyond true and false.
const TRUE_WORDS: ReadonlySet<string> = new Set(['y', 'yes', 'on'])
const FALSE_WORDS: ReadonlySet<string> = new Set(['n', 'no', 'off'])
const SECRET = /(private_key|secret|password|token|broker)$/
const NANOSECONDS_IN_MILLISECOND = 1e6

/** Reads a configuration file piece by piece, and collects what is wrong with it instead of stopping there. */
export class ConfigReader {
  readonly file: string
  readonly problems: ConfigNote[] = []
  readonly warnings: ConfigNote[] = []
  readonly #document: Document.Parsed
  readonly #lines = new LineCounter()

  constructor(file: string, text: string) {
    this.file = file
    this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false, stringKeys: true })
    for (const error of this.#document.errors) this.problems.push(this.#note(error.pos[0], '', error.message))
    this.#checkAliases()
    for (const warning of this.#document.warnings) this.warnings.push(this.#note(warning.pos[0], '', warning.message))
  }

  /** The whole file. */
  root(): Located {
    const contents: Node | null = this.#document.contents
    return { key: contents ?? new Scalar(null), value: contents }
  }

  problem(at: Node, key: string, message: string): void {
    const note = this.#note(at.range?.[0] ?? 0, key, message)
    // Several readers may look at one place.
    if (
      !this.problems.some(({ line, column, message: said }) => line === note.line && column === note.column && said === message)
    )
      this.problems.push(note)
  }

  warning(at: Node, key: string, message: string): void {
    this.warnings.push(this.#note(at.range?.[0] ?? 0, key, message))
  }

  /** What a place holds, behind its alias; undefined when that is nothing. */
  node(place: Located): Node | undefined {
    const node = isAlias(place.value) ? place.value.resolve(this.#document) : place.value
    if (!node || (isScalar(node) && node.value === null)) return undefined
    return node
  }

  /** The plain value of a node, without any check. */
  plain(node: Node): unknown {
    return node.toJS(this.#document)
  }

  /** The entries of a map, merged ones (`<<`) included; empty when the place holds nothing. */
  entries(place: Located, path: string): Entries {
    const node = this.node(place)
    const entries = new Map<string, Located>()
    if (node === undefined) return entries
    if (!isMap(node)) {
      this.problem(node, path, `${path} must be a section of keys, not ${describeNode(node, path)}`)
      return entries
    }
    for (const pair of node.items) {
      const located: Located = { key: pair.key as Node, value: pair.value as Node | null }
      const name = String((pair.key as Scalar).value)
      if (name !== '<<') entries.set(name, located)
      else for (const [merged, entry] of this.#merged(located, path)) if (!node.has(merged)) entries.set(merged, entry)
    }
    return entries
  }

  /** The items of a list; empty when the place holds nothing. */
  items(place: Located, path: string, allowed: string): readonly Located[] {
    const node = this.node(place)
    if (node === undefined) return []
    if (isSeq(node)) return node.items.map((item) => ({ key: item as Node, value: item as Node }))
    this.problem(node, path, `${path} must be ${allowed}, not ${describeNode(node, path)}`)
    return []
  }

  /** The options that a section sets, by their names in the package; unknown keys are problems. */
  section(place: Located, schema: YamlSchema, path: string): Record<string, unknown> {
    const keys = schema.keys ?? new Map<string, YamlKey>()
    const entries = this.entries(place, path)
    const options: Record<string, unknown> = {}
    for (const [name, entry] of entries) {
      const key = keys.get(name)
      if (key === undefined) {
        this.unknownKey(entry.key, path, name, keys.keys())
        continue
      }
      const value = this.#set(entry, key, `${path}.${name}`)
      if (value !== undefined) options[key.option] = value
    }
    this.#missing(place, schema, entries, path)
    return options
  }

  unknownKey(at: Node, path: string, name: string, known: Iterable<string>): void {
    const names = [...known]
    const guess = nearest(name, names)
    const hint = guess === undefined ? `the keys of ${path} are ${names.join(', ')}` : `did you mean ${guess}?`
    this.problem(at, `${path}.${name}`, `${path}.${name} is not a known key; ${hint}`)
  }

  /** What a place holds, if the schema allows it; undefined and a problem otherwise. */
  value(place: Located, schema: YamlSchema, path: string): unknown {
    if (schema.keys) return this.section(place, schema, path)
    if (schema.items) return this.#list(place, schema, schema.items, path)
    const node = this.node(place)
    if (node === undefined) return undefined
    const value = this.#convert(node, schema.schema, path)
    if (ajv.validate(schema.schema, value)) return value
    const allowed = allowedBy(schema)
    const given = schema.schema.writeOnly === true ? 'what is there' : describeNode(node, path)
    this.problem(node, path, `${path} must be ${allowed}, not ${given}`)
    return undefined
  }

  #list(place: Located, schema: YamlSchema, itemSchema: YamlSchema, path: string): unknown[] | undefined {
    const allowed = allowedBy(schema)
    const node = this.node(place)
    const items = this.items(place, path, allowed)
    if (isSeq(node) && items.length < Number(schema.schema['minItems'] ?? 0))
      this.problem(node, path, `${path} must be ${allowed}`)
    return items.map((item, index) => {
      const itemPath = `${path}[${index}]`
      if (this.node(item) === undefined)
        this.problem(item.key, itemPath, `${itemPath} must be ${allowedBy(itemSchema)}, not nothing`)
      return this.value(item, itemSchema, itemPath)
    })
  }

  /** The value of a key, unless it is unset in Go's eyes. */
  #set(entry: Located, key: YamlKey, path: string): unknown {
    const node = this.node(entry)
    if (node === undefined) return undefined
    if (key.chihaya === true && isGoZero(node, key.schema)) {
      if (isNumber(key.schema)) this.warning(node, path, `${path} is 0, so its default applies: ${defaultOf(key.schema)}`)
      return undefined
    }
    return key.read ? key.read(this, entry, path) : this.value(entry, key, path)
  }

  #missing(place: Located, { schema, keys = new Map<string, YamlKey>() }: YamlSchema, entries: Entries, path: string): void {
    const unset: string[] = []
    const required = (schema['required'] ?? []) as readonly string[]
    for (const [name, key] of keys) {
      const entry = entries.get(name)
      if (entry !== undefined && this.node(entry) !== undefined) continue
      if (required.includes(key.option)) this.problem(place.key, `${path}.${name}`, `${path}.${name} is missing`)
      else if (key.chihaya === true && isNumber(key.schema)) unset.push(`${name} ${defaultOf(key.schema)}`)
    }
    if (unset.length > 0) this.warning(place.key, path, `${path} leaves these to their defaults: ${unset.join(', ')}`)
  }

  /** A value as Go's YAML would decode it into the type that the schema asks for. */
  #convert(node: Node, schema: JsonSchema, path: string): unknown {
    const value = this.plain(node)
    if (!isScalar(node)) return value
    const types = schemaTypes(schema)
    if (isDurationSchema(schema) && typeof value === 'number') {
      const text = `${path}: ${value} has no unit, so it is nanoseconds, as in Chihaya; write a duration such as ${defaultOf(schema)}`
      this.warning(node, path, text)
      return value / NANOSECONDS_IN_MILLISECOND
    }
    if (types.includes('boolean') && node.type === 'PLAIN' && typeof value === 'string') {
      if (TRUE_WORDS.has(value.toLowerCase())) return true
      if (FALSE_WORDS.has(value.toLowerCase())) return false
    }
    if (types.length === 1 && types[0] === 'string' && typeof value !== 'string') return node.source ?? value
    return value
  }

  /** Aliases without an anchor, and those that stand inside what they stand for, have no value. */
  #checkAliases(): void {
    visit(this.#document, {
      Alias: (_key, alias, path) => {
        const node = alias.resolve(this.#document)
        if (node === undefined) this.problem(alias, '', `the alias *${alias.source} has no anchor before it`)
        else if (path.includes(node)) this.problem(alias, '', `the alias *${alias.source} stands inside its own anchor`)
      },
    })
  }

  #merged(place: Located, path: string): Map<string, Located> {
    const merged = new Map<string, Located>()
    const node = this.node(place)
    const sources = isSeq(node) ? node.items.map((item) => ({ key: item as Node, value: item as Node })) : [place]
    // The first map that holds a key wins.
    for (const source of sources.toReversed()) for (const [name, entry] of this.entries(source, path)) merged.set(name, entry)
    return merged
  }

  #note(offset: number, key: string, message: string): ConfigNote {
    const { line, col } = this.#lines.linePos(offset)
    return { file: this.file, line: Math.max(line, 1), column: Math.max(col, 1), key, message }
  }
}

/** What the file holds at a node, for a message: short, and never a secret. */
export function describeNode(node: Node, path: string): string {
  if (isMap(node)) return 'a section of keys'
  if (isSeq(node)) return 'a list'
  if (SECRET.test(path)) return 'what is there'
  const value: unknown = isScalar(node) ? node.value : undefined
  const text = typeof value === 'string' ? JSON.stringify(value) : ((isScalar(node) ? node.source : undefined) ?? String(value))
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

function allowedBy({ schema, items, allowed }: YamlSchema): string {
  if (allowed !== undefined) return allowed
  return items?.allowed === undefined ? describeSchema(schema) : describeSchema(schema, items.allowed)
}

function isGoZero(node: Node, schema: JsonSchema): boolean {
  const value: unknown = isScalar(node) ? node.value : undefined
  if (value === '') return true
  return isNumber(schema) && (value === 0 || (typeof value === 'string' && isZeroDuration(value)))
}

function isZeroDuration(text: string): boolean {
  try {
    return parseDuration(text) === 0
  } catch {
    return false
  }
}

function isNumber(schema: JsonSchema): boolean {
  const types = schemaTypes(schema)
  return schema.default !== undefined && (isDurationSchema(schema) || types.includes('integer') || types.includes('number'))
}

function defaultOf(schema: JsonSchema): string {
  return String(schema.default)
}
