import type { JsonSchema } from '@chihaya/core'
import { Ajv, type ErrorObject, type Options as AjvOptions, type ValidateFunction } from 'ajv'
import { describeKey, isDurationSchema } from './describe-schema.ts'
import { nearest } from './did-you-mean.ts'
import { nameOf, type Path } from './problems.ts'
import type { Section, Source } from './source.ts'
import type { Rule, YamlKey, YamlSchema } from './spelling.ts'

const RULE = 'chihaya:rule'
// Third-party packages may use keywords that this version of ajv does not know.
const OPTIONS: AjvOptions = {
  allErrors: true,
  strict: false,
  validateFormats: false,
  validateSchema: false,
  logger: false,
  // Each schema is used once or twice.
  code: { optimize: false },
}
const metaSchema = new Ajv(OPTIONS)
/** Configurations with the same packages share one schema. */
const compiled = new WeakMap<YamlSchema, ValidateFunction>()

/** A value that its schema does not allow. */
interface Fault {
  /** Below the section that is checked. */
  readonly path: Path
  readonly schema: YamlSchema
  readonly failsRule: boolean
}

/**
 * Validates a section, and everything in it. Reports invalid values and removes them from the tree,
 * so that later steps can find more errors in the rest.
 */
export function validate(source: Source, section: Section, schema: YamlSchema, path: Path): void {
  let check = compiled.get(schema)
  if (!check) compiled.set(schema, (check = compile(schema)))
  if (check(section)) return
  const faults = new Map<string, Fault>()
  for (const error of check.errors ?? []) {
    const at = pathOf(section, error.instancePath)
    const { keys } = schemaAt(schema, at).schema
    if (error.keyword === 'additionalProperties' && keys) {
      const name = error.params['additionalProperty'] as string
      refuseUnknown(source, [...path, ...at], name, keys)
      delete (valueAt(section, at) as Section)[name]
    } else if (error.keyword === 'required' && keys) {
      refuseMissing(source, [...path, ...at], error, keys)
    } else if (error.keyword === 'type' || !keys) {
      const fault = { ...schemaAt(schema, at), failsRule: error.keyword === RULE }
      faults.set(nameOf(fault.path), faults.get(nameOf(fault.path)) ?? fault)
    }
  }
  const found = innermost([...faults.values()])
  for (const fault of found) report(source, valueAt(section, fault.path), path, fault)
  for (const fault of found) remove(section, fault.path)
}

/** Why a package's schema is not a JSON Schema; undefined if it is. */
export function schemaProblem(schema: JsonSchema): string | undefined {
  return metaSchema.validateSchema(schema) === true ? undefined : metaSchema.errorsText()
}

function compile(schema: YamlSchema): ValidateFunction {
  // An instance keeps what it has compiled, even after `removeSchema`.
  const ajv = new Ajv(OPTIONS)
  ajv.addKeyword({
    keyword: RULE,
    validate: (rule: Rule, value: unknown): boolean => rule.accepts(value),
  })
  return ajv.compile(jsonSchemaOf(schema))
}

function jsonSchemaOf({ schema, keys, items, tuple, rule }: YamlSchema): JsonSchema {
  if (keys) return sectionSchemaOf(schema, keys)
  return {
    ...schema,
    ...(items && { items: jsonSchemaOf(items) }),
    ...(tuple && { items: tuple.map(jsonSchemaOf) }),
    ...(rule && { [RULE]: rule }),
  }
}

function sectionSchemaOf(
  { required = [] }: JsonSchema,
  keys: ReadonlyMap<string, YamlKey>,
): JsonSchema {
  const properties = [...keys].map(([name, key]) => [name, jsonSchemaOf(key)])
  // A secret may be in a file: either key will do.
  const names = (required as readonly string[])
    .map((option) => [...keys].filter(([, key]) => key.option === option))
    .map((either) => ({ anyOf: either.map(([name]) => ({ required: [name] })) }))
    .filter(({ anyOf }) => anyOf.length > 0)
  return {
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(properties) as JsonSchema,
    ...(names.length > 0 && { allOf: names }),
  }
}

function refuseUnknown(
  source: Source,
  path: Path,
  name: string,
  keys: ReadonlyMap<string, YamlKey>,
): void {
  const known = [...keys].filter(([, { deprecated }]) => deprecated === undefined)
  const names = known.map(([each]) => each)
  const guess = nearest(name, names)
  const hint =
    guess === undefined
      ? `the keys of ${nameOf(path)} are ${names.join(', ')}`
      : `did you mean ${guess}?`
  source.refuse([...path, name], ` is not a known key; ${hint}`, 'key')
}

function refuseMissing(
  source: Source,
  path: Path,
  { params }: ErrorObject,
  keys: ReadonlyMap<string, YamlKey>,
): void {
  const name = params['missingProperty'] as string
  if (keys.get(name)?.isSecretFile === true) return
  source.refuse([...path, name], ' is missing')
}

function report(source: Source, value: unknown, above: Path, fault: Fault): void {
  const { schema, failsRule } = fault
  const path = [...above, ...fault.path]
  const allowed = schema.keys
    ? 'a section of keys'
    : failsRule && schema.rule
      ? schema.rule.allowed(value)
      : describeKey(schema)
  const unit = isDurationSchema(schema.schema) && typeof value === 'number' ? ' nanoseconds' : ''
  const given = schema.schema.writeOnly === true ? 'what is there' : source.describe(path) + unit
  const isList = Array.isArray(value) && schema.items !== undefined
  source.refuse(path, isList ? ` must be ${allowed}` : ` must be ${allowed}, not ${given}`)
}

/** The schema of a path, or of the nearest value around it that is described as a whole. */
function schemaAt(schema: YamlSchema, path: Path): Pick<Fault, 'path' | 'schema'> {
  let found = schema
  for (const [depth, step] of path.entries()) {
    const next =
      typeof step === 'number' ? (found.tuple?.[step] ?? found.items) : found.keys?.get(step)
    if (next === undefined) return { path: path.slice(0, depth), schema: found }
    found = next
  }
  return { path, schema: found }
}

/** Faults, except for those of lists that are due to their items. */
function innermost(faults: readonly Fault[]): Fault[] {
  const around = new Set(
    faults.flatMap(({ path }) => path.map((_step, depth) => nameOf(path.slice(0, depth)))),
  )
  return faults.filter(({ path, schema }) => !schema.items || !around.has(nameOf(path)))
}

/** The path that a JSON pointer leads to. */
function pathOf(section: Section, pointer: string): Path {
  let value: unknown = section
  return pointer
    .split('/')
    .slice(1)
    .map((part) => {
      const name = part.replaceAll('~1', '/').replaceAll('~0', '~')
      const step = Array.isArray(value) ? Number(name) : name
      value = valueAt(value, [step])
      return step
    })
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce((found, step) => (found as Record<string | number, unknown>)[step], value)
}

function remove(section: Section, path: Path): void {
  const parent = valueAt(section, path.slice(0, -1)) as Record<string | number, unknown>
  parent[path.at(-1) ?? ''] = undefined
}
