import { describeKey, isDurationSchema } from '../src/config/describe-schema.ts'
import { variableOf } from '../src/config/environment.ts'
import type { YamlKey, YamlSchema } from '../src/config/spelling.ts'
import { HOOK_PACKAGES, STORAGE_PACKAGES } from '../src/plugin/plugin-names.ts'
import type { Catalogue } from './catalogue.ts'
import { describe } from './description.ts'
import { INTRO } from './intro.ts'
import { code, escapeCell } from './tables.ts'

interface Row {
  readonly path: string
  readonly key: YamlKey
  readonly section: YamlSchema
}

/** The reference of all keys, in Markdown. */
export function markdown({ root, http, udp, storage, stores, hooks }: Catalogue): string {
  const parts = [
    INTRO,
    sectionTable('`chihaya`', 'chihaya', root),
    sectionTable('`chihaya.http`', 'chihaya.http', http),
    sectionTable('`chihaya.udp`', 'chihaya.udp', udp),
    sectionTable('`chihaya.storage`', 'chihaya.storage', storage),
    ...[...stores].map(([name, store]) =>
      sectionTable(
        `\`chihaya.storage.config\` of \`${name}\``,
        'chihaya.storage.config',
        store,
        packageLink(STORAGE_PACKAGES, name),
      ),
    ),
    HOOKS,
    ...[...hooks].map(([name, hook]) =>
      sectionTable(`\`${name}\``, 'prehooks[]', hook, packageLink(HOOK_PACKAGES, name)),
    ),
    OLD_KEYS,
    oldKeys({ root, http, udp, storage, stores, hooks }),
  ]
  return parts.join('\n')
}

const HOOKS = `## Hooks

\`prehooks\` and \`posthooks\` are lists of \`name\` and \`options\`. A name is one of the following, the
path of a module that begins with \`./\` or \`/\`, or an npm package. Options are checked like these if
the module exports an \`optionsSchema\`. \`config\` is read as \`options\`, with a warning for the hooks
of Chihaya.
`

const OLD_KEYS = `## Keys of old files

These are read or ignored, with a warning.

| key | instead |
| --- | --- |`

function sectionTable(title: string, path: string, schema: YamlSchema, link = ''): string {
  const isHook = !path.startsWith('chihaya')
  const head = isHook
    ? ['key', 'type', 'default', 'meaning']
    : ['key', 'type', 'default', 'meaning', 'variable']
  const required = (schema.schema['required'] ?? []) as readonly string[]
  const lines = rowsOf(path, schema).map(({ path: keyPath, key, section: owner }) => {
    const name = keyPath.slice(path.length + 1)
    const allowed = isDurationSchema(key.schema) ? 'a duration' : (key.summary ?? describeKey(key))
    const type = `${allowed}${key.schema.writeOnly === true ? '; **secret**' : ''}`
    const byDefault = owner === schema && required.includes(key.option) ? 'needed' : defaultOf(key)
    const cells = [code(name), type, byDefault, describe(key, owner)]
    return isHook ? cells : [...cells, variable(keyPath, key)]
  })
  const table = [head, head.map(() => '---'), ...lines].map(
    (cells) => `| ${cells.map(escapeCell).join(' | ')} |`,
  )
  return [
    `##${isHook ? '#' : ''} ${title}`,
    '',
    ...(link === '' ? [] : [link, '']),
    ...table,
    '',
  ].join('\n')
}

/** The keys of a section, with those of a section within it in its place. */
function rowsOf(path: string, section: YamlSchema): Row[] {
  return [...(section.keys ?? [])].flatMap(([name, key]): Row[] => {
    if (key.deprecated !== undefined) return []
    const below = `${path}.${name}`
    return key.keys ? rowsOf(below, key) : [{ path: below, key, section }]
  })
}

function variable(path: string, key: YamlKey): string {
  return key.section === true ? '' : code(variableOf(path) ?? '')
}

function defaultOf({ schema }: YamlKey): string {
  if (schema.default === undefined) return ''
  return code(typeof schema.default === 'string' ? schema.default : JSON.stringify(schema.default))
}

function oldKeys({ root, http, udp, storage, stores }: Catalogue): string {
  const places: Array<[string, YamlSchema]> = [
    ['chihaya', root],
    ['chihaya.http', http],
    ['chihaya.udp', udp],
    ['chihaya.storage', storage],
    ...[...stores.values()].map((store): [string, YamlSchema] => ['chihaya.storage.config', store]),
  ]
  const lines = places.flatMap(([path, { keys = new Map<string, YamlKey>() }]) =>
    [...keys].flatMap(([name, { deprecated }]) =>
      deprecated === undefined ? [] : `| ${code(`${path}.${name}`)} | ${escapeCell(deprecated)} |`,
    ),
  )
  return `${lines.join('\n')}\n`
}

function packageLink(packages: ReadonlyMap<string, string>, name: string): string {
  const full = packages.get(name) ?? name
  return `More in the README of [\`${full}\`](../packages/${full.replace('@chihaya/', '')}/README.md).`
}
