import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

// Node.js strips the types of the sources, from 22.18 on by default.
const FLAGS = [
  ...(process.features.typescript ? [] : ['--experimental-strip-types', '--no-warnings']),
  '--conditions=@chihaya/source',
]

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))

export interface Fuzzed {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the command in a separate process, so that its coverage does not clash with the tests'. */
export async function runFuzz(...args: readonly string[]): Promise<Fuzzed> {
  const child = spawn(process.execPath, [...FLAGS, MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '', NODE_V8_COVERAGE: '' },
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  return { code, signal, stdout, stderr }
}

/** The path of a target with a planted fault. */
export function planted(name: string): string {
  return fileURLToPath(new URL(`planted/${name}.ts`, import.meta.url))
}

/** A folder that is removed after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'fuzz-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
