import type { FastifyInstance, FastifyPluginAsync, FastifyPluginCallback } from 'fastify'
import fp, { type PluginMetadata } from 'fastify-plugin'

/** A Fastify plugin with any options. */
export type AnyPlugin = FastifyPluginCallback<never> | FastifyPluginAsync<never>

type Plugin = (fastify: FastifyInstance, options: object, done: (error?: Error) => void) => unknown

const METADATA = Symbol.for('plugin-meta')

/**
 * Adapts a plugin to the tracker's scope.
 *
 * A plugin without fastify-plugin is registered in that scope, too. Otherwise its decorators and
 * hooks would be in a child scope that no announce reaches. An error thrown by a callback plugin
 * rejects `ready()`; Fastify would leave it as an uncaught exception.
 */
export function inTrackerScope(plugin: AnyPlugin): FastifyPluginAsync {
  const run = plugin as Plugin
  const guarded: FastifyPluginAsync = async (fastify, options) => {
    await new Promise<void>((resolve, reject) => {
      const pending = run(fastify, options, (error) => (error ? reject(error) : resolve()))
      if (isThenable(pending)) pending.then(() => resolve(), reject)
      else if (run.length < 3) resolve()
    })
  }
  const metadata = (plugin as { [METADATA]?: PluginMetadata })[METADATA]
  return fp(guarded, metadata ?? (plugin.name === '' ? {} : { name: plugin.name }))
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | undefined)?.then === 'function'
}
