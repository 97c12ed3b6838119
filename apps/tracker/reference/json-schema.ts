import type { JsonSchema } from '@chihaya/core'
import { isDurationSchema, schemaTypes } from '../src/config/describe-schema.ts'
import type { YamlKey, YamlSchema } from '../src/config/spelling.ts'
import type { Catalogue } from './catalogue.ts'
import { describe } from './description.ts'

const REFERENCE = { $ref: '#/definitions/reference' }
const WORD = { $ref: '#/definitions/word' }
const ANNOTATIONS: ReadonlySet<string> = new Set([
  'title',
  'description',
  'default',
  'examples',
  'writeOnly',
  'deprecated',
])

const DEFINITIONS: JsonSchema = {
  reference: {
    description: 'A value from the environment: ${NAME}, or ${NAME:-default}.',
    type: 'string',
    pattern: '\\$\\{[A-Za-z_]',
  },
  word: {
    description: 'What YAML 1.1 takes for true and false.',
    type: 'string',
    pattern: '^([Yy]|[Yy][Ee][Ss]|[Oo][Nn]|[Nn]|[Nn][Oo]|[Oo][Ff][Ff])$',
  },
}

/** The JSON Schema (draft 7) of a whole configuration file. */
export function jsonSchema({ root, http, udp, storage, stores, hooks }: Catalogue): JsonSchema {
  const parts: Readonly<Record<string, JsonSchema>> = {
    http: sectionSchema('http', http),
    udp: sectionSchema('udp', udp),
    storage: storageSchema(storage, stores),
    prehooks: { $ref: '#/definitions/hooks' },
    posthooks: { $ref: '#/definitions/hooks' },
  }
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Configuration of the chihaya command',
    type: 'object',
    required: ['chihaya'],
    additionalProperties: false,
    properties: {
      $schema: { description: 'Where this schema is, for editors.', type: 'string' },
      chihaya: sectionSchema('', root, parts),
    },
    definitions: {
      ...DEFINITIONS,
      hooks: hookListSchema(hooks),
      ...Object.fromEntries(
        [...stores].map(([name, store]) => [
          definition('storage', name),
          sectionSchema('storage.config', store),
        ]),
      ),
      ...Object.fromEntries(
        [...hooks].map(([name, hook]) => [definition('hook', name), sectionSchema(name, hook)]),
      ),
    },
  }
}

/** A section. `parts`: the schemas of keys that hold sections. */
function sectionSchema(
  path: string,
  section: YamlSchema,
  parts: Readonly<Record<string, JsonSchema>> = {},
): JsonSchema {
  const required = (section.schema['required'] ?? []) as readonly string[]
  const keys = [...(section.keys ?? [])]
  const names = keys.filter(([, { option }]) => required.includes(option)).map(([name]) => name)
  const properties = keys.map(([name, key]) => [
    name,
    keySchema(path === '' ? name : `${path}.${name}`, key, section, parts[name]),
  ])
  return {
    type: ['object', 'null'],
    additionalProperties: false,
    ...(names.length > 0 && { required: names.filter((name) => !name.endsWith('_file')) }),
    properties: Object.fromEntries(properties) as JsonSchema,
  }
}

function keySchema(path: string, key: YamlKey, section: YamlSchema, part?: JsonSchema): JsonSchema {
  const { schema, deprecated } = key
  const description = [
    describe(key, section),
    deprecated === undefined ? '' : `Deprecated: ${deprecated}.`,
  ]
    .filter(Boolean)
    .join(' ')
  const annotations = {
    title: path,
    ...(description !== '' && { description }),
    ...(schema.default !== undefined && { default: schema.default }),
    ...(schema.examples && { examples: schema.examples }),
    ...(schema.writeOnly === true && { writeOnly: true }),
    ...(deprecated !== undefined && { deprecated: true }),
  }
  // Draft 7 ignores what is beside a $ref.
  if (part) return { ...annotations, ...('$ref' in part ? { allOf: [part] } : part) }
  if (key.keys) return { ...annotations, ...sectionSchema(path, key) }
  return { ...annotations, anyOf: [...valueSchemas(schema), ...unsetSchemas(key), REFERENCE] }
}

/** The values that a file may hold, which are more than the package's schema allows. */
function valueSchemas(schema: JsonSchema): JsonSchema[] {
  const types = schemaTypes(schema)
  const bare = Object.fromEntries(
    Object.entries(schema).filter(([keyword]) => !ANNOTATIONS.has(keyword)),
  )
  const items = schema['items'] as JsonSchema | undefined
  const list = items !== undefined ? { items: { anyOf: [...valueSchemas(items), REFERENCE] } } : {}
  const isText = types.includes('string') && !isDurationSchema(schema) && !types.includes('boolean')
  // A number is read as text where text is needed.
  const type = isText ? { type: [...types, 'number', 'boolean'] } : {}
  return [{ ...bare, ...list, ...type }, ...(types.includes('boolean') ? [WORD] : [])]
}

/** Values that leave a key to its default: null, and Go's zero values if Chihaya knew the key. */
function unsetSchemas({ chihaya, schema }: YamlKey): JsonSchema[] {
  const isNumber = schemaTypes(schema).some((type) => type === 'integer' || type === 'number')
  if (chihaya !== true) return [{ type: 'null' }]
  return [{ enum: isNumber ? [null, '', 0] : [null, ''] }]
}

function storageSchema(storage: YamlSchema, stores: ReadonlyMap<string, YamlSchema>): JsonSchema {
  const { properties, ...rest } = sectionSchema('storage', storage)
  const { name, ...others } = properties as Record<string, JsonSchema>
  const config = {
    title: 'storage.config',
    description: 'Options of the store.',
    type: ['object', 'null'],
  }
  const rules = [...stores.keys()].map((store) => {
    const named = {
      properties: { name: { enum: store === 'memory' ? [store, '', null] : [store] } },
    }
    const itsConfig = { $ref: `#/definitions/${definition('storage', store)}` }
    return rule(store === 'memory' ? named : { ...named, required: ['name'] }, {
      properties: { config: itsConfig },
    })
  })
  return { ...rest, properties: { name, ...others, config }, allOf: rules }
}

function hookListSchema(hooks: ReadonlyMap<string, YamlSchema>): JsonSchema {
  const rules = [...hooks].map(([name, hook]) => {
    const options = { $ref: `#/definitions/${definition('hook', name)}` }
    const isRequired = ((hook.schema['required'] ?? []) as readonly string[]).length > 0
    const required = { anyOf: [{ required: ['options'] }, { required: ['config'] }] }
    const named = { properties: { name: { const: name } }, required: ['name'] }
    return rule(named, { properties: { options, config: options }, ...(isRequired && required) })
  })
  const item: JsonSchema = {
    type: 'object',
    required: ['name'],
    additionalProperties: false,
    properties: {
      name: {
        description:
          'A name that Chihaya knows, the path of a module that begins with ./ or /, or an npm package.',
        anyOf: [{ enum: [...hooks.keys()] }, { type: 'string', minLength: 1 }],
      },
      options: { description: 'Options of the hook.', type: ['object', 'null'] },
      config: { description: 'The same as options.', type: ['object', 'null'] },
    },
    allOf: rules,
  }
  return { type: ['array', 'null'], items: item }
}

function rule(condition: JsonSchema, consequence: JsonSchema): JsonSchema {
  // A keyword of JSON Schema, not a promise.
  // oxlint-disable-next-line unicorn/no-thenable
  return { if: condition, then: consequence }
}

function definition(kind: string, name: string): string {
  return `${kind}-${name.replaceAll(' ', '-')}`
}
