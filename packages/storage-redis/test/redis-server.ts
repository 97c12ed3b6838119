import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'

/** `CHIHAYA_REDIS_SERVER=valkey-server` selects another server or version. */
const COMMAND = process.env['CHIHAYA_REDIS_SERVER'] ?? 'redis-server'

/** The offset of the port on which nodes of a cluster talk to each other. */
const BUS = 10_000

/** A port that was free a moment ago. */
export async function freePort(wanted = 0): Promise<number> {
  const server = createServer().listen(wanted, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** The same for a node of a cluster. */
async function freeNodePort(): Promise<number> {
  const port = await freePort()
  try {
    await freePort(port + BUS)
    return port
  } catch {
    return freeNodePort()
  }
}

/** A Redis for one test, on a free port of 127.0.0.1. */
export class RedisServer {
  readonly port: number
  readonly #folder: string
  readonly #settings: readonly string[]
  #process: ChildProcess | undefined

  private constructor(port: number, folder: string, settings: readonly string[]) {
    this.port = port
    this.#folder = folder
    this.#settings = settings
  }

  /** Starts one; `settings` follow those of the command line: `--maxmemory`, `2mb`. */
  static async start(...settings: string[]): Promise<RedisServer> {
    const server = new RedisServer(
      await freePort(),
      await mkdtemp(join(tmpdir(), 'chihaya-redis-')),
      settings,
    )
    await server.start()
    return server
  }

  /** Starts a node of a cluster that knows no other node yet. */
  static async startNode(...settings: string[]): Promise<RedisServer> {
    const port = await freeNodePort()
    const folder = await mkdtemp(join(tmpdir(), 'chihaya-redis-'))
    const server = new RedisServer(port, folder, ['--cluster-enabled', 'yes', ...settings])
    await server.start()
    return server
  }

  /**
   * Starts a Sentinel that alone watches the master on a port, with short timeouts.
   */
  static async startSentinel(master: number): Promise<RedisServer> {
    const folder = await mkdtemp(join(tmpdir(), 'chihaya-sentinel-'))
    const file = join(folder, 'sentinel.conf')
    const port = await freePort()
    const settings = [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${folder}`,
      `sentinel monitor chihaya 127.0.0.1 ${master} 1`,
      'sentinel down-after-milliseconds chihaya 500',
      'sentinel failover-timeout chihaya 2000',
    ]
    await writeFile(file, settings.join('\n'))
    const server = new RedisServer(port, folder, [file, '--sentinel'])
    await server.#spawn(server.#settings)
    return server
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}/0`
  }

  get pid(): number | undefined {
    return this.#process?.pid
  }

  get folder(): string {
    return this.#folder
  }

  /** Starts it, again if it was killed; `settings` follow its own. */
  async start(...settings: string[]): Promise<void> {
    const basic = [
      '--port',
      String(this.port),
      '--bind',
      '127.0.0.1',
      '--save',
      '',
      '--appendonly',
      'no',
      '--dir',
      this.#folder,
    ]
    await this.#spawn([...basic, ...this.#settings, ...settings])
  }

  async #spawn(args: readonly string[]): Promise<void> {
    // Exceeding the file size limit must be an error, like a full disk, and not kill the process.
    const server = spawn('sh', ['-c', 'trap "" XFSZ; exec "$0" "$@"', COMMAND, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#process = server
    let output = ''
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.once('exit', () => reject(new Error(`${COMMAND} did not start: ${output}`)))
      server.stdout.on('data', (chunk) => {
        output += String(chunk)
        if (/Ready to accept connections|Sentinel ID is/.test(output)) resolve()
      })
    })
    server.stdout.removeAllListeners('data').resume()
  }

  /** Sends SIGSTOP: the system still accepts connections, but the server does not answer. */
  freeze(): void {
    this.#process?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#process?.kill('SIGCONT')
  }

  async kill(): Promise<void> {
    const server = this.#process
    if (!server || server.exitCode !== null || server.signalCode !== null) return
    server.kill('SIGKILL')
    await once(server, 'exit')
  }

  /** Kills the server and removes its folder. */
  async stop(): Promise<void> {
    await this.kill()
    await rm(this.#folder, { recursive: true, force: true })
  }

  /** Runs commands on an administrator's connection. */
  async as<Result>(run: (admin: Redis) => Promise<Result>, options: object = {}): Promise<Result> {
    const admin = new Redis({ port: this.port, host: '127.0.0.1', ...options })
    try {
      return await run(admin)
    } finally {
      admin.disconnect()
    }
  }
}
