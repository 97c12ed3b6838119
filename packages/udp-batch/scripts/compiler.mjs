import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const require = createRequire(import.meta.url)

/** The package's folder. */
export const root = fileURLToPath(new URL('..', import.meta.url))

const sourceFolder = join(root, 'native')

/** All sources of the binary. */
export const sources = readdirSync(sourceFolder).map((name) => join(sourceFolder, name))

/** The compiler does not exist. */
export class NoCompiler extends Error {}

// Symbols are bound at load time, so that a runtime without one of them fails then. The binary does
// not depend on a C library but uses that of the runtime, so one binary serves glibc and musl.
const LINK = ['-shared', '-nostdlib', '-Wl,-z,now']
const FLAGS = ['-std=gnu11', '-O2', '-Wall', '-Wextra', '-fPIC', '-fvisibility=hidden']
// These features need functions of a particular C library.
const PORTABLE = ['-U_FORTIFY_SOURCE', '-fno-stack-protector']

/**
 * Compiles the sources into `target`, with additional flags, followed by the environment's `CFLAGS`.
 * @throws {NoCompiler} or an error with the compiler's output.
 */
export function compile(compiler, target, flags = []) {
  // Required only here, as some installations lack their dependencies.
  const { include_dir: headers } = require('node-api-headers')
  const asked = (process.env.CFLAGS ?? '').split(' ').filter((flag) => flag !== '')
  const files = sources.filter((name) => name.endsWith('.c'))
  const args = [
    ...FLAGS,
    ...PORTABLE,
    ...LINK,
    `-I${headers}`,
    ...flags,
    ...asked,
    '-o',
    target,
    ...files,
  ]
  const { status, error, stderr } = spawnSync(compiler, args, { encoding: 'utf8' })
  if (error) throw new NoCompiler(`there is no C compiler: ${compiler} ${error.code}`)
  if (status !== 0) throw new Error(`${compiler} failed:\n${stderr}`)
}
