import { memoryStorage, optionsSchema as memoryOptionsSchema } from '@chihaya/storage-memory'
import type { JsonSchema } from '@chihaya/core'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { AnyPlugin } from './any-plugin.ts'
import { nearest } from '../config/did-you-mean.ts'
import { HOOK_PACKAGES, STORAGE_PACKAGES } from './plugin-names.ts'
import { resolveModule } from './resolve-module.ts'

export type PluginKind = 'storage' | 'hook'

export interface LoadedPlugin {
  readonly plugin: AnyPlugin
  /** The schema of its options, if the package exports one. */
  readonly optionsSchema: JsonSchema | undefined
}

/** Why a plugin cannot be loaded. The message lacks a subject, and fits after the name's key. */
export class PluginLoadError extends Error {
  override readonly name = 'PluginLoadError'
}

const PACKAGES: Readonly<Record<PluginKind, ReadonlyMap<string, string>>> = {
  storage: STORAGE_PACKAGES,
  hook: HOOK_PACKAGES,
}

/**
 * Loads a store or a hook by Chihaya's name, by a path, or by the name of a package, as seen from
 * `file`.
 * @throws {PluginLoadError}
 */
export async function loadPlugin(
  kind: PluginKind,
  name: string,
  file: string,
): Promise<LoadedPlugin> {
  if (kind === 'storage' && name === 'memory') {
    return {
      plugin: memoryStorage as AnyPlugin,
      optionsSchema: memoryOptionsSchema as unknown as JsonSchema,
    }
  }
  const url = findModule(kind, name, file)
  let module: Record<string, unknown>
  try {
    module = (await import(url)) as Record<string, unknown>
  } catch (error) {
    throw new PluginLoadError(`${quote(name)} does not load: ${describeError(error)}`, {
      cause: error,
    })
  }
  const plugin = defaultExport(module)
  if (typeof plugin !== 'function')
    throw new PluginLoadError(`${quote(name)} has no Fastify plugin as its default export`)
  return { plugin: plugin as AnyPlugin, optionsSchema: schemaOf(module) }
}

function findModule(kind: PluginKind, name: string, file: string): string {
  const packageName = PACKAGES[kind].get(name) ?? name
  // Our packages may be installed beside this one, as by `npm install --global`.
  const url =
    resolve(packageName, name, file) ?? resolve(packageName, name, fileURLToPath(import.meta.url))
  if (url !== undefined) return url
  if (isPath(name)) throw new PluginLoadError(`there is no file ${name} in ${dirname(file)}`)
  if (packageName !== name) {
    throw new PluginLoadError(
      `${quote(name)} is in the package ${packageName}, which is not installed`,
    )
  }
  const guess = nearest(name, PACKAGES[kind].keys())
  const hint =
    guess === undefined ? `looked from ${dirname(file)}` : `did you mean ${quote(guess)}?`
  throw new PluginLoadError(`the package ${name} is not installed; ${hint}`)
}

function resolve(specifier: string, name: string, file: string): string | undefined {
  try {
    return resolveModule(specifier, file)
  } catch (error) {
    throw new PluginLoadError(`${quote(name)} cannot be resolved: ${(error as Error).message}`, {
      cause: error,
    })
  }
}

/** An error in one line, with the place of a syntax error, whose stack does not show it. */
function describeError(error: unknown): string {
  const place =
    error instanceof SyntaxError ? /^(file:.+:\d+)\n/.exec(error.stack ?? '')?.[1] : undefined
  return place === undefined ? String(error) : `${String(error)} at ${place}`
}

function isPath(name: string): boolean {
  return /^\.{0,2}\//.test(name)
}

function quote(name: string): string {
  return JSON.stringify(name)
}

/** The default export, which compiled CommonJS has one level deeper. */
function defaultExport(module: Record<string, unknown>): unknown {
  const exported = module['default']
  if (typeof exported === 'object' && exported !== null)
    return (exported as Record<string, unknown>)['default']
  return exported
}

function schemaOf(module: Record<string, unknown>): JsonSchema | undefined {
  const schema = module['optionsSchema']
  return typeof schema === 'object' && schema !== null && 'properties' in schema
    ? schema
    : undefined
}
