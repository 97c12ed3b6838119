import type { FastifyPluginAsync } from 'fastify'
import { fileURLToPath } from 'node:url'

/** The path of a file in `examples`. */
export function examplePath(name: string): string {
  return fileURLToPath(new URL(`../../../examples/${name}`, import.meta.url))
}

/** The plugin of an example. */
export async function examplePlugin(
  name: string,
): Promise<FastifyPluginAsync<Record<string, unknown>>> {
  const module = (await import(examplePath(`${name}/index.js`))) as {
    default: FastifyPluginAsync<Record<string, unknown>>
  }
  return module.default
}
