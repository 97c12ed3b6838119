import { isMap, isScalar, Pair, YAMLMap } from 'yaml'
import {
  loadPlugin,
  PluginLoadError,
  type LoadedPlugin,
  type PluginKind,
} from '../plugin/load-plugin.ts'
import type { PluginChoice } from '../plugin/options.ts'
import { HOOK_PACKAGES } from '../plugin/plugin-names.ts'
import { describeNode, type ConfigReader, type Located } from './reader.ts'
import { sections, STORAGE_SPELLINGS } from './sections.ts'
import { yamlSchema, type Spelling, type YamlSchema } from './yaml-schema.ts'

interface StorageSection {
  readonly name?: string
  readonly config?: Located
  readonly gcInterval?: Located
  readonly peerLifetime?: Located
}

// Files that write the options of these beside `name` are as old as the release candidates.
const STORES_OF_CHIHAYA: ReadonlySet<string> = new Set(['memory', 'redis'])
// A sample file of the release candidates names it, though no version had it.
const HOOK_THAT_NEVER_WAS = 'gossip'

/** Reads `chihaya.storage`. */
export async function readStorage(
  reader: ConfigReader,
  place: Located,
  file: string,
): Promise<PluginChoice> {
  const path = 'chihaya.storage'
  const {
    name = 'memory',
    config,
    ...misplaced
  } = reader.section(place, sections.storage, path) as StorageSection
  const at = reader.entries(place, path).get('name') ?? place
  const loaded = await load(reader, 'storage', { name, place: at, path: `${path}.name` }, file)
  if (loaded === undefined) return { name }
  const schema = name === 'memory' ? sections.memory : schemaOf(loaded, STORAGE_SPELLINGS.get(name))
  // Without a `config` its section stands for it, so that a warning about defaults has a place.
  const own = config ?? { key: place.key, value: null }
  const whole = STORES_OF_CHIHAYA.has(name)
    ? withMisplaced(reader, own, Object.values(misplaced))
    : own
  const options = readOptions(reader, schema, whole, `${path}.config`)
  return { plugin: loaded.plugin, options }
}

/** The section of a store's options, and the keys beside `name` that it lacks. */
function withMisplaced(
  reader: ConfigReader,
  config: Located,
  misplaced: readonly Located[],
): Located {
  const node = reader.node(config)
  if (misplaced.length === 0 || (node !== undefined && !isMap(node))) return config
  const map = new YAMLMap()
  map.items = isMap(node) ? [...node.items] : []
  map.range = node?.range ?? null
  for (const { key, value } of misplaced) {
    if (isScalar(key) && !map.has(key.value)) map.items.push(new Pair<unknown>(key, value))
  }
  return { key: config.key, value: map }
}

/** Reads `chihaya.prehooks` or `chihaya.posthooks`. */
export async function readHooks(
  reader: ConfigReader,
  place: Located,
  path: string,
  file: string,
): Promise<PluginChoice[]> {
  const items = reader.items(place, path, 'a list of hooks, each with a name and options')
  const hooks = await Promise.all(
    items.map((item, index) => readHook(reader, item, `${path}[${index}]`, file)),
  )
  return hooks.filter((hook) => hook !== undefined)
}

async function readHook(
  reader: ConfigReader,
  place: Located,
  path: string,
  file: string,
): Promise<PluginChoice | undefined> {
  const entries = reader.entries(place, path)
  const nameEntry = entries.get('name')
  const nameNode = nameEntry && reader.node(nameEntry)
  const name: unknown = isScalar(nameNode) ? nameNode.value : undefined
  if (nameEntry === undefined || typeof name !== 'string' || name === '') {
    const given = nameNode === undefined ? 'nothing' : describeNode(nameNode, path)
    reader.problem(
      nameNode ?? place.key,
      `${path}.name`,
      `${path}.name must be the name of a hook, not ${given}`,
    )
    return undefined
  }
  // Chihaya reads `options`, though its own documents have `config`, as storage does.
  const optionKeys = ['options', 'config']
  const known = ['name', ...optionKeys]
  for (const [key, entry] of entries)
    if (!known.includes(key)) reader.unknownKey(entry.key, path, key, known)
  const config = entries.get('config')
  if (config && HOOK_PACKAGES.has(name))
    reader.warning(config.key, `${path}.config`, `${path}.config: write options`)
  const [options, ...rest] = optionKeys.filter((key) => entries.has(key))
  for (const key of rest)
    reader.problem(
      entries.get(key)?.key ?? place.key,
      `${path}.${key}`,
      `${path} has both options and config`,
    )
  const loaded = await load(reader, 'hook', { name, place: nameEntry, path: `${path}.name` }, file)
  if (loaded === undefined) return undefined
  const optionsKey = options ?? 'options'
  reader.sections.set(path, {
    schema: undefined,
    values: new Map([
      ['name', { value: name, variables: nameNode ? reader.variablesOf(nameNode) : [] }],
    ]),
  })
  const optionsPlace = entries.get(optionsKey) ?? { key: place.key, value: null }
  return {
    plugin: loaded.plugin,
    options: readOptions(reader, schemaOf(loaded), optionsPlace, `${path}.${optionsKey}`),
  }
}

interface Named {
  readonly name: string
  readonly place: Located
  readonly path: string
}

async function load(
  reader: ConfigReader,
  kind: PluginKind,
  named: Named,
  file: string,
): Promise<LoadedPlugin | undefined> {
  const { name, place, path } = named
  try {
    return await loadPlugin(kind, name, file)
  } catch (error) {
    if (!(error instanceof PluginLoadError)) throw error
    if (kind === 'hook' && name === HOOK_THAT_NEVER_WAS) {
      reader.warning(
        place.value ?? place.key,
        path,
        `${path}: no version of Chihaya has the hook ${name}; leave it out`,
      )
      return undefined
    }
    reader.problem(place.value ?? place.key, path, `${path}: ${error.message}`)
    return undefined
  }
}

function schemaOf({ optionsSchema }: LoadedPlugin, spelling?: Spelling): YamlSchema | undefined {
  return optionsSchema && yamlSchema(optionsSchema, spelling)
}

/**
 * Options in the spelling of the package when it has a schema, and as they are in the file
 * otherwise.
 */
function readOptions(
  reader: ConfigReader,
  schema: YamlSchema | undefined,
  place: Located,
  path: string,
): object {
  return schema === undefined
    ? reader.looseSection(place, path)
    : reader.section(place, schema, path)
}
