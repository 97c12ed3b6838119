import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { createInterface, type Interface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { cpuMicroseconds } from '../cpu-time.ts'

/** A process that the benchmark starts and stops. */
export class Process {
  readonly #child: ChildProcess
  readonly #lines: Interface

  constructor(command: string, args: readonly string[]) {
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#lines = createInterface({ input: this.#child.stdout as NodeJS.ReadableStream })
  }

  /** The next line that matches. @throws {Error} if the process ends first. */
  async line(pattern: RegExp): Promise<string> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        this.#lines.off('line', look)
        this.#child.off('exit', fail)
      }
      const look = (line: string): void => {
        if (!pattern.test(line)) return
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

  /** Microseconds of CPU so far. */
  cpuTime(): number {
    return cpuMicroseconds(this.#child.pid as number)
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

/** Starts `redis-server`, or the command in the environment variable `CHIHAYA_REDIS_SERVER`. */
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

/** Starts a tracker, by default from this tree's sources. */
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
