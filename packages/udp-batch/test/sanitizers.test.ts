import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { describeBatches, PACKAGE } from './batches.ts'
import { runChild } from './child.ts'
import { compileTestLibrary, sanitizerLibraries } from './preload.ts'
import { temporaryFolder } from './temporary-folder.ts'

const SECONDS = 3

describeBatches('the native part under the sanitizers', () => {
  it('has no memory errors and no undefined behaviour', async () => {
    // A copy of the package, because other tests need the normal binary.
    const folder = temporaryFolder()
    for (const name of ['package.json', 'native', 'scripts', 'src', 'test/children'])
      cpSync(join(PACKAGE, name), join(folder, name), { recursive: true })
    mkdirSync(join(folder, 'node_modules'))
    symlinkSync(
      join(PACKAGE, 'node_modules', 'node-api-headers'),
      join(folder, 'node_modules', 'node-api-headers'),
    )
    const libraries = sanitizerLibraries()
    const flags =
      libraries.length === 2 ? '-g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined' : '-g'
    const compiled = spawnSync(process.execPath, [join(folder, 'scripts', 'compile.mjs')], {
      env: { ...process.env, CFLAGS: flags },
      encoding: 'utf8',
    })
    expect(compiled).toMatchObject({ status: 0, stdout: '', stderr: '' })
    const faults = join(folder, 'faults.so')
    expect(compileTestLibrary(join(PACKAGE, 'test', 'faults.c'), faults)).toBe('')

    const { code, signal, stdout, stderr } = await runChild(
      join(folder, 'test', 'children', 'hammer.ts'),
      [String(SECONDS)],
      {
        LD_PRELOAD: [...libraries, faults].join(' '),
        // Node.js itself leaks at its end.
        ASAN_OPTIONS: 'detect_leaks=0:abort_on_error=0:exitcode=99',
        UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1:exitcode=98',
      },
    )
    expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' })
    const done = JSON.parse(stdout) as Record<string, number>
    expect(Math.min(...Object.values(done))).toBeGreaterThan(0)
  })
})
