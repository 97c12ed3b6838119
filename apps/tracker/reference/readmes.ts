import type { JsonSchema } from '@chihaya/core'
import { readFile } from 'node:fs/promises'
import { describeKey, isDurationSchema, schemaTypes } from '../src/config/describe-schema.ts'
import { yamlSchema, type YamlKey, type YamlSchema } from '../src/config/spelling.ts'
import { HOOK_PACKAGES, STORAGE_PACKAGES } from '../src/plugin/plugin-names.ts'
import { code, table } from './tables.ts'

const PACKAGES: readonly string[] = [
  '@chihaya/core',
  '@chihaya/http-frontend',
  '@chihaya/metrics',
  '@chihaya/status',
  '@chihaya/udp-frontend',
  ...STORAGE_PACKAGES.values(),
  ...HOOK_PACKAGES.values(),
]
const TABLE = /(<!-- options: [^\n]* -->\n)[^]*?(<!-- \/options -->)/

/** The READMEs of the packages, with up-to-date tables of their options. */
export function readmes(): Promise<Array<{ readonly url: URL; readonly text: string }>> {
  return Promise.all(
    PACKAGES.map(async (name) => {
      const folder = name.replace('@chihaya/', '')
      const url = new URL(`../../../packages/${folder}/README.md`, import.meta.url)
      const { optionsSchema } = (await import(name)) as { optionsSchema: JsonSchema }
      return { url, text: withTable(await readFile(url, 'utf8'), url, optionsSchema) }
    }),
  )
}

function withTable(readme: string, url: URL, schema: JsonSchema): string {
  if (!TABLE.test(readme))
    throw new Error(
      `${url.pathname} has no place for its options: <!-- options: … --> … <!-- /options -->`,
    )
  const rows = [['option', 'type', 'default', 'meaning'], ...rowsOf(yamlSchema(schema), '')]
  // The replacement is a function, as `$` means something in text.
  return readme.replace(
    TABLE,
    (_all, start: string, end: string) => `${start}\n${table(rows)}\n\n${end}`,
  )
}

/** Options, followed by those in them. */
function rowsOf({ schema, keys }: YamlSchema, above: string): string[][] {
  const required = (schema['required'] ?? []) as readonly string[]
  return [...(keys?.values() ?? [])]
    .filter(({ isSecretFile }) => isSecretFile !== true)
    .flatMap((key) => [
      rowOf(key, above, required.includes(key.option)),
      ...rowsOf(key, `${above}${key.option}.`),
    ])
}

function rowOf(key: YamlKey, above: string, isRequired: boolean): string[] {
  const { schema, option } = key
  const byDefault = schema.default === undefined ? '' : code(literal(schema.default))
  return [
    code(above + option),
    typeOf(key),
    isRequired ? 'needed' : byDefault,
    schema.description ?? '',
  ]
}

function typeOf(key: YamlKey): string {
  if (key.keys) return 'an object'
  if (isDurationSchema(key.schema)) return 'a duration'
  if (schemaTypes(key.schema).length === 0 && key.schema['enum'] === undefined) return ''
  return describeKey(key)
    .replaceAll('a section of keys', 'an object')
    .replaceAll(/text that matches \S+/g, 'text')
}

/** A value as TypeScript writes it. */
function literal(value: unknown): string {
  return JSON.stringify(value).replaceAll('"', "'")
}
