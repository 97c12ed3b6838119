import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import { TRK_ERR_OPTIONS } from './errors.ts'

/** A JSON Schema (draft 7) of one option; `description` and `default` appear in the documentation. */
export interface JsonSchema {
  readonly [keyword: string]: unknown
  readonly description?: string
  readonly default?: unknown
}

/** The schema of an options interface: one property for each key, none forgotten, none extra. */
export interface OptionsSchema<T> {
  readonly type: 'object'
  readonly additionalProperties: false
  readonly required?: ReadonlyArray<keyof T & string>
  readonly properties: { readonly [K in keyof Required<T>]: JsonSchema }
}

// `register(plugin, options)` mixes Fastify's own keys with the plugin's.
const FASTIFY_KEYS: ReadonlySet<string> = new Set(['prefix', 'logLevel', 'logSerializers', 'exposeHeadRoutes'])

const ajv: Ajv = new Ajv({ useDefaults: true, allErrors: true, allowUnionTypes: true, verbose: true })
const compiled = new WeakMap<object, ValidateFunction>()

/**
 * Checks a plugin's options against its schema and fills in the defaults, on a shallow copy: values may be live objects.
 * @throws TRK_ERR_OPTIONS naming the package and every key that is wrong.
 */
export function parseOptions<T extends object>(name: string, schema: OptionsSchema<T>, options: T): Required<T> {
  const copy: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(options)) if (!FASTIFY_KEYS.has(key) && value !== undefined) copy[key] = value
  let validate = compiled.get(schema)
  if (!validate) compiled.set(schema, (validate = ajv.compile(schema)))
  if (!validate(copy)) throw new TRK_ERR_OPTIONS(name, (validate.errors ?? []).map(describe).join('; '))
  return copy as Required<T>
}

function describe(error: ErrorObject): string {
  const where = `options${error.instancePath}`
  if (error.keyword === 'additionalProperties') return `${where} has no key ${String(error.params['additionalProperty'])}`
  if (error.keyword === 'enum') return `${where} must be one of ${(error.params['allowedValues'] as unknown[]).join(', ')}`
  return `${where} ${error.message ?? 'is wrong'}, got ${JSON.stringify(error.data)}`
}
