import { Document, Pair, Scalar, YAMLMap, YAMLSeq, type Node } from 'yaml'
import { maskByName, maskValue } from './mask.ts'
import { sections } from './sections.ts'
import type { ReadSection, ReadValue, Settings } from './settings.ts'
import type { YamlKey, YamlSchema } from './yaml-schema.ts'

const NOTHING: ReadonlyMap<string, ReadValue> = new Map()
// What stands for a section that the file leaves out, though its part runs.
const DEFAULTS: Settings = new Map([
  ['chihaya.storage', { schema: sections.storage, values: NOTHING }],
  ['chihaya.storage.config', { schema: sections.memory, values: NOTHING }],
])

/**
 * The configuration in force as YAML with Chihaya's keys: defaults filled in, secrets masked, the
 * origin of values in comments.
 */
export function printSettings(settings: Settings, source: string): string {
  const root = settings.has('chihaya.storage') ? settings : new Map([...settings, ...DEFAULTS])
  const file = new YAMLMap()
  file.items.push(new Pair(new Scalar('chihaya'), sectionNode(root, 'chihaya')))
  const document = new Document(file)
  document.commentBefore = ` ${source}`
  return document.toString({ lineWidth: 0 })
}

function sectionNode(settings: Settings, path: string): YAMLMap {
  const map = new YAMLMap()
  const { schema, values } = settings.get(path) ?? { schema: undefined, values: NOTHING }
  if (schema === undefined) {
    for (const [name, read] of values)
      map.items.push(pair(name, maskByName(name, read.value), read.variables))
    return map
  }
  for (const [name, key] of schema.keys ?? []) {
    const below = `${path}.${name}`
    if (settings.has(below))
      map.items.push(new Pair(new Scalar(name), sectionNode(settings, below)))
    else if (settings.has(`${below}[0]`))
      map.items.push(new Pair(new Scalar(name), hooksNode(settings, below)))
    else addValue(map, name, key, { schema, values })
  }
  return map
}

function addValue(map: YAMLMap, name: string, key: YamlKey, { schema, values }: ReadSection): void {
  const read = values.get(name)
  if (read && key.section !== true)
    map.items.push(pair(name, maskValue(name, key, read.value), read.variables))
  else if (
    !read &&
    key.deprecated === undefined &&
    key.schema.default !== undefined &&
    !isSetByAnother(schema, key, values)
  )
    map.items.push(pair(name, key.schema.default, []))
}

/**
 * Whether another key of the section sets the same option: `private_key_file` for `private_key`.
 */
function isSetByAnother(
  schema: YamlSchema | undefined,
  { option }: YamlKey,
  values: ReadonlyMap<string, ReadValue>,
): boolean {
  return [...values.keys()].some((name) => schema?.keys?.get(name)?.option === option)
}

function hooksNode(settings: Settings, path: string): YAMLSeq {
  const list = new YAMLSeq()
  for (let index = 0; ; index++) {
    const hook = `${path}[${index}]`
    const name = settings.get(hook)?.values.get('name')
    if (name === undefined) return list
    const map = new YAMLMap()
    const options = settings.has(`${hook}.config`) ? `${hook}.config` : `${hook}.options`
    map.items.push(pair('name', name.value, name.variables))
    map.items.push(new Pair(new Scalar('options'), sectionNode(settings, options)))
    list.items.push(map)
  }
}

function pair(name: string, value: unknown, variables: readonly string[]): Pair<Scalar, Node> {
  const key = new Scalar(name)
  const node = new Document(value).contents as Node
  const comment = variables.length === 0 ? undefined : ` from ${variables.join(', ')}`
  if (comment !== undefined && node instanceof Scalar) node.comment = comment
  else if (comment !== undefined) key.commentBefore = comment
  return new Pair(key, node)
}
