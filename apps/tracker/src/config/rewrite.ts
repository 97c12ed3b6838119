import { parseDuration, type JsonSchema } from '@chihaya/core'
import { isDurationSchema, schemaTypes } from './describe-schema.ts'
import { nameOf, type Path } from './problems.ts'
import { isSection, type Section, type Source } from './source.ts'
import type { YamlKey, YamlSchema } from './spelling.ts'

// Booleans of Go's YAML besides true and false.
const TRUE_WORDS: ReadonlySet<string> = new Set(['y', 'yes', 'on'])
const FALSE_WORDS: ReadonlySet<string> = new Set(['n', 'no', 'off'])
const NANOSECONDS_IN_MILLISECOND = 1e6
const OTHER_SCALARS: ReadonlySet<string> = new Set(['number', 'integer', 'boolean'])

type Keys = ReadonlyMap<string, YamlKey>

/**
 * Rewrites a section, and the sections in it, to the form that its schema describes: keys of old
 * files are moved or dropped, keys that are unset in Go's eyes are dropped, and scalars are read as
 * Go's YAML would read them for the type of the key. Warns of what an operator should know.
 */
export function rewrite(source: Source, section: Section, schema: YamlSchema, path: Path): void {
  const { keys } = schema
  if (keys === undefined) return
  warnOfDefaults(source, section, keys, path)
  for (const name of Object.keys(section)) {
    const key = keys.get(name)
    if (key && !isKept(source, section, name, key, path)) delete section[name]
  }
  settleDoubles(source, section, keys, path)
  for (const [name, value] of Object.entries(section)) {
    const key = keys.get(name)
    if (key) section[name] = rewriteValue(source, value, key, [...path, name])
  }
}

/** Warns of absent numbers, which are zero in Chihaya. */
function warnOfDefaults(source: Source, section: Section, keys: Keys, path: Path): void {
  const unset = [...keys]
    .filter(([name, key]) => key.chihaya === true && isNumber(key.schema) && section[name] == null)
    .map(([name, { schema }]) => `${name} ${String(schema.default)}`)
  if (unset.length === 0) return
  source.warn(path, ` leaves these to their defaults: ${unset.join(', ')}`)
}

/** Whether a key has a value and belongs where it is. */
function isKept(
  source: Source,
  section: Section,
  name: string,
  { schema, option, deprecated, level, movesTo, chihaya }: YamlKey,
  path: Path,
): boolean {
  const at = [...path, name]
  const value = section[name]
  if (value === null) return false
  if (deprecated !== undefined) source.warn(at, `: ${deprecated}`, 'key', level)
  if (option === '') return false
  if (movesTo !== undefined) {
    const target = section[movesTo]
    if (isSection(target) && !Object.hasOwn(target, name)) {
      target[name] = value
      source.move(at, [...path, movesTo, name])
    }
    return false
  }
  if (chihaya !== true || !isGoZero(value, schema)) return true
  if (isNumber(schema))
    source.warn(at, ` is 0, so its default applies: ${String(schema.default)}`, 'value')
  return false
}

/** Refuses two keys for one option, unless one of them is old and yields. */
function settleDoubles(source: Source, section: Section, keys: Keys, path: Path): void {
  const setBy = new Map<string, string>()
  for (const name of Object.keys(section)) {
    const key = keys.get(name)
    if (key === undefined) continue
    const other = setBy.get(key.option)
    if (other === undefined) setBy.set(key.option, name)
    else if (key.deprecated !== undefined) delete section[name]
    else if (keys.get(other)?.deprecated !== undefined) delete section[other]
    else {
      const at = [...path, name]
      const message = `${nameOf(path)} has both ${other} and ${name}`
      source.findings.problem(source.keyPlace(at), at, message)
    }
  }
}

function rewriteValue(source: Source, value: unknown, schema: YamlSchema, path: Path): unknown {
  if (schema.keys && isSection(value)) rewrite(source, value, schema, path)
  const { items, tuple } = schema
  if (!Array.isArray(value) || (!items && !tuple))
    return scalarsOf(source, value, schema.schema, path)
  return value.map((item, index) => {
    const itemSchema = tuple?.[index] ?? items
    return itemSchema ? rewriteValue(source, item, itemSchema, [...path, index]) : item
  })
}

/** A value with its scalars as Go's YAML would decode them into the type of the schema. */
function scalarsOf(source: Source, value: unknown, schema: JsonSchema, path: Path): unknown {
  const { items } = schema
  if (Array.isArray(value))
    return isSection(items)
      ? value.map((item, index) => scalarsOf(source, item, items, [...path, index]))
      : value
  if (value == null || isSection(value)) return value
  const types = schemaTypes(schema)
  if (isDurationSchema(schema) && typeof value === 'number') {
    const text = `: ${value} has no unit, so it is nanoseconds, as in Chihaya; write a duration such as ${String(schema.default)}`
    source.warn(path, text, 'value')
    return value / NANOSECONDS_IN_MILLISECOND
  }
  const scalar = source.scalar(path)
  if (types.includes('boolean') && scalar?.type === 'PLAIN' && typeof value === 'string') {
    if (TRUE_WORDS.has(value.toLowerCase())) return true
    if (FALSE_WORDS.has(value.toLowerCase())) return false
  }
  const isText = types.includes('string') && !types.some((type) => OTHER_SCALARS.has(type))
  return isText && typeof value !== 'string' ? (scalar?.source ?? value) : value
}

function isGoZero(value: unknown, schema: JsonSchema): boolean {
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

/** Whether a key is a number or a duration that has a default. */
function isNumber(schema: JsonSchema): boolean {
  const types = schemaTypes(schema)
  return (
    schema.default !== undefined &&
    (isDurationSchema(schema) || types.includes('integer') || types.includes('number'))
  )
}
