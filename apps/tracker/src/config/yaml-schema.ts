import type { JsonSchema } from '@chihaya/core'
import { schemaTypes } from './describe-schema.ts'
import { secretFileKey } from './secret-file.ts'
import type { ConfigReader, Located } from './reader.ts'

/**
 * What a place of the file may hold: a JSON Schema, whose objects have their keys in YAML's
 * spelling.
 */
export interface YamlSchema {
  readonly schema: JsonSchema
  /** For a map with known keys: what each may hold, by its YAML name. */
  readonly keys?: ReadonlyMap<string, YamlKey>
  /** For a list. */
  readonly items?: YamlSchema
  /** What is allowed, in better words than a schema's. */
  readonly allowed?: string
}

export interface YamlKey extends YamlSchema {
  /** The option of the package that the key sets. */
  readonly option: string
  /** Chihaya knew the key, so Go's zero value leaves it unset: 0 or "". */
  readonly chihaya?: boolean
  /** The key holds a section of the file, whose keys the environment may set. */
  readonly section?: boolean
  /** The key is here for old files: what to write instead. */
  readonly deprecated?: string
  /** The deprecated key takes effect, so this is information and no warning. */
  readonly level?: 'info'
  /** Reads what a JSON Schema cannot describe. */
  readonly read?: (reader: ConfigReader, place: Located, path: string) => unknown
}

/** How the keys of one section are spelt in YAML. */
export interface Spelling {
  /** YAML names of options, where they are not the option's name in snake case. */
  readonly names?: Readonly<Record<string, string>>
  /** Options that mean nothing in a file. */
  readonly hidden?: readonly string[]
  /** YAML names that Chihaya knew. */
  readonly chihaya?: readonly string[]
  /** Keys that set no option of the package, by YAML name. */
  readonly extra?: Readonly<Record<string, YamlKey>>
  /** What a key allows, or the items of its list, where the words of the schema would not help. */
  readonly allowed?: Readonly<Record<string, string>>
  /** What to write instead of a key, by YAML name. */
  readonly deprecated?: Readonly<Record<string, string>>
}

/** The YAML form of a package's options. */
export function yamlSchema(schema: JsonSchema, spelling: Spelling = {}): YamlSchema {
  if (isSchema(schema['properties']))
    return { schema, keys: yamlKeys(schema['properties'], spelling) }
  if (schema['type'] === 'array' && isSchema(schema['items']))
    return { schema, items: yamlSchema(schema['items']) }
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

/** A secret that fits into a file of its own, and is text when it comes from there. */
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
