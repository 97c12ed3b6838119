import { setTimeout as sleep } from 'node:timers/promises'
import { RunningTracker, type Contender } from './contenders.ts'
import { cpuTime } from '../cpu-time.ts'
import { Generator } from './generator.ts'
import type { Spread } from './requests.ts'

const SECONDS = 3
const MAX_SECONDS = 90
const WINDOW = 512

export interface Reading {
  /** Responses per CPU-second of the tracker. */
  readonly perCpuSecond: number
  readonly perSecond: number
  /** Microseconds per response. */
  readonly user: number
  readonly system: number
}

/** Starts a tracker, announces all peers once, and measures it under the mix of requests. */
export async function readUdp(contender: Contender, spread: Spread): Promise<Reading> {
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
