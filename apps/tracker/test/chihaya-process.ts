import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))
// Node.js strips the types of the sources, from 22.18 on by default.
const STRIP_TYPES = process.features.typescript
  ? []
  : ['--experimental-strip-types', '--no-warnings']
const PATIENCE = 20_000

export interface ChihayaOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  /** A program that runs the command: `prlimit`, `setpriv`, and its arguments. */
  readonly via?: readonly string[]
  /** A file for `stdout`, instead of a pipe. */
  readonly output?: number
  /** A file for `stderr`. */
  readonly errors?: number
}

/** The `chihaya` command in a separate process, which ends with the test at the latest. */
export class Chihaya {
  stdout = ''
  stderr = ''
  readonly process: ChildProcess
  readonly #ended: Promise<unknown>

  constructor(
    args: readonly string[],
    { cwd, env, via = [], output, errors }: ChihayaOptions = {},
  ) {
    const [command, ...words] = [...via, process.execPath]
    const child = spawn(
      command,
      [...words, ...STRIP_TYPES, '--conditions=@chihaya/source', MAIN, ...args],
      {
        stdio: ['ignore', output ?? 'pipe', errors ?? 'pipe'],
        ...(cwd !== undefined && { cwd }),
        env: { ...process.env, NO_COLOR: '', ...env },
      },
    )
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text))
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text))
    this.process = child
    this.#ended = once(child, 'close')
    onTestFinished(async () => {
      child.kill('SIGKILL')
      await this.#ended
    })
  }

  /** Waits for a line of the log. Returns its matches. @throws if the process ends before. */
  async line(pattern: RegExp): Promise<RegExpExecArray> {
    for (let waited = 0; waited < PATIENCE; waited += 20) {
      const match = pattern.exec(this.stdout)
      if (match) return match
      if (this.process.exitCode !== null) break
      // oxlint-disable-next-line no-await-in-loop
      await delay(20)
    }
    throw new Error(`no ${pattern.source} in the log:\n${this.stdout}${this.stderr}`)
  }

  /** The ports it listens on, in the order of the log. */
  async ports(protocol: 'HTTP' | 'HTTPS' | 'UDP', count = 1): Promise<number[]> {
    const listening = `^.*the ${protocol} tracker listens.*$`
    await this.line(new RegExp(`(?:${listening}[^]*){${count}}`, 'm'))
    return [...this.stdout.matchAll(new RegExp(listening, 'gm'))].map(([line]) =>
      Number(/"port":(\d+)/.exec(line)?.[1]),
    )
  }

  async port(protocol: 'HTTP' | 'HTTPS' | 'UDP'): Promise<number> {
    const [port = 0] = await this.ports(protocol)
    return port
  }

  signal(name: NodeJS.Signals): void {
    this.process.kill(name)
  }

  /** Waits until the process has ended and its output is read. Returns the exit code. */
  async exitCode(): Promise<number | null> {
    await this.#ended
    return this.process.exitCode
  }
}
