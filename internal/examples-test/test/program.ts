import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { onTestFinished } from 'vitest'

// Node.js strips the types of the sources, from 22.18 on by default.
const STRIP_TYPES = process.features.typescript
  ? []
  : ['--experimental-strip-types', '--no-warnings']
const PATIENCE = 20_000

/** A program in a separate process, which ends with the test at the latest. */
export class Program {
  output = ''
  readonly #child
  readonly #ended: Promise<unknown>

  constructor(
    args: readonly string[],
    options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
  ) {
    const child = spawn(
      process.execPath,
      [...STRIP_TYPES, '--conditions=@chihaya/source', ...args],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        ...options,
        // Otherwise `node --test` would report to the outer test runner.
        env: { ...process.env, NODE_TEST_CONTEXT: undefined, NO_COLOR: '', ...options.env },
      },
    )
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (this.output += text))
    }
    this.#child = child
    this.#ended = once(child, 'close')
    onTestFinished(async () => {
      child.kill('SIGKILL')
      await this.#ended
    })
  }

  /**
   * Waits for output that matches. Returns the pattern's first group.
   * @throws if the process ends before.
   */
  async find(pattern: RegExp): Promise<string> {
    for (let waited = 0; waited < PATIENCE; waited += 20) {
      const match = pattern.exec(this.output)?.[1]
      if (match !== undefined) return match
      if (this.#child.exitCode !== null) break
      // oxlint-disable-next-line no-await-in-loop
      await sleep(20)
    }
    throw new Error(`no ${pattern.source} in the output:\n${this.output}`)
  }

  /** Waits until the process has ended. Returns its exit code. */
  async exitCode(): Promise<number | null> {
    await this.#ended
    return this.#child.exitCode
  }
}
