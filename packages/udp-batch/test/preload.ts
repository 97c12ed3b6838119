import { spawnSync } from 'node:child_process'
import { realpathSync } from 'node:fs'

const CC = process.env['CC'] || 'cc'

/** Compiles a library to be preloaded. Returns the compiler's complaint, or an empty text. */
export function compileTestLibrary(source: string, target: string): string {
  const args = [
    '-std=gnu11',
    '-O1',
    '-g',
    '-Wall',
    '-Wextra',
    '-Werror',
    '-fPIC',
    '-shared',
    '-o',
    target,
    source,
    '-ldl',
  ]
  const { error, stderr } = spawnSync(CC, args, { encoding: 'utf8' })
  return error ? error.message : stderr
}

/** The compiler's sanitizers, if it has any. They must be loaded before the code they check. */
export function sanitizerLibraries(): string[] {
  return ['libasan.so', 'libubsan.so'].flatMap((name) => {
    const { stdout } = spawnSync(CC, [`-print-file-name=${name}`], { encoding: 'utf8' })
    const file = (stdout ?? '').trim()
    // A compiler without the library repeats the name.
    return file === '' || file === name ? [] : [realpathSync(file)]
  })
}
