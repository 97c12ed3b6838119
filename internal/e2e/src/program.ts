import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Host } from './network.ts'

/** Milliseconds after which a program that does not stop is killed. */
const PATIENCE = 10_000

export interface ProgramOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
}

/** A program on a host, with its output. */
export class Program {
  readonly #name: string
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #closed: Promise<unknown>
  #output = ''

  constructor(host: Host, command: string, args: readonly string[], options: ProgramOptions = {}) {
    this.#name = `${command} on ${host.name}`
    // `ip netns exec` replaces itself with the program, so signals reach it.
    this.#process = spawn('ip', ['netns', 'exec', host.name, command, ...args], {
      ...options,
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (this.#output += text))
    }
    // The program may have ended.
    this.#process.stdin.on('error', () => undefined)
    this.#closed = once(this.#process, 'close')
  }

  /** The output so far, of both streams. */
  get output(): string {
    return this.#output
  }

  /** The last lines of the output, for people. Programs with a progress bar print a lot. */
  get lastWords(): string {
    return `${this.#name} said:\n${this.#output
      .split(/[\r\n]+/)
      .slice(-40)
      .join('\n')}`
  }

  get running(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null
  }

  /** Writes a line to its standard input. */
  write(line: string): void {
    this.#process.stdin.write(`${line}\n`)
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal)
  }

  /** Waits until it ends. @returns the exit code, or the name of the signal that ended it. */
  async end(): Promise<number | string | null> {
    await this.#closed
    return this.#process.exitCode ?? this.#process.signalCode
  }

  /** Sends a signal, and kills the program if that does not end it. */
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
