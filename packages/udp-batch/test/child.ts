import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

// Node.js strips the types of the sources, from 22.18 on by default.
const FLAGS = [
  ...(process.features.typescript ? [] : ['--experimental-strip-types', '--no-warnings']),
  '--conditions=@chihaya/source',
]

const PATIENCE = 25_000

export interface Ended {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a script of `children/` in a separate process, which is killed if it does not end. */
export async function runChild(
  script: string,
  args: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<Ended> {
  const file = script.startsWith('/')
    ? script
    : fileURLToPath(new URL(`children/${script}`, import.meta.url))
  const child = spawn(process.execPath, [...FLAGS, file, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: PATIENCE,
    killSignal: 'SIGKILL',
    // Coverage is measured in the process of the tests.
    env: { ...process.env, NODE_OPTIONS: '', NODE_V8_COVERAGE: '', ...env },
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  return { code, signal, stdout, stderr }
}
