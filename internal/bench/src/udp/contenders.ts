import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, mkdtemp, writeFile } from 'node:fs/promises'
import { createSocket } from 'node:dgram'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { writeConnect } from '@chihaya/client'
import { THIS_TREE } from '../checkout.ts'
import { infoHash, TORRENTS } from './requests.ts'

const OPENTRACKER = '/usr/bin/opentracker'
const BITTORRENT_TRACKER = fileURLToPath(new URL('bittorrent-tracker.ts', import.meta.url))

export interface Contender {
  readonly name: string
  /** Why it cannot take part, if it cannot. */
  readonly missing: string | undefined
  /** The command that listens on a UDP port at 127.0.0.1. */
  command(port: number, folder: string): Promise<string[]>
}

export interface ChihayaInit {
  /** The built command. @default this tree's */
  readonly main?: string
  /** @default '127.0.0.1' */
  readonly host?: string
  /** @default 'batch' */
  readonly transport?: 'batch' | 'dgram'
  /** More lines of the configuration below `chihaya`. */
  readonly more?: string
}

export function chihaya(
  name: string,
  { main = THIS_TREE.main, host = '127.0.0.1', transport = 'batch', more = '' }: ChihayaInit = {},
): Contender {
  return {
    name,
    missing: existsSync(main) ? undefined : 'the tracker is not built',
    async command(port, folder) {
      const file = join(folder, 'chihaya.yaml')
      const udp = `  udp:\n    addr: "${host}:${port}"\n    transport: ${transport}\n    receive_buffer_size: 4194304\n`
      await writeFile(file, `chihaya:\n  announce_interval: 30m\n${udp}${more}`)
      return [process.execPath, main, '--config', file, '--json']
    },
  }
}

export const BATCH = 'Chihaya (batch)'
export const DGRAM = 'Chihaya (dgram)'

/** This tree's tracker with batching, and HTTP beside UDP. */
export async function chihayaWithHttp(): Promise<Contender & { readonly httpPort: number }> {
  const httpPort = await freePort()
  return {
    ...chihaya(BATCH, { more: `  http:\n    addr: "127.0.0.1:${httpPort}"\n` }),
    httpPort,
  }
}

/** The trackers that a round compares. */
export const CONTENDERS: readonly Contender[] = [
  chihaya(BATCH),
  chihaya(DGRAM, { transport: 'dgram' }),
  {
    name: 'opentracker',
    missing: existsSync(OPENTRACKER) ? undefined : 'apt-get install opentracker',
    // Debian's build requires a whitelist.
    async command(port, folder) {
      await writeFile(
        join(folder, 'whitelist.txt'),
        Array.from(
          { length: TORRENTS },
          (_, torrent) => `${infoHash(torrent).toString('hex')}\n`,
        ).join(''),
      )
      return [
        OPENTRACKER,
        '-i',
        '127.0.0.1',
        '-p',
        String(port),
        '-P',
        String(port),
        '-w',
        'whitelist.txt',
        '-d',
        folder,
      ]
    },
  },
  {
    name: 'bittorrent-tracker',
    missing: undefined,
    async command(port) {
      return [process.execPath, '--conditions=@chihaya/source', BITTORRENT_TRACKER, String(port)]
    },
  },
]

/** A running tracker, on CPU 0. */
export class RunningTracker {
  readonly port: number
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, port: number) {
    this.#child = child
    this.port = port
  }

  /** Starts a tracker. Retries, as a port that is free for UDP may be in use for TCP. */
  static async start(contender: Contender, attempts = 5): Promise<RunningTracker> {
    try {
      return await RunningTracker.#start(contender)
    } catch (error) {
      if (attempts === 1) throw error
      return RunningTracker.start(contender, attempts - 1)
    }
  }

  static async #start(contender: Contender): Promise<RunningTracker> {
    const port = await freePort()
    const folder = await mkdtemp(join(tmpdir(), 'tracker-bench-'))
    // opentracker drops its privileges and changes its root to this folder.
    await chmod(folder, 0o755)
    const [program = '', ...args] = await contender.command(port, folder)
    const child = spawn('taskset', ['-c', '0', program, ...args], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    const tracker = new RunningTracker(child, port)
    try {
      await tracker.#answers()
    } catch (error) {
      await tracker.stop()
      throw error
    }
    return tracker
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return
    this.#child.kill('SIGKILL')
    await once(this.#child, 'exit')
  }

  /** Resolves when a connect request is answered. */
  async #answers(): Promise<void> {
    const socket = createSocket('udp4')
    const connect = writeConnect(1)
    const asking = setInterval(() => socket.send(connect, this.port, '127.0.0.1'), 100)
    // Until the tracker listens, the system refuses the datagrams.
    socket.on('error', () => undefined)
    try {
      const ended = once(this.#child, 'exit').then(() => 'ended')
      const first = await Promise.race([
        once(socket, 'message'),
        ended,
        sleep(20_000, 'silent', { ref: false }),
      ])
      if (typeof first === 'string') throw new Error(`the tracker is ${first}`)
    } finally {
      clearInterval(asking)
      socket.close()
    }
  }
}

async function freePort(): Promise<number> {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  socket.close()
  await once(socket, 'close')
  return port
}
