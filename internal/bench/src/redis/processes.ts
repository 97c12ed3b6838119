import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { createInterface, type Interface } from 'node:readline'
import { fileURLToPath } from 'node:url'

// `getconf CLK_TCK` on every Linux that Node runs on.
const TICKS_PER_SECOND = 100

/** A process that ends with the benchmark. */
export class Process {
  readonly #child: ChildProcess
  readonly #lines: Interface

  constructor(command: string, args: readonly string[]) {
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#lines = createInterface({ input: this.#child.stdout as NodeJS.ReadableStream })
  }

  /** The next matching line. @throws {Error} if the process ends before it. */
  async line(fits: RegExp): Promise<string> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        this.#lines.off('line', look)
        this.#child.off('exit', fail)
      }
      const look = (line: string): void => {
        if (!fits.test(line)) return
        stop()
        resolve(line)
      }
      const fail = (code: number | null): void => {
        stop()
        reject(new Error(`${this.#child.spawnfile} ended with ${code}`))
      }
      this.#lines.on('line', look)
      this.#child.on('exit', fail)
    })
  }

  tell(text: string): void {
    this.#child.stdin?.write(`${text}\n`)
  }

  /** Microseconds of CPU that the process has used so far (`proc(5)`). */
  cpuTime(): number {
    const stat = readFileSync(`/proc/${this.#child.pid}/stat`, 'utf8')
    // The command in parentheses may hold blanks.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return ((Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND) * 1e6
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return
    const exit = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exit
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Starts `redis-server`, or the program that `CHIHAYA_REDIS_SERVER` names. */
export async function startRedis(port: number): Promise<Process> {
  const command = process.env['CHIHAYA_REDIS_SERVER'] ?? 'redis-server'
  const redis = new Process(command, [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--appendonly',
    'no',
  ])
  await redis.line(/Ready to accept connections/)
  return redis
}

const SOURCE = [
  '--conditions=@chihaya/source',
  fileURLToPath(new URL('../../../../apps/tracker/src/main.ts', import.meta.url)),
]

/** Starts a tracker, by default from the sources of this tree. */
export async function startTracker(
  configFile: string,
  command: readonly string[] = SOURCE,
): Promise<Process> {
  const args = [...command, '--config', configFile, '--json']
  const tracker = new Process(process.execPath, args)
  await tracker.line(/UDP tracker listens/)
  return tracker
}

export async function startLoad(args: readonly number[]): Promise<Process> {
  const load = new Process(process.execPath, [
    fileURLToPath(new URL('load.ts', import.meta.url)),
    ...args.map(String),
  ])
  await load.line(/^ready$/)
  return load
}
