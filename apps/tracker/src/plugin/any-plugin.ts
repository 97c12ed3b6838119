import type { FastifyInstance, FastifyPluginAsync, FastifyPluginCallback } from 'fastify'
import fp, { type PluginMetadata } from 'fastify-plugin'

/** A Fastify plugin whatever its options are. */
export type AnyPlugin = FastifyPluginCallback<never> | FastifyPluginAsync<never>

type Plugin = (fastify: FastifyInstance, options: object, done: (error?: Error) => void) => unknown

const METADATA = Symbol.for('plugin-meta')

/**
 * A plugin made fit for the tracker's scope.
 *
 * One that was not wrapped by fastify-plugin adds to the scope it is registered in all the same: a
 * store would otherwise decorate, and a hook be added to, a scope of its own that no announce
 * reaches. And what a callback plugin throws rejects `ready()`; Fastify would let it escape as an
 * uncaught exception.
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
