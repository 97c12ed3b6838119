import { parseDuration, type JsonSchema } from '@chihaya/core'
import { Ajv } from 'ajv'
import { isMap, isScalar, isSeq, Scalar, type Node } from 'yaml'
import { nearest } from '../nearest.ts'
import { ConfigDocument, type Entries, type Located } from './config-document.ts'
import { describeKey, isDurationSchema, schemaTypes } from './describe-schema.ts'
import { Overrides } from './overrides.ts'
import type { ReadSection, ReadValue } from './settings.ts'
import { parseValueText, ValueTextError } from './value-text.ts'
import type { YamlKey, YamlSchema } from './yaml-schema.ts'

export type { Entries, Located } from './config-document.ts'

// Packages of others may use keywords that this version of ajv does not know.
const ajv: Ajv = new Ajv({ strict: false, validateFormats: false })

// What Go's YAML takes for a boolean beyond true and false.
const TRUE_WORDS: ReadonlySet<string> = new Set(['y', 'yes', 'on'])
const FALSE_WORDS: ReadonlySet<string> = new Set(['n', 'no', 'off'])
const SECRET = /(private_key|secret|password|token|broker)$/
const NANOSECONDS_IN_MILLISECOND = 1e6
const OTHER_SCALARS: ReadonlySet<string> = new Set(['number', 'integer', 'boolean'])
const NO_KEYS: ReadonlyMap<string, YamlKey> = new Map()

export interface ConfigReaderOptions {
  /** The file as the user named it. */
  readonly file: string
  readonly text: string
  /** @default {} */
  readonly env?: NodeJS.ProcessEnv
  /** The folder that relative paths start from. */
  readonly folder: string
}

/**
 * Reads a configuration piece by piece, and collects what is wrong with it instead of stopping
 * there.
 */
export class ConfigReader extends ConfigDocument {
  readonly folder: string
  /** What has been read, by the path of its section. */
  readonly sections: Map<string, ReadSection> = new Map()
  readonly #overrides: Overrides

  constructor({ file, text, env = {}, folder }: ConfigReaderOptions) {
    super(file, text, env)
    this.folder = folder
    this.#overrides = new Overrides(this, env, folder)
  }

