import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const require = createRequire(import.meta.url)

/** The package's folder. */
export const root = fileURLToPath(new URL('..', import.meta.url))

const sourceFolder = join(root, 'native')

/** Every file that a binary is made of. */
export const sources = readdirSync(sourceFolder).map((name) => join(sourceFolder, name))

/** There is no such compiler. */
export class NoCompiler extends Error {}

// Bound when the binary is loaded, so that a runtime that lacks a function says so then. Without
// the C library among its dependencies, the binary uses whichever the runtime has: one binary
// serves glibc and musl.
const LINK = ['-shared', '-nostdlib', '-Wl,-z,now']
const FLAGS = ['-std=gnu11', '-O2', '-Wall', '-Wextra', '-fPIC', '-fvisibility=hidden']
// Their helpers are functions of one C library.
const PORTABLE = ['-U_FORTIFY_SOURCE', '-fno-stack-protector']

/**
 * Compiles the sources into `target`, with more flags if need be. `CFLAGS` of the environment come
 * last.
 * @throws {NoCompiler} or an error with the compiler's complaint.
 */
export function compile(compiler, target, flags = []) {
  // Not imported: installations without their dependencies come here, too.
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
