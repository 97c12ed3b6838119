import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort, startLoad, startRedis, startTracker, type Process } from './processes.ts'

const ROUND = 1200
const SETTLE = 200
/** Requests in flight. */
const WINDOW = 256

export interface Measurement {
  /** Announces per second. */
  readonly rate: number
  /** Microseconds of CPU per announce. */
  readonly tracker: number
  readonly redis: number
  readonly load: number
}

/** Torrents by number, from `first` to `last`, and the peers to request. */
interface Task {
  readonly first: number
  readonly last: number
  readonly numWant: number
}

/** Processes of a tracker, its Redis and a load generator. */
export class Setup {
  readonly #redis: Process
  readonly #tracker: Process
  readonly #load: Process
  readonly #folder: string

  private constructor(redis: Process, tracker: Process, load: Process, folder: string) {
    this.#redis = redis
    this.#tracker = tracker
    this.#load = load
    this.#folder = folder
  }

  /** Starts all three, and announces every peer once. */
  static async start(
    crowds: ReadonlyArray<readonly [torrents: number, peers: number]>,
    command?: readonly string[],
  ): Promise<Setup> {
    const folder = await mkdtemp(join(tmpdir(), 'chihaya-bench-'))
    const [redisPort, udpPort] = [await freePort(), await freePort()]
    const config = join(folder, 'chihaya.yaml')
    await writeFile(
      config,
      `chihaya:
  metrics_addr: ""
  udp: { addr: "127.0.0.1:${udpPort}", private_key: benchmark, allow_ip_spoofing: true }
  storage: { name: redis, config: { redis_broker: "redis://127.0.0.1:${redisPort}/0", max_peers_per_swarm: 1000000 } }
`,
    )
    const redis = await startRedis(redisPort)
    const tracker = await startTracker(config, command)
    return new Setup(redis, tracker, await startLoad([udpPort, WINDOW, ...crowds.flat()]), folder)
  }

  async stop(): Promise<void> {
    await Promise.all([this.#load.stop(), this.#tracker.stop(), this.#redis.stop()])
    await rm(this.#folder, { recursive: true, force: true })
  }

  /** Measures announces for a while. @throws {Error} if any are refused, or none answered. */
  async measure(task: Task): Promise<Measurement> {
    await this.#read(task)
    await sleep(SETTLE)
    const before = await this.#read(task)
    await sleep(ROUND)
    const after = await this.#read(task)
    const announces = after.announces - before.announces
    if (after.errors > 0 || announces === 0)
      throw new Error(`${announces} answers, ${after.errors} errors`)
    const [tracker = 0, redis = 0, load = 0] = after.cpu.map(
      (time, index) => (time - (before.cpu[index] ?? 0)) / announces,
    )
    return { rate: (announces / (after.at - before.at)) * 1000, tracker, redis, load }
  }

  async #read({
    first,
    last,
    numWant,
  }: Task): Promise<{ announces: number; errors: number; at: number; cpu: number[] }> {
    const line = this.#load.line(/^\{/)
    this.#load.tell(`${first} ${last} ${numWant}`)
    const replies = JSON.parse(await line) as { announces: number; errors: number }
    const cpu = [this.#tracker, this.#redis, this.#load].map((process) => process.cpuTime())
    return { ...replies, at: performance.now(), cpu }
  }
}