  /**
   * The entries of a section: those of the file, and in their place those that the environment
   * sets.
   */
  entries(place: Located, path: string): Entries {
    const entries = this.#entriesOfFile(place, path)
    for (const [name, located] of this.#overrides.below(path)) {
      const own = entries.get(name)
      if (!this.#overrides.isSection(located) || own === undefined || this.node(own) === undefined)
        entries.set(name, located)
    }
    return entries
  }

  /** The entries of a map, merged ones (`<<`) included; empty when the place holds nothing. */
  #entriesOfFile(place: Located, path: string): Map<string, Located> {
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
      else
        for (const [merged, entry] of this.#merged(located, path))
          if (!node.has(merged)) entries.set(merged, entry)
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
    const keys = schema.keys ?? NO_KEYS
    const values = new Map<string, ReadValue>()
    this.sections.set(path, { schema, values })
    this.#overrides.find(keys, path)
    const entries = this.entries(place, path)
    const options: Record<string, unknown> = {}
    const setBy = new Map<string, string>()
    for (const [name, entry] of entries) {
      const key = keys.get(name)
      if (key === undefined) {
        this.unknownKey(entry.key, path, name, currentNames(keys))
        continue
      }
      const value = this.#set(entry, key, `${path}.${name}`)
      if (value === undefined) continue
      const other = setBy.get(key.option)
      if (
        other !== undefined &&
        key.deprecated === undefined &&
        keys.get(other)?.deprecated === undefined
      )
        this.problem(entry.key, `${path}.${name}`, `${path} has both ${other} and ${name}`)
      if (other !== undefined && key.deprecated !== undefined) continue
      setBy.set(key.option, name)
      values.set(name, this.#readValue(entry, key, value))
      options[key.option] = value
    }
    this.#missing(place, schema, entries, path)
    return options
  }

  /** A section whose keys nobody knows, as it is written. */
  looseSection(place: Located, path: string): object {
    this.#overrides.findAny(path)
    const options: Record<string, unknown> = {}
    const values = new Map<string, ReadValue>()
    for (const [name, entry] of this.entries(place, path)) {
      const node = this.node(entry)
      const value = node === undefined ? null : this.plain(node)
      // A key may be called anything, `__proto__` too.
      Object.defineProperty(options, name, {
        value,
        enumerable: true,
        configurable: true,
        writable: true,
      })
      values.set(name, { value, variables: node === undefined ? [] : this.variablesOf(node) })
    }
    this.sections.set(path, { schema: undefined, values })
    return options
  }

  /**
   * Variables that look like keys and are none. `others` are those that exist although nobody has
   * asked for them.
   */
  refuseUnknownVariables(others: Iterable<string>): void {
    for (const { variable, guess } of this.#overrides.unknown(others)) {
      const hint =
        guess === undefined ? 'no key of the configuration has this name' : `did you mean ${guess}?`
      this.problem(
        this.comesFrom(variable, new Scalar(null)),
        variable,
        `this variable is not known; ${hint}`,
      )
    }
  }

  unknownKey(at: Node, path: string, name: string, known: Iterable<string>): void {
    const names = [...known]
    const guess = nearest(name, names)
    const hint =
      guess === undefined ? `the keys of ${path} are ${names.join(', ')}` : `did you mean ${guess}?`
    this.problem(at, `${path}.${name}`, `${path}.${name} is not a known key; ${hint}`)
  }

  /** What a place holds, if the schema allows it; undefined and a problem otherwise. */
  value(given: Located, schema: YamlSchema, path: string): unknown {
    if (schema.keys) return this.section(given, schema, path)
    const place = this.#expanded(given, schema.schema, path)
    if (schema.items) return this.#list(place, schema, schema.items, path)
    const node = this.node(place)
    if (node === undefined) return undefined
    const value = this.#convert(node, schema.schema, path)
    if (ajv.validate(schema.schema, value)) return value
    const allowed = describeKey(schema)
    const found = schema.schema.writeOnly === true ? 'what is there' : describeNode(node, path)
    this.problem(node, path, `${path} must be ${allowed}, not ${found}`)
    return undefined
  }

  #list(
    place: Located,
    schema: YamlSchema,
    itemSchema: YamlSchema,
    path: string,
  ): unknown[] | undefined {
    const allowed = describeKey(schema)
    const node = this.node(place)
    const items = this.items(place, path, allowed)
    if (isSeq(node) && items.length < Number(schema.schema['minItems'] ?? 0))
      this.problem(node, path, `${path} must be ${allowed}`)
    return items.map((item, index) => {
      const itemPath = `${path}[${index}]`
      if (this.node(item) === undefined)
        this.problem(
          item.key,
          itemPath,
          `${itemPath} must be ${describeKey(itemSchema)}, not nothing`,
        )
      return this.value(item, itemSchema, itemPath)
    })
  }

  /** The value of a key, unless it is unset in Go's eyes. */
  #set(given: Located, key: YamlKey, path: string): unknown {
    const entry = key.keys ? given : this.#expanded(given, key.schema, path)
    const node = this.node(entry)
    if (node === undefined) return undefined
    if (key.deprecated !== undefined)
      this.warning(entry.key, path, `${path}: ${key.deprecated}`, key.level)
    if (key.chihaya === true && isGoZero(node, key.schema)) {
      if (isNumber(key.schema))
        this.warning(node, path, `${path} is 0, so its default applies: ${defaultOf(key.schema)}`)
      return undefined
    }
    return key.read ? key.read(this, entry, path) : this.value(entry, key, path)
  }

