import { join } from 'node:path'
import { sections, storeSection } from '../src/config/sections.ts'
import { yamlSchema, type YamlSchema } from '../src/config/spelling.ts'
import { loadPlugin, type PluginKind } from '../src/plugin/load-plugin.ts'
import { HOOK_PACKAGES, STORAGE_PACKAGES } from '../src/plugin/plugin-names.ts'

/** What a configuration file may hold: the schemas of the packages in YAML's spelling. */
export interface Catalogue {
  readonly root: YamlSchema
  readonly http: YamlSchema
  readonly udp: YamlSchema
  readonly storage: YamlSchema
  /** What `config` of a store may hold, by the store's name. */
  readonly stores: ReadonlyMap<string, YamlSchema>
  /** What `options` of a hook may hold, by the hook's name. */
  readonly hooks: ReadonlyMap<string, YamlSchema>
}

/** All sections, stores and hooks that Chihaya's names stand for. */
export async function readCatalogue(): Promise<Catalogue> {
  const { root, http, udp, storage } = sections
  const stores = await schemasOf('storage', STORAGE_PACKAGES.keys())
  const hooks = await schemasOf('hook', HOOK_PACKAGES.keys())
  return { root, http, udp, storage, stores, hooks }
}

async function schemasOf(
  kind: PluginKind,
  names: Iterable<string>,
): Promise<ReadonlyMap<string, YamlSchema>> {
  const here = join(import.meta.dirname, 'catalogue.ts')
  const entries = [...names].map(async (name): Promise<[string, YamlSchema]> => {
    const { optionsSchema = {} } = await loadPlugin(kind, name, here)
    const schema = kind === 'storage' ? storeSection(name, optionsSchema) : undefined
    return [name, schema ?? yamlSchema(optionsSchema)]
  })
  return new Map(await Promise.all(entries))
}
