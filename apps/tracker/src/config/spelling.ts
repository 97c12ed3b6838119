import type { JsonSchema } from '@chihaya/core'
import { schemaTypes } from './describe-schema.ts'

/** A check that JSON Schema cannot express. */
export interface Rule {
  readonly accepts: (value: unknown) => boolean
  /** What is allowed instead of an invalid value. */
  readonly allowed: (value: unknown) => string
}

/** What a place of the file may hold. Objects with known keys have them in YAML's spelling. */
export interface YamlSchema {
  readonly schema: JsonSchema
  /** For a section: what each key may hold, by its YAML name. */
  readonly keys?: ReadonlyMap<string, YamlKey>
  /** For a list: what each item may hold. */
  readonly items?: YamlSchema
  /** For a list of different items: what each of them may hold. */
  readonly tuple?: readonly YamlSchema[]
  readonly rule?: Rule
  /** What is allowed, if the schema's own words are unclear. */
  readonly allowed?: string
  /** What is allowed, in the reference of all keys. @default the same as in messages */
  readonly summary?: string
}

export interface YamlKey extends YamlSchema {
  /** The package's option that the key sets; '' for none. */
  readonly option: string
  /** Chihaya knew the key, so Go's zero values, 0 and "", leave it unset. */
  readonly chihaya?: boolean
  /** The key holds a section that is described elsewhere. */
  readonly section?: boolean
  /** The key is accepted for old files only: what to write instead. */
  readonly deprecated?: string
  /** A remark instead of a warning, as the deprecated key takes effect. */
  readonly level?: 'info'
  /** The neighbouring section that the key belongs to. */
  readonly movesTo?: string
  /** The key names a file that holds the value. */
  readonly isSecretFile?: boolean
}

/** How the keys of a section are spelt in YAML. */
export interface Spelling {
  /** YAML names of options, where they are not the option's name in snake case. */
  readonly names?: Readonly<Record<string, string>>
  /** Options that a file cannot set. */
  readonly hidden?: readonly string[]
  /** YAML names that Chihaya knew. */
  readonly chihaya?: readonly string[]
  /** Keys beside the package's options, by YAML name. */
  readonly extra?: Readonly<Record<string, YamlKey>>
  /** What a key, or each item of its list, allows, if the schema's own words are unclear. */
  readonly allowed?: Readonly<Record<string, string>>
  /** What to write instead of a key, by YAML name. */
  readonly deprecated?: Readonly<Record<string, string>>
}

/** The YAML form of a package's options. */
export function yamlSchema(schema: JsonSchema, spelling: Spelling = {}): YamlSchema {
  if (isSchema(schema['properties']))
    return { schema, keys: yamlKeys(schema['properties'], spelling) }
  const { items, writeOnly } = schema
  if (schema['type'] === 'array' && isSchema(items))
    return { schema, items: yamlSchema(writeOnly === true ? { ...items, writeOnly } : items) }
  return { schema }
}

function yamlKeys(properties: JsonSchema, spelling: Spelling): ReadonlyMap<string, YamlKey> {
  const {
    names = {},
    hidden = [],
    chihaya = [],
    extra = {},
    allowed = {},
    deprecated = {},
  } = spelling
  const keys = new Map<string, YamlKey>()
  for (const [option, schema] of Object.entries(properties)) {
    if (hidden.includes(option)) continue
    const name = names[option] ?? snakeCase(option)
    const key: YamlKey = {
      ...withWords(yamlSchema(schema as JsonSchema), allowed[name]),
      option,
      chihaya: chihaya.includes(name),
    }
    const instead = deprecated[name]
    keys.set(name, instead === undefined ? key : { ...key, deprecated: instead })
    if (isSecretText(key.schema)) keys.set(`${name}_file`, secretFileKey(name, option))
  }
  for (const [name, key] of Object.entries(extra))
    keys.set(name, { ...key, chihaya: chihaya.includes(name) })
  return keys
}

/** The key beside a secret that names a file with it. */
function secretFileKey(name: string, option: string): YamlKey {
  const description = `A file that holds ${name}, read at the start and at each reload.`
  return { option, isSecretFile: true, schema: { description, type: 'string', minLength: 1 } }
}

/** Whether a secret may be the text of a file. */
function isSecretText(schema: JsonSchema): boolean {
  return (
    schema.writeOnly === true &&
    schemaTypes(schema).includes('string') &&
    !schemaTypes(schema).includes('object')
  )
}

function withWords(schema: YamlSchema, allowed: string | undefined): YamlSchema {
  if (allowed === undefined) return schema
  return schema.items ? { ...schema, items: { ...schema.items, allowed } } : { ...schema, allowed }
}

/** `maxScrapeInfoHashes` → `max_scrape_info_hashes`. */
function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null
}
