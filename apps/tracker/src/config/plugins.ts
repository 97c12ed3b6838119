import { isDeepStrictEqual } from 'node:util'
import {
  loadPlugin,
  PluginLoadError,
  type LoadedPlugin,
  type PluginKind,
} from '../plugin/load-plugin.ts'
import { HOOK_PACKAGES } from '../plugin/plugin-names.ts'
import type { Environment } from './environment.ts'
import type { Path } from './problems.ts'
import { chihayaSection, memoryStorage, sections, storeSection, withParts } from './sections.ts'
import { isSection, type Section, type Source } from './source.ts'
import { yamlSchema, type YamlKey, type YamlSchema } from './spelling.ts'
import { schemaProblem } from './validate.ts'

/** The packages that a configuration names. */
export interface Plugins {
  /** Undefined without a store, or after a problem. */
  readonly storage: LoadedPlugin | undefined
  /** By the index of the hook; undefined for a hook that is left out. */
  readonly prehooks: ReadonlyArray<LoadedPlugin | undefined>
  readonly posthooks: ReadonlyArray<LoadedPlugin | undefined>
  /** Everything that may be under `chihaya`, with the options of these packages. */
  readonly schema: YamlSchema
}

const PATH: Path = ['chihaya']
/** A section of a package without a schema. */
const ANY_SECTION: YamlSchema = { schema: { type: 'object' } }
/** The options of a missing package. */
const ANYTHING: YamlSchema = { schema: {} }
// Only files of the release candidates write the options of these stores beside `name`.
const STORES_OF_CHIHAYA: ReadonlySet<string> = new Set(['memory', 'redis'])
// A sample file of the release candidates names this hook, which no version had.
const HOOK_THAT_NEVER_WAS = 'gossip'

/**
 * Loads the store and the hooks of a configuration, and lets the environment set their options.
 * Reports plugins that cannot be loaded. Paths and packages are resolved from `file`.
 */
export async function loadPlugins(
  source: Source,
  section: Section,
  environment: Environment,
  file: string,
): Promise<Plugins> {
  const loader = new Loader(source, environment, file)
  const storage = await loader.storage(section['storage'])
  const prehooks = await loader.hooks(section['prehooks'], 'prehooks')
  const posthooks = await loader.hooks(section['posthooks'], 'posthooks')
  const parts = {
    storage: storage?.schema ?? memoryStorage,
    ...(prehooks && { prehooks: prehooks.schema }),
    ...(posthooks && { posthooks: posthooks.schema }),
  }
  return {
    storage: storage?.loaded,
    prehooks: prehooks?.loaded ?? [],
    posthooks: posthooks?.loaded ?? [],
    schema: wholeSchema(parts),
  }
}

type Parts = Readonly<Record<string, YamlSchema>>

let latest: { readonly parts: Parts; readonly schema: YamlSchema } | undefined

/** Remembers the latest schema: a reload mostly has the same packages, and compiling takes time. */
function wholeSchema(parts: Parts): YamlSchema {
  if (!latest || !isDeepStrictEqual(parts, latest.parts))
    latest = { parts, schema: withParts(chihayaSection, parts) }
  return latest.schema
}

interface Loaded<Plugin> {
  readonly loaded: Plugin
  readonly schema: YamlSchema
}

class Loader {
  readonly #source: Source
  readonly #environment: Environment
  readonly #file: string

  constructor(source: Source, environment: Environment, file: string) {
    this.#source = source
    this.#environment = environment
    this.#file = file
  }

  async storage(section: unknown): Promise<Loaded<LoadedPlugin | undefined> | undefined> {
    if (!isSection(section)) return undefined
    const path = [...PATH, 'storage']
    const name = this.#storageName(section['name'], [...path, 'name'])
    const loaded = await this.#load('storage', name, [...path, 'name'])
    const config = loaded ? (storeSection(name, loaded.optionsSchema) ?? ANY_SECTION) : ANYTHING
    // Without a `config`, warnings about defaults point to the section around it.
    section['config'] ??= {}
    this.#apply(section['config'], config, [...path, 'config'])
    if (config === sections.memory) return { loaded, schema: memoryStorage }
    const misplaced = { option: '', schema: {} }
    const parts = STORES_OF_CHIHAYA.has(name)
      ? { config }
      : { config, gc_interval: misplaced, peer_lifetime: misplaced }
    return { loaded, schema: withParts(sections.storage, parts) }
  }