  #missing(
    place: Located,
    { schema, keys = new Map<string, YamlKey>() }: YamlSchema,
    entries: Entries,
    path: string,
  ): void {
    const unset: string[] = []
    const required = (schema['required'] ?? []) as readonly string[]
    for (const [name, key] of keys) {
      const entry = entries.get(name)
      if (entry !== undefined && this.node(entry) !== undefined) continue
      if (required.includes(key.option))
        this.problem(place.key, `${path}.${name}`, `${path}.${name} is missing`)
      else if (key.chihaya === true && isNumber(key.schema))
        unset.push(`${name} ${defaultOf(key.schema)}`)
    }
    if (unset.length > 0)
      this.warning(place.key, path, `${path} leaves these to their defaults: ${unset.join(', ')}`)
  }

  /** A value as Go's YAML would decode it into the type that the schema asks for. */
  #convert(node: Node, schema: JsonSchema, path: string): unknown {
    if (isSeq(node) && isSchema(schema['items'])) {
      const { items } = schema
      return node.items.map((item) => this.#convertItem(item as Node, items, path))
    }
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
    const textual = types.includes('string') && !types.some((type) => OTHER_SCALARS.has(type))
    return textual && typeof value !== 'string' ? (node.source ?? value) : value
  }

  #convertItem(item: Node, schema: JsonSchema, path: string): unknown {
    const node = this.node(this.#expanded({ key: item, value: item }, schema, path))
    return node === undefined ? null : this.#convert(node, schema, path)
  }

  /**
   * What a place holds once the variables in it have their values: a number, say, if that is what
   * the schema needs.
   */
  #expanded(place: Located, schema: JsonSchema, path: string): Located {
    const node = this.node(place)
    const expansion = node && this.expansion(node)
    if (node === undefined || expansion === undefined || !isScalar(node)) return place
    try {
      return { key: place.key, value: this.standsFor(parseValueText(expansion.text, schema), node) }
    } catch (error) {
      if (!(error instanceof ValueTextError)) throw error
      this.problem(
        node,
        path,
        `${path} is no YAML once its variables have their values: ${error.message}`,
      )
      return { key: place.key, value: null }
    }
  }

  #readValue(entry: Located, key: YamlKey, value: unknown): ReadValue {
    const node = this.node(entry)
    const variables = node === undefined ? [] : this.variablesOf(node)
    if (key.section === true) return { value: undefined, variables }
    const written = key.read && node !== undefined ? this.plain(node) : value
    if (typeof written !== 'number' || !isDurationSchema(key.schema))
      return { value: written, variables }
    return { value: key.read ? `${written}ns` : `${written}ms`, variables }
  }

  #merged(place: Located, path: string): Map<string, Located> {
    const merged = new Map<string, Located>()
    const node = this.node(place)
    const sources = isSeq(node)
      ? node.items.map((item) => ({ key: item as Node, value: item as Node }))
      : [place]
    // The first map that holds a key wins.
    for (const source of sources.toReversed()) {
      for (const [name, entry] of this.#entriesOfFile(source, path)) merged.set(name, entry)
    }
    return merged
  }
}

/** What the file holds at a node, for a message: short, and never a secret. */
export function describeNode(node: Node, path: string): string {
  if (isMap(node)) return 'a section of keys'
  if (isSeq(node)) return 'a list'
  if (SECRET.test(path)) return 'what is there'
  const value: unknown = isScalar(node) ? node.value : undefined
  const text =
    typeof value === 'string'
      ? JSON.stringify(value)
      : ((isScalar(node) ? node.source : undefined) ?? String(value))
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
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
  return (
    schema.default !== undefined &&
    (isDurationSchema(schema) || types.includes('integer') || types.includes('number'))
  )
}

function defaultOf(schema: JsonSchema): string {
  return String(schema.default)
}

/** The names to suggest. */
function currentNames(keys: ReadonlyMap<string, YamlKey>): string[] {
  return [...keys].filter(([, { deprecated }]) => deprecated === undefined).map(([name]) => name)
}
