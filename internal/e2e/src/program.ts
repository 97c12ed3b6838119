import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Host } from './network.ts'

/** Milliseconds that a program has to end by itself. */
const PATIENCE = 10_000

export interface ProgramOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
}

/** A program that runs on a host, and what it has said. */
export class Program {
  readonly #name: string
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #closed: Promise<unknown>
  #output = ''

  constructor(host: Host, command: string, args: readonly string[], options: ProgramOptions = {}) {
    this.#name = `${command} on ${host.name}`
    // `ip netns exec` becomes the program, so signals reach it.
    this.#process = spawn('ip', ['netns', 'exec', host.name, command, ...args], {
      ...options,
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (this.#output += text))
    }
    // A program that has ended reads no more.
    this.#process.stdin.on('error', () => undefined)
    this.#closed = once(this.#process, 'close')
  }

  /** All it printed so far, on both streams. */
  get output(): string {
    return this.#output
  }

  /** The end of it, for people: programs with a progress bar print a lot. */
  get lastWords(): string {
    return `${this.#name} said:\n${this.#output
      .split(/[\r\n]+/)
      .slice(-40)
      .join('\n')}`
  }

  get running(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null
  }

  /** Gives it a line to read. */
  write(line: string): void {
    this.#process.stdin.write(`${line}\n`)
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal)
  }

  /** Waits for its end. @returns the exit code, or the name of the signal that ended it. */
  async end(): Promise<number | string | null> {
    await this.#closed
    return this.#process.exitCode ?? this.#process.signalCode
  }

  /** Asks it to end, and makes it when it does not. */
  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<number | string | null> {
    if (this.running) this.signal(signal)
    const gaveUp = new AbortController()
    const killed = sleep(PATIENCE, undefined, { signal: gaveUp.signal }).then(() =>
      this.signal('SIGKILL'),
    )
    const ended = await this.end()
    gaveUp.abort()
    await killed.catch(() => undefined)
    return ended
  }
}
