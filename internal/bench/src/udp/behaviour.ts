import { execFile } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Section } from '../section.ts'
import type { Row } from '../table.ts'
import { chihayaWithHttp, RunningTracker } from './contenders.ts'
import { cpuTime, datagramsSent, residentMemory } from '../cpu-time.ts'
import { Generator } from './generator.ts'
import type { OpenLoopCounts } from './open-loop.ts'

const OPEN_LOOP = fileURLToPath(new URL('open-loop.ts', import.meta.url))
const STEADY_RATE = 50_000
const SECONDS = 5

/** Behaviour at a steady rate, at twice the capacity, and when idle. */
export async function behaviour(): Promise<Section> {
  const contender = await chihayaWithHttp()
  const tracker = await RunningTracker.start(contender)
  try {
    const idle = await idleCpu(tracker)
    const steady = await openLoop(tracker, STEADY_RATE)
    const capacity = await closedLoop(tracker)
    const before = residentMemory(tracker.pid)
    const sentBefore = datagramsSent()
    const [overload, http] = await Promise.all([
      openLoop(tracker, capacity * 2),
      httpAnswers(contender.httpPort),
    ])
    const growth = residentMemory(tracker.pid) - before
    // The overloaded generator does not read all responses, so the system's counter is used.
    const answered = (datagramsSent() - sentBefore - overload.sentInAll) / overload.secondsInAll
    return {
      title: 'UDP at a steady rate, at twice the capacity, and idle',
      text:
        `At ${STEADY_RATE.toLocaleString('en')} requests per second, the median latency is ` +
        `${steady.p50.toFixed(2)} ms, and ${((steady.replies / steady.sent) * 100).toFixed(1)} % ` +
        `are answered. The capacity is ${Math.round(capacity).toLocaleString('en')} responses per ` +
        `second; the overload was ${Math.round(overload.sent / SECONDS).toLocaleString('en')} ` +
        `requests per second.`,
      rows: [
        row(
          '99th percentile of latency at the steady rate',
          `${steady.p99.toFixed(2)} ms`,
          '< 5 ms',
          steady.p99 < 5,
        ),
        row(
          'responses at twice the capacity, relative to it',
          `${((answered / capacity) * 100).toFixed(0)} %`,
          '≥ 80 %',
          answered >= capacity * 0.8,
        ),
        row(
          'memory growth at twice the capacity',
          `${(growth / 2 ** 20).toFixed(1)} MiB`,
          '< 32 MiB',
          growth < 32 * 2 ** 20,
        ),
        row(
          'HTTP scrapes answered at twice the capacity',
          `${http.answered} of ${http.asked}`,
          'all',
          http.answered === http.asked,
        ),
        row('CPU time of 5 idle seconds', `${idle.toFixed(2)} s`, '≤ 0.02 s', idle <= 0.02),
      ],
    }
  } finally {
    await tracker.stop()
  }
}

function row(what: string, measured: string, target: string, met: boolean): Row {
  return { what, measured, target, met }
}

async function idleCpu(tracker: RunningTracker): Promise<number> {
  await sleep(2000)
  const before = cpuTime(tracker.pid)
  await sleep(5000)
  const after = cpuTime(tracker.pid)
  return after.user + after.system - before.user - before.system
}

async function openLoop(tracker: RunningTracker, rate: number): Promise<OpenLoopCounts> {
  const args = [
    '-c',
    '1',
    process.execPath,
    '--conditions=@chihaya/source',
    OPEN_LOOP,
    tracker.port,
    Math.round(rate),
    SECONDS,
  ]
  const { stdout } = await promisify(execFile)('taskset', args.map(String))
  return JSON.parse(stdout) as OpenLoopCounts
}

/** Responses per second in a closed loop, after all peers have announced. */
async function closedLoop(tracker: RunningTracker): Promise<number> {
  const generator = new Generator(tracker.port, 60, 512, 'popular')
  try {
    await generator.ready()
    const before = await generator.counts()
    await sleep(3000)
    const after = await generator.counts()
    return (
      after.replies.reduce((sum, count, action) => sum + count - (before.replies[action] ?? 0), 0) /
      3
    )
  } finally {
    generator.stop()
  }
}

async function httpAnswers(port: number): Promise<{ asked: number; answered: number }> {
  let answered = 0
  const asked = 10
  for (let attempt = 0; attempt < asked; attempt++) {
    await sleep(400)
    const reply = await fetch(`http://127.0.0.1:${port}/scrape?info_hash=${'%00'.repeat(20)}`, {
      signal: AbortSignal.timeout(5000),
    })
    if ((await reply.text()).startsWith('d5:files')) answered++
  }
  return { asked, answered }
}
