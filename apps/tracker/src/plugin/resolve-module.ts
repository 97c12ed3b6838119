import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/**
 * The URL of a module, which is named as in an `import` in `file`: a package, or a path that begins
 * with `./`, `../` or `/`. Undefined if there is no such module.
 */
export function resolveModule(name: string, file: string): string | undefined {
  const require = createRequire(file)
  try {
    return pathToFileURL(require.resolve(name)).href
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ERR_PACKAGE_PATH_NOT_EXPORTED')
      return resolveImportOnly(name, require.resolve.paths(name) ?? [])
    if (code === 'MODULE_NOT_FOUND') return undefined
    throw error
  }
}

/** The entry of a package that has an `import` condition only. */
function resolveImportOnly(name: string, folders: readonly string[]): string | undefined {
  for (const folder of folders) {
    const root = join(folder, name)
    const entry = importEntry(exportsOf(join(root, 'package.json')))
    if (entry !== undefined) return pathToFileURL(join(root, entry)).href
  }
}

function exportsOf(packageFile: string): unknown {
  try {
    return (JSON.parse(readFileSync(packageFile, 'utf8')) as { exports?: unknown }).exports
  } catch {
    return undefined
  }
}

function importEntry(target: unknown): string | undefined {
  if (typeof target === 'string') return target
  if (typeof target !== 'object' || target === null) return undefined
  const conditions = target as Record<string, unknown>
  return importEntry(conditions['.'] ?? conditions['import'] ?? conditions['default'])
}
