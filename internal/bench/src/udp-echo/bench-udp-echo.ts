import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { median } from '../median.ts'
import type { Section } from '../section.ts'
import type { Row } from '../table.ts'
import { cpuTime } from '../cpu-time.ts'

const ROUNDS = 5
const SECONDS = 2
const WARM_UP = 700
const LOAD_SECONDS = 30
const WINDOWS = [1, 16, 512]

/** Target for the cost of dgram relative to batching. */
const TARGET = 2

/** Compares an echo server on `node:dgram` with one on batches, with few and many requests in flight. */
export async function benchUdpEcho(): Promise<Section[]> {
  const rows: Row[] = []
  for (const window of WINDOWS) {
    const dgram: number[] = []
    const batches: number[] = []
    // In turn, so that a change in the machine's speed affects both.
    for (let round = 0; round < ROUNDS; round++) {
      dgram.push(await read('dgram-echo.ts', window))
      batches.push(await read('batch-echo.ts', window))
    }
    const ratio = median(dgram.map((cost, round) => cost / (batches[round] ?? Number.NaN)))
    const many = window === WINDOWS.at(-1)
    rows.push({
      what: `${window} in flight: \`node:dgram\` ${micros(median(dgram))} µs, batches ${micros(median(batches))} µs`,
      measured: `${ratio.toFixed(2)} ×`,
      target: many ? `≥ ${TARGET} ×` : '',
      met: !many || ratio >= TARGET,
    })
  }
  return [
    {
      title: 'UDP echo',
      text: 'CPU time of a response of an echo server, and its ratio: `node:dgram` relative to batches of `@chihaya/udp-batch`.',
      rows,
    },
  ]
}

function micros(seconds: number): string {
  return (seconds * 1e6).toFixed(1)
}

/** CPU-seconds of the server per response. */
async function read(file: string, window: number): Promise<number> {
  const server = start(file, [])
  const [port] = (await once(server, 'message')) as [number]
  const load = start('load.ts', [port, window, LOAD_SECONDS].map(String))
  try {
    await sleep(WARM_UP)
    const before = { replies: await repliesOf(load), cpu: total(server) }
    await sleep(SECONDS * 1000)
    const replies = (await repliesOf(load)) - before.replies
    return (total(server) - before.cpu) / replies
  } finally {
    await Promise.all([load, server].map(end))
  }
}

function start(file: string, args: readonly string[]): ChildProcess {
  return fork(fileURLToPath(new URL(file, import.meta.url)), args, {
    execArgv: ['--conditions=@chihaya/source'],
  })
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill()
  await once(child, 'exit')
}

async function repliesOf(load: ChildProcess): Promise<number> {
  load.send('count')
  const [replies] = (await once(load, 'message')) as [number]
  return replies
}

function total(server: ChildProcess): number {
  const { user, system } = cpuTime(server.pid as number)
  return user + system
}
