import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { median } from '../median.ts'
import { table, type Row } from '../table.ts'
import { freePort, startLoad, startRedis, startTracker, type Process } from './processes.ts'

/**
 * Measures announces over UDP to a tracker whose swarms are in a Redis on the same machine, load and all:
 *
 *     node --conditions=@chihaya/source internal/bench/src/redis/bench-redis.ts
 */

const ROUNDS = 9
const ROUND = 1500
const SETTLE = 200
/** Requests on their way at any time. */
const WINDOW = 256

interface Measurement {
  /** Announces per second. */
  readonly rate: number
  /** Microseconds of CPU per announce. */
  readonly tracker: number
  readonly redis: number
  readonly load: number
}

/** Torrents, by their numbers, and how many peers an answer is to hold. */
interface Task {
  readonly first: number
  readonly last: number
  readonly numWant: number
}

class Setup {
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

  /** Starts all three, with so many torrents of so many peers in Redis. */
  static async start(crowds: ReadonlyArray<readonly [torrents: number, peers: number]>): Promise<Setup> {
    const folder = await mkdtemp(join(tmpdir(), 'chihaya-bench-'))
    const [redisPort, udpPort] = [await freePort(), await freePort()]
    const config = join(folder, 'chihaya.yaml')
    await writeFile(
      config,
      `chihaya:
  udp: { addr: "127.0.0.1:${udpPort}", private_key: benchmark, allow_ip_spoofing: true }
  storage: { name: redis, config: { redis_broker: "redis://127.0.0.1:${redisPort}/0", max_peers_per_swarm: 1000000 } }
`,
    )
    const redis = await startRedis(redisPort)
    const tracker = await startTracker(config)
    return new Setup(redis, tracker, await startLoad([udpPort, WINDOW, ...crowds.flat()]), folder)
  }

  async stop(): Promise<void> {
    await Promise.all([this.#load.stop(), this.#tracker.stop(), this.#redis.stop()])
    await rm(this.#folder, { recursive: true, force: true })
  }

  async measure(task: Task): Promise<Measurement> {
    await this.#read(task)
    await sleep(SETTLE)
    const before = await this.#read(task)
    await sleep(ROUND)
    const after = await this.#read(task)
    const announces = after.announces - before.announces
    if (after.errors > 0 || announces === 0) throw new Error(`${announces} answers, ${after.errors} errors`)
    const [tracker = 0, redis = 0, load = 0] = after.cpu.map((time, index) => (time - (before.cpu[index] ?? 0)) / announces)
    return { rate: (announces / (after.at - before.at)) * 1000, tracker, redis, load }
  }

  async #read({ first, last, numWant }: Task): Promise<{ announces: number; errors: number; at: number; cpu: number[] }> {
    const line = this.#load.line(/^\{/)
    this.#load.tell(`${first} ${last} ${numWant}`)
    const replies = JSON.parse(await line) as { announces: number; errors: number }
    const cpu = [this.#tracker, this.#redis, this.#load].map((process) => process.cpuTime())
    return { ...replies, at: performance.now(), cpu }
  }
}

function describe(rounds: readonly Measurement[]): string {
  const middle = (key: keyof Measurement): string => median(rounds.map((round) => round[key])).toFixed(0)
  return `${middle('rate')}/s, CPU µs: tracker ${middle('tracker')}, Redis ${middle('redis')}, load ${middle('load')}`
}

async function throughputRow(): Promise<Row> {
  const setup = await Setup.start([[1000, 100]])
  const rounds: Measurement[] = []
  for (let round = 0; round < ROUNDS; round++) rounds.push(await setup.measure({ first: 0, last: 999, numWant: 50 }))
  await setup.stop()
  return {
    what: 'announces, 1,000 torrents of 100 peers, 50 wanted',
    measured: describe(rounds),
    target: '≥ 16,000/s',
    met: median(rounds.map(({ rate }) => rate)) >= 16_000,
  }
}

/**
 * What an announce costs in swarms of different sizes beside the first of them, in turn, so that a machine that slows down
 * slows them all. Cost is CPU of tracker and Redis: the clock on the wall would hide whichever has less to do.
 */
async function flatnessRows(sizes: readonly number[], numWant: number): Promise<Row[]> {
  const setup = await Setup.start(sizes.map((size) => [1, size] as const))
  const rounds: Measurement[][] = []
  for (let round = 0; round < ROUNDS; round++) {
    const measured: Measurement[] = []
    for (const torrent of sizes.keys()) measured.push(await setup.measure({ first: torrent, last: torrent, numWant }))
    rounds.push(measured)
  }
  await setup.stop()
  const cost = (measured: Measurement | undefined): number => (measured ? measured.tracker + measured.redis : Number.NaN)
  return sizes.map((size, torrent) => {
    const ratio = median(rounds.map((measured) => cost(measured[torrent]) / cost(measured[0])))
    const own = rounds.flatMap((measured) => measured[torrent] ?? [])
    const what = `one swarm of ${size}, ${numWant} wanted`
    return { what, measured: `${ratio.toFixed(2)} × (${describe(own)})`, target: '≤ 1.3 ×', met: ratio <= 1.3 }
  })
}

const rows = [await throughputRow()]
// An answer from ten peers has nine, so the others are asked for as many.
rows.push(...(await flatnessRows([10, 100, 1000, 10_000, 100_000], 9)))
rows.push(...(await flatnessRows([100, 1000, 10_000, 100_000], 50)))
console.log(table(rows))
