import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { PACKAGE } from './batches.ts'
import { temporaryFolder } from './temporary-folder.ts'

const TARGET = `${process.platform}-${process.arch}`
const folder = temporaryFolder()
let copies = 0

/** A copy of the package, with stand-ins for a compiler. */
class Package {
  readonly root = join(folder, String(copies++))
  readonly binary = join(this.root, 'build', TARGET, 'udp_batch.node')
  readonly reason = join(this.root, 'build', TARGET, 'unavailable.txt')

  constructor() {
    for (const part of ['package.json', 'native', 'scripts'])
      cpSync(join(PACKAGE, part), join(this.root, part), { recursive: true })
    mkdirSync(join(this.root, 'node_modules'))
    symlinkSync(
      join(PACKAGE, 'node_modules', 'node-api-headers'),
      join(this.root, 'node_modules', 'node-api-headers'),
    )
  }

  /** A fake compiler that records its calls in a file. */
  compiler(body: string): string {
    const file = join(this.root, 'compiler')
    writeFileSync(file, `#!/bin/sh\necho called >> ${this.calls}\n${body}\n`)
    chmodSync(file, 0o755)
    return file
  }

  get calls(): string {
    return join(this.root, 'calls.txt')
  }

  compile(compiler: string, ...args: string[]): { status: number | null; output: string } {
    const script = join(this.root, 'scripts', 'compile.mjs')
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], {
      env: { ...process.env, CC: compiler, CFLAGS: '' },
      encoding: 'utf8',
    })
    return { status, output: stdout + stderr }
  }
}

// Writes the file after `-o`.
const WORKS = 'while [ "$1" != -o ]; do shift; done; echo library > "$2"'
const BREAKS = 'echo "udp_batch.h: line 1: no" >&2; exit 1'

describe('compiling the binary', () => {
  it('is done once for the same sources', () => {
    const copy = new Package()
    const compiler = copy.compiler(WORKS)
    expect(copy.compile(compiler)).toEqual({ status: 0, output: '' })
    expect(readFileSync(copy.binary, 'utf8')).toBe('library\n')
    copy.compile(compiler)
    expect(readFileSync(copy.calls, 'utf8')).toBe('called\n')
    const later = new Date(Date.now() + 10_000)
    utimesSync(join(copy.root, 'native', 'socket.c'), later, later)
    copy.compile(compiler)
    expect(readFileSync(copy.calls, 'utf8')).toBe('called\ncalled\n')
  })

  it.each([[[]], [['--optional']]])(
    'is skipped without a compiler, and leaves the reason %j',
    (args) => {
      const copy = new Package()
      const { status, output } = copy.compile('/no/such/compiler', ...args)
      const reason = 'there is no C compiler: /no/such/compiler ENOENT'
      expect({ status, output }).toEqual({
        status: 0,
        output: `@chihaya/udp-batch has no binary: ${reason}\n`,
      })
      expect(readFileSync(copy.reason, 'utf8')).toBe(reason)
    },
  )

  it('removes a binary that is older than the sources, and the reason once it succeeds', () => {
    const copy = new Package()
    copy.compile(copy.compiler(WORKS))
    const later = new Date(Date.now() + 10_000)
    utimesSync(join(copy.root, 'native', 'socket.c'), later, later)
    copy.compile('/no/such/compiler')
    expect([existsSync(copy.binary), existsSync(copy.reason)]).toEqual([false, true])
    copy.compile(copy.compiler(WORKS))
    expect([existsSync(copy.binary), existsSync(copy.reason)]).toEqual([true, false])
  })

  it('fails with the compiler, but not on users’ machines', () => {
    const copy = new Package()
    const compiler = copy.compiler(BREAKS)
    expect(copy.compile(compiler)).toMatchObject({
      status: 1,
      output: expect.stringContaining('udp_batch.h: line 1: no'),
    })
    expect(copy.compile(compiler, '--optional')).toMatchObject({
      status: 0,
      output: expect.stringContaining('line 1: no'),
    })
    expect(readFileSync(copy.reason, 'utf8')).toContain('line 1: no')
  })

  it('is skipped if the package includes a binary', () => {
    const copy = new Package()
    mkdirSync(join(copy.root, 'prebuilds', TARGET), { recursive: true })
    writeFileSync(join(copy.root, 'prebuilds', TARGET, 'udp_batch.node'), 'library')
    const compiler = copy.compiler(WORKS)
    expect(copy.compile(compiler, '--optional')).toEqual({ status: 0, output: '' })
    expect([existsSync(copy.calls), existsSync(copy.binary)]).toEqual([false, false])
  })
})
