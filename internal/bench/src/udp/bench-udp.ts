import { setTimeout as sleep } from 'node:timers/promises'
import { median } from '../median.ts'
import type { Section } from '../section.ts'
import type { Row } from '../table.ts'
import { behaviour } from './behaviour.ts'
import { CONTENDERS, RunningTracker, type Contender } from './contenders.ts'
import { cpuTime } from './cpu-time.ts'
import { Generator } from './generator.ts'
import type { Spread } from './requests.ts'

const ROUNDS = 5
const SECONDS = 3
const MAX_SECONDS = 90
const WINDOW = 512

const DESCRIBED: Readonly<Record<Spread, string>> = {
  popular: 'the k-th torrent as popular as 1/k',
  even: 'ten to each torrent',
}

interface Reading {
  /** Responses per CPU-second of the tracker. */
  readonly perCpuSecond: number
  readonly perSecond: number
  /** Microseconds a response. */
  readonly user: number
  readonly system: number
}

/**
 * Measures responses per CPU-second of our tracker beside others, all in turn, round after round.
 */
export async function benchUdp(): Promise<Section[]> {
  const present = CONTENDERS.filter(({ name, missing }) => {
    if (missing !== undefined) console.log(`${name} does not take part: ${missing}`)
    return missing === undefined
  })
  return [await compare(present, 'popular'), await compare(present, 'even'), await behaviour()]
}

async function compare(present: readonly Contender[], spread: Spread): Promise<Section> {
  const readings = new Map<string, Reading[]>(present.map(({ name }) => [name, []]))
  for (let round = 0; round < ROUNDS; round++) {
    for (const contender of present)
      readings.get(contender.name)?.push(await read(contender, spread))
  }
  const title = 'UDP responses per CPU-second'
  const bars = [...readings].map(([label, list]) => ({
    label,
    value: median(list.map((reading) => reading.perCpuSecond)),
  }))
  const mix = '10 % connects, 5 % scrapes of 10 torrents, announces with numwant 50'
  return {
    title: `UDP, 10,000 torrents, 100,000 peers, ${DESCRIBED[spread]}`,
    text: `${mix}, ${ROUNDS} rounds.\n\n${summary(readings)}`,
    rows: ratios(readings),
    ...(spread === 'popular' && { chart: { title, bars } }),
  }
}

async function read(contender: Contender, spread: Spread): Promise<Reading> {
  const tracker = await RunningTracker.start(contender)
  const generator = new Generator(tracker.port, MAX_SECONDS, WINDOW, spread)
  try {
    await generator.ready()
    const before = {
      counts: await generator.counts(),
      cpu: cpuTime(tracker.pid),
      time: performance.now(),
    }
    await sleep(SECONDS * 1000)
    const { replies } = await generator.counts()
    const cpu = cpuTime(tracker.pid)
    const seconds = (performance.now() - before.time) / 1000
    const [connects, announces, scrapes, errors] = replies.map(
      (count, action) => count - (before.counts.replies[action] ?? 0),
    )
    if (errors !== 0) throw new Error(`${contender.name} answered ${errors} requests with errors`)
    const responses = (connects ?? 0) + (announces ?? 0) + (scrapes ?? 0)
    const user = cpu.user - before.cpu.user
    const system = cpu.system - before.cpu.system
    return {
      perCpuSecond: responses / (user + system),
      perSecond: responses / seconds,
      user: (user / responses) * 1e6,
      system: (system / responses) * 1e6,
    }
  } finally {
    generator.stop()
    await tracker.stop()
  }
}

function summary(readings: Map<string, Reading[]>): string {
  const lines = [
    '| tracker | responses per CPU-second | responses per second | µs in user space | µs in the kernel |',
    '|---|---|---|---|---|',
  ]
  for (const [name, list] of readings) {
    const of = (key: keyof Reading): number => median(list.map((reading) => reading[key]))
    const cells = [
      of('perCpuSecond').toFixed(0),
      of('perSecond').toFixed(0),
      of('user').toFixed(2),
      of('system').toFixed(2),
    ]
    lines.push(`| ${[name, ...cells].join(' | ')} |`)
  }
  return lines.join('\n')
}

function ratios(readings: Map<string, Reading[]>): Row[] {
  const pairs: Array<[one: string, other: string, target: number]> = [
    ['ours (batch)', 'opentracker', 2],
    ['ours (batch)', 'ours (dgram)', 2.5],
    ['ours (dgram)', 'opentracker', 0.55],
    ['ours (batch)', 'bittorrent-tracker', 20],
  ]
  return pairs.flatMap(([one, other, target]) => {
    const ones = readings.get(one)
    const others = readings.get(other)
    if (!ones || !others) return []
    const ratio = median(
      ones.map(
        (reading, round) => reading.perCpuSecond / (others[round]?.perCpuSecond ?? Number.NaN),
      ),
    )
    return [
      {
        what: `${one} : ${other}`,
        measured: ratio.toFixed(2),
        target: `≥ ${target}`,
        met: ratio >= target,
      },
    ]
  })
}
