import { Document, Pair, Scalar, YAMLMap, YAMLSeq, type Node } from 'yaml'
import { isDurationSchema, schemaTypes } from './describe-schema.ts'
import type { Path } from './problems.ts'
import { MASK } from './references.ts'
import type { Settings } from './tracker-config.ts'
import { isSection, type Section } from './source.ts'
import type { YamlKey, YamlSchema } from './spelling.ts'

const SECRET_NAME =
  /(^|_)(\w*key|secret|password|passwd|passphrase|token|pfx|credentials?|private_key|broker)s?$/i
const PATH_NAME = /_(file|path)$/i
const BROKER_NAME = /(^|_)(url|broker)$/

/**
 * The configuration in force as YAML with Chihaya's keys: defaults are filled in, secrets masked,
 * and comments name the variables that values come from.
 */
export function printSettings(settings: Settings, origin: string): string {
  const { section, schema } = settings
  // The store runs even if the file leaves it out.
  const whole = { ...section, storage: section['storage'] ?? { config: {} } }
  const file = new YAMLMap()
  file.items.push(
    new Pair(new Scalar('chihaya'), sectionNode(settings, whole, schema, ['chihaya'])),
  )
  const document = new Document(file)
  document.commentBefore = ` ${origin}`
  return document.toString({ lineWidth: 0 })
}

function sectionNode(
  settings: Settings,
  section: Section,
  { keys }: YamlSchema,
  path: Path,
): YAMLMap {
  const map = new YAMLMap()
  if (keys === undefined) {
    for (const [name, value] of Object.entries(section))
      map.items.push(pair(name, maskByName(name, value), settings.variables([...path, name])))
    return map
  }
  const options = new Set(Object.keys(section).map((name) => keys.get(name)?.option))
  for (const [name, key] of keys) {
    const at = [...path, name]
    const value = section[name]
    if (value === undefined) {
      if (key.deprecated !== undefined || key.keys || key.schema.default === undefined) continue
      // Another key may set the option: `private_key_file` sets that of `private_key`.
      if (!options.has(key.option)) map.items.push(pair(name, key.schema.default, []))
    } else if (key.tuple && Array.isArray(value))
      map.items.push(new Pair(new Scalar(name), hooksNode(settings, value, key.tuple, at)))
    else if (isSection(value) && (key.keys || key.section))
      map.items.push(new Pair(new Scalar(name), sectionNode(settings, value, key, at)))
    else map.items.push(pair(name, maskValue(name, key, value), settings.variables(at)))
  }
  return map
}

function hooksNode(
  settings: Settings,
  hooks: ReadonlyArray<Section | undefined>,
  schemas: readonly YamlSchema[],
  path: Path,
): YAMLSeq {
  const list = new YAMLSeq()
  for (const [index, hook] of hooks.entries()) {
    if (hook === undefined) continue
    const at = [...path, index]
    const key = hook['config'] === undefined ? 'options' : 'config'
    const map = new YAMLMap()
    map.items.push(pair('name', hook['name'], settings.variables([...at, 'name'])))
    const schema = schemas[index]?.keys?.get(key)
    const options = (hook[key] ?? {}) as Section
    if (schema)
      map.items.push(
        new Pair(new Scalar('options'), sectionNode(settings, options, schema, [...at, key])),
      )
    list.items.push(map)
  }
  return list
}

function pair(name: string, value: unknown, variables: readonly string[]): Pair<Scalar, Node> {
  const key = new Scalar(name)
  const node = new Document(value).contents as Node
  const comment = variables.length === 0 ? undefined : ` from ${variables.join(', ')}`
  if (comment !== undefined && node instanceof Scalar) node.comment = comment
  else if (comment !== undefined) key.commentBefore = comment
  return new Pair(key, node)
}

/** A key's value without secrets. */
function maskValue(name: string, key: YamlKey, value: unknown): unknown {
  if (typeof value === 'number' && isDurationSchema(key.schema)) return `${value}ms`
  if (key.schema.writeOnly === true)
    return BROKER_NAME.test(name) ? maskBroker(value) : maskAll(value)
  if (schemaTypes(key.schema).includes('object') || schemaTypes(key.schema).length === 0)
    return maskByName(name, value)
  return maskUrls(value)
}

/** A value without secrets, judged by its name alone. */
function maskByName(name: string, value: unknown): unknown {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([inner, each]) => [inner, maskByName(inner, each)]),
    )
  }
  if (SECRET_NAME.test(name) && !PATH_NAME.test(name)) return maskAll(value)
  return Array.isArray(value) ? value.map((item) => maskByName(name, item)) : maskUrls(value)
}

function maskAll(value: unknown): unknown {
  if (value === null || value === '' || typeof value === 'boolean') return value
  return Array.isArray(value) ? value.map(maskAll) : MASK
}

/** A Redis URL without its password: everything before the `@`, if that has no colon. */
function maskBroker(value: unknown): unknown {
  const match =
    typeof value === 'string'
      ? /^(rediss?:\/\/)(?:(.*)@)?([^@/?#]+)(\/\d*)?(\?.*)?$/.exec(value)
      : null
  if (!match) return maskAll(value)
  const [, scheme = '', userinfo, host = '', path = '', query] = match
  const user =
    userinfo?.includes(':') === true ? `${userinfo.slice(0, userinfo.indexOf(':'))}:` : ''
  return `${scheme}${userinfo === undefined ? '' : `${user}${MASK}@`}${host}${path}${query === undefined ? '' : `?${MASK}`}`
}

/** Passwords may hide in any URL. */
function maskUrls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(maskUrls)
  return typeof value === 'string'
    ? value.replaceAll(/([a-z][a-z0-9+.-]*:\/\/)[^/?#\s]*@/gi, `$1${MASK}@`)
    : value
}
