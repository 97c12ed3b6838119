import { durationSchema, type JsonSchema } from '@chihaya/core'

const DURATION_PATTERN: unknown = durationSchema('', '0')['pattern']

/** Whether a schema is that of a duration, where a bare number has no unit. */
export function isDurationSchema(schema: JsonSchema): boolean {
  return schema['pattern'] === DURATION_PATTERN
}

/** The JSON types in a schema and its variants. */
export function schemaTypes(schema: JsonSchema): readonly string[] {
  const { type } = schema
  const variants = schema['anyOf'] ?? schema['oneOf']
  if (typeof type === 'string') return [type]
  if (Array.isArray(type)) return type as string[]
  return Array.isArray(variants) ? (variants as JsonSchema[]).flatMap(schemaTypes) : []
}

/**
 * What a schema allows, in words: `a whole number from 1 to 65535`, `one of leechers, all`. `item`
 * describes the items of a list.
 */
function describeSchema(schema: JsonSchema, item?: string): string {
  if (isDurationSchema(schema)) return 'a duration such as 30m, 1h30m or 500ms'
  const choices = schema['enum']
  if (Array.isArray(choices))
    return choices.length === 1 ? String(choices[0]) : `one of ${choices.join(', ')}`
  const variants = schema['anyOf'] ?? schema['oneOf']
  if (Array.isArray(variants))
    return (variants as JsonSchema[]).map((variant) => describeSchema(variant)).join(' or ')
  const types = schemaTypes(schema)
  return types.length === 0
    ? 'something else'
    : types.map((type) => describeType(type, schema, item)).join(' or ')
}

/** A schema, and words for what it allows that are better than its own. */
interface Described {
  readonly schema: JsonSchema
  readonly items?: { readonly allowed?: string }
  readonly allowed?: string
}

/** What a place of the file allows, in words. */
export function describeKey({ schema, items, allowed }: Described): string {
  return allowed ?? describeSchema(schema, items?.allowed)
}

function describeType(type: string, schema: JsonSchema, item: string | undefined): string {
  if (type === 'boolean') return 'true or false'
  if (type === 'integer' || type === 'number')
    return (type === 'integer' ? 'a whole number' : 'a number') + describeRange(schema)
  if (type === 'string') return describeText(schema)
  if (type === 'array') return describeList(schema, item)
  return type === 'object' ? 'a section of keys' : 'empty'
}

function describeRange(schema: JsonSchema): string {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema as Record<string, unknown>
  const limits: string[] = []
  if (typeof minimum === 'number' && typeof maximum === 'number')
    return ` from ${minimum} to ${maximum}`
  if (typeof minimum === 'number') limits.push(`of at least ${minimum}`)
  if (typeof exclusiveMinimum === 'number') limits.push(`above ${exclusiveMinimum}`)
  if (typeof maximum === 'number') limits.push(`of at most ${maximum}`)
  if (typeof exclusiveMaximum === 'number') limits.push(`below ${exclusiveMaximum}`)
  return limits.length === 0 ? '' : ` ${limits.join(' and ')}`
}

function describeText(schema: JsonSchema): string {
  if (typeof schema['pattern'] === 'string') {
    return schema.examples
      ? `text such as ${schema.examples.join(' or ')}`
      : `text that matches ${schema['pattern']}`
  }
  const { minLength, maxLength } = schema as Record<string, unknown>
  if (typeof minLength === 'number' && minLength === maxLength)
    return `text of ${minLength} characters`
  if (typeof minLength === 'number' && minLength > 1)
    return `text of at least ${minLength} characters`
  return minLength === 1 ? 'text that is not empty' : 'text'
}

function describeList({ items, minItems }: JsonSchema, item?: string): string {
  const each =
    item ??
    (typeof items === 'object' && items !== null ? describeSchema(items as JsonSchema) : undefined)
  const of = each === undefined ? '' : `, each ${each}`
  return minItems === 1 ? `a list that is not empty${of}` : `a list${of}`
}
