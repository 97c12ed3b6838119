import {
  optionsSchema as coreSchema,
  parseOptions,
  trackerCore,
  TRK_ERR_OPTIONS,
  type CoreOptions,
  type HookName,
  type Tracker,
} from '@chihaya/core'
import { httpFrontend } from '@chihaya/http-frontend'
import { udpFrontend } from '@chihaya/udp-frontend'
import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { join } from 'node:path'
import { inTrackerScope, type AnyPlugin } from './any-plugin.ts'
import { loadPlugin, PluginLoadError, type PluginKind } from './load-plugin.ts'
import { optionWarnings } from './option-warnings.ts'
import {
  optionsSchema,
  type InlineHooks,
  type PluginChoice,
  type TrackerOptions,
} from './options.ts'

const NAME = '@chihaya/tracker'

const build: FastifyPluginAsync<TrackerOptions> = async (fastify, given) => {
  const options = parseOptions(NAME, optionsSchema, given)
  // There is no such file. The name stands for any file in the folder.
  const file = join(options.resolveFrom ?? process.cwd(), 'resolve-from')
  const store = await choose('storage', 'storage', options.storage, file)
  const choices = [...keyed('prehooks', options.prehooks), ...keyed('posthooks', options.posthooks)]
  const middleware = await Promise.all(
    choices.map(([key, choice]) => choose('hook', key, choice, file)),
  )

  // Closing has the reverse order, so the store closes last.
  await fastify.register(store.plugin, store.options)
  await fastify.register(inTrackerScope(trackerCore), coreOptions(options))
  for (const [index, [key]] of choices.entries()) {
    const hook = middleware[index] as Chosen
    // oxlint-disable-next-line no-await-in-loop
    await naming(key, async () => fastify.register(hook.plugin, hook.options))
  }
  addInlineHooks(fastify, options.hooks)
  if (options.http !== false) await fastify.register(inTrackerScope(httpFrontend), options.http)
  if (options.udp !== false) await fastify.register(inTrackerScope(udpFrontend), options.udp)
}

/** The plugin without warnings. The command reports contradictions in its file itself. */
export const configuredTracker: FastifyPluginAsync<TrackerOptions> = fp(build, {
  name: NAME,
  fastify: '5.x',
  encapsulate: true,
})

const plugin: FastifyPluginAsync<TrackerOptions> = async (fastify, given) => {
  for (const warning of optionWarnings(given)) fastify.log.warn(warning)
  await build(fastify, given)
}

/** A whole tracker in its own scope: store, core, middleware and frontends. */
export const trackerPlugin: FastifyPluginAsync<TrackerOptions> = fp(plugin, {
  name: NAME,
  fastify: '5.x',
  encapsulate: true,
})

interface Chosen {
  readonly plugin: FastifyPluginAsync
  readonly options: object
}

async function choose(
  kind: PluginKind,
  key: string,
  choice: PluginChoice,
  file: string,
): Promise<Chosen> {
  const {
    name,
    plugin: own,
    options = {},
  } = choice as { name?: unknown; plugin?: unknown; options?: object }
  if (typeof own === 'function') return { plugin: inTrackerScope(own as AnyPlugin), options }
  if (typeof name !== 'string')
    throw new TRK_ERR_OPTIONS(NAME, `options/${key} must have a name or a plugin`)
  try {
    return { plugin: inTrackerScope((await loadPlugin(kind, name, file)).plugin), options }
  } catch (error) {
    if (error instanceof PluginLoadError)
      throw new TRK_ERR_OPTIONS(NAME, `options/${key}: ${error.message}`)
    throw error
  }
}

/** Adds the key of a hook to its errors. Names of hooks may be equal, and some errors are Fastify's. */
async function naming(key: string, register: () => Promise<unknown>): Promise<void> {
  try {
    await register()
  } catch (error) {
    if (error instanceof Error) {
      const isLate = (error as NodeJS.ErrnoException).code === 'AVV_ERR_PLUGIN_EXEC_TIMEOUT'
      error.message = `${key.replace('/', '[')}]: ${isLate ? 'it has not started in time' : error.message}`
    }
    throw error
  }
}

function keyed(list: string, choices: readonly PluginChoice[]): Array<[key: string, PluginChoice]> {
  return choices.map((choice, index) => [`${list}/${index}`, choice])
}

function coreOptions(options: Required<TrackerOptions>): CoreOptions {
  const names = Object.keys(coreSchema.properties) as Array<keyof CoreOptions>
  return Object.fromEntries(names.map((name) => [name, options[name]]))
}

function addInlineHooks(fastify: FastifyInstance, hooks: InlineHooks): void {
  const tracker = fastify.getDecorator<Tracker>('tracker')
  for (const [name, hook] of Object.entries(hooks)) {
    for (const one of Array.isArray(hook) ? hook : [hook])
      tracker.addHook(name as HookName, one as never)
  }
}
