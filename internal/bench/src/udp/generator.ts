import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline/promises'
import { fileURLToPath } from 'node:url'
import type { LoadCounts } from './load.ts'
import type { Spread } from './requests.ts'

const LOAD = fileURLToPath(new URL('load.ts', import.meta.url))

/** The load generator's process, on CPU 1. */
export class Generator {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>

  constructor(port: number, seconds: number, window: number, spread: Spread) {
    const args = [
      '-c',
      '1',
      process.execPath,
      '--conditions=@chihaya/source',
      LOAD,
      port,
      seconds,
      window,
      spread,
    ].map(String)
    this.#child = spawn('taskset', args, { stdio: ['pipe', 'pipe', 'inherit'] })
    if (!this.#child.stdout) throw new Error('the generator has no output')
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
  }

  /** Resolves when every peer has announced once. */
  async ready(): Promise<void> {
    if ((await this.#line()) !== 'ready') throw new Error('the generator did not get ready')
  }

  /** The counts so far. */
  async counts(): Promise<LoadCounts> {
    this.#child.stdin?.write('\n')
    return JSON.parse(await this.#line()) as LoadCounts
  }

  stop(): void {
    this.#child.kill('SIGKILL')
  }

  async #line(): Promise<string> {
    const { value, done } = await this.#lines.next()
    if (done === true) throw new Error('the generator has ended')
    return value
  }
}
