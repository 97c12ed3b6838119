import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import { TRK_ERR_OPTIONS } from '../errors.ts'

/** A JSON Schema (draft 7) of one option. The documentation shows `description` and `default`. */
export interface JsonSchema {
  readonly [keyword: string]: unknown
  readonly description?: string
  readonly default?: unknown
  /** Shown in errors instead of a `pattern`. */
  readonly examples?: readonly unknown[]
  /** Marks a secret, whose value is left out of errors. */
  readonly writeOnly?: boolean
}

/** The schema of an options interface, with a property for each key. */
export interface OptionsSchema<T> {
  readonly type: 'object'
  readonly additionalProperties: false
  readonly required?: ReadonlyArray<keyof T & string>
  readonly properties: { readonly [K in keyof Required<T>]: JsonSchema }
}

// Keys of Fastify's own in the options of `register`.
const FASTIFY_KEYS: ReadonlySet<string> = new Set([
  'prefix',
  'logLevel',
  'logSerializers',
  'exposeHeadRoutes',
])

const ajv: Ajv = new Ajv({
  useDefaults: true,
  allErrors: true,
  allowUnionTypes: true,
  verbose: true,
})
const compiled = new WeakMap<object, ValidateFunction>()

/**
 * Checks the options of a plugin against its schema and fills in the defaults, in a shallow copy. A
 * key whose value is undefined counts as absent.
 * @throws TRK_ERR_OPTIONS naming the package and every wrong key.
 */
export function parseOptions<T extends object>(
  name: string,
  schema: OptionsSchema<T>,
  options: T,
): Required<T> {
  const given = Object.entries(options).filter(
    ([key, value]) => !FASTIFY_KEYS.has(key) && value !== undefined,
  )
  // `fromEntries` makes `__proto__` a plain key, so that it is refused as unknown.
  const copy: unknown = Object.fromEntries(given)
  let validate = compiled.get(schema)
  if (!validate) compiled.set(schema, (validate = ajv.compile(schema)))
  if (!validate(copy))
    throw new TRK_ERR_OPTIONS(name, (validate.errors ?? []).map(describe).join('; '))
  return copy as Required<T>
}

function describe(error: ErrorObject): string {
  const where = `options${error.instancePath}`
  if (error.keyword === 'additionalProperties')
    return `${where} has no key ${String(error.params['additionalProperty'])}`
  const { examples, writeOnly } = error.parentSchema as JsonSchema
  let must = error.message ?? 'is wrong'
  if (error.keyword === 'enum')
    must = `must be one of ${(error.params['allowedValues'] as unknown[]).join(', ')}`
  if (error.keyword === 'pattern' && examples) must = `must be written like ${examples.join(', ')}`
  return writeOnly === true ? `${where} ${must}` : `${where} ${must}, got ${show(error.data)}`
}

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}