  async hooks(
    list: unknown,
    name: string,
  ): Promise<Loaded<Array<LoadedPlugin | undefined>> | undefined> {
    if (!Array.isArray(list) || list.length === 0) return undefined
    const hooks = await Promise.all(
      list.map(async (item: unknown, index) => {
        list[index] = item ?? {}
        const hook = await this.#hook(list[index], [...PATH, name, index])
        if (hook === undefined) list[index] = undefined
        return hook ?? { loaded: undefined, schema: ANYTHING }
      }),
    )
    return {
      loaded: hooks.map(({ loaded }) => loaded),
      schema: { schema: { type: 'array' }, tuple: hooks.map(({ schema }) => schema) },
    }
  }

  /** Undefined for a hook that must be left out. */
  async #hook(item: unknown, path: Path): Promise<Loaded<LoadedPlugin | undefined> | undefined> {
    if (!isSection(item)) return { loaded: undefined, schema: ANY_SECTION }
    const { name } = item
    const at = [...path, 'name']
    if (typeof name !== 'string' || name === '') {
      this.#source.refuse(at, ` must be the name of a hook, not ${this.#source.describe(at)}`)
      return { loaded: undefined, schema: ANYTHING }
    }
    if ('config' in item && HOOK_PACKAGES.has(name))
      this.#source.warn([...path, 'config'], ': write options')
    const loaded = await this.#load('hook', name, at)
    if (!loaded && name === HOOK_THAT_NEVER_WAS) return undefined
    const options = loaded ? hookSection(loaded) : ANYTHING
    const given = ['options', 'config'].filter((key) => key in item)
    for (const key of given.length === 0 ? ['options'] : given) {
      item[key] ??= {}
      this.#apply(item[key], options, [...path, key])
    }
    const keys = new Map<string, YamlKey>([
      ['name', { option: 'name', schema: { type: 'string' } }],
      // Chihaya reads `options`, but its documents have `config`, as in `storage`.
      ['options', { ...options, option: 'options' }],
      ['config', { ...options, option: 'options' }],
    ])
    return { loaded, schema: { schema: { type: 'object' }, keys } }
  }

  #apply(section: unknown, schema: YamlSchema, path: Path): void {
    if (isSection(section)) this.#environment.apply(section, schema, path)
  }

  #storageName(name: unknown, path: Path): string {
    if (name === '' || name === undefined) return 'memory'
    if (typeof name === 'string') return name
    // A number, say, or nothing; lists and sections are refused later.
    return (typeof name !== 'object' && this.#source.scalar(path)?.source) || 'memory'
  }

  async #load(kind: PluginKind, name: string, path: Path): Promise<LoadedPlugin | undefined> {
    try {
      const loaded = await loadPlugin(kind, name, this.#file)
      const problem = loaded.optionsSchema && schemaProblem(loaded.optionsSchema)
      if (problem === undefined) return loaded
      this.#source.refuse(path, `: the optionsSchema of ${name} is not a JSON Schema: ${problem}`)
    } catch (error) {
      if (!(error instanceof PluginLoadError)) throw error
      if (kind === 'hook' && name === HOOK_THAT_NEVER_WAS) {
        const text = `: no version of Chihaya has the hook ${name}; leave it out`
        this.#source.warn(path, text, 'value')
      } else this.#source.refuse(path, `: ${error.message}`)
    }
    return undefined
  }
}

function hookSection({ optionsSchema }: LoadedPlugin): YamlSchema {
  return optionsSchema ? yamlSchema(optionsSchema) : ANY_SECTION
}
