import { describe, expect, it } from 'vitest'
import { OneAtATime } from '../src/run/one-at-a-time.ts'

/** A task with runs that the test ends. */
function task(): {
  runs: () => number
  most: () => number
  finish: () => Promise<void>
  run: () => Promise<void>
} {
  let runs = 0
  let running = 0
  let most = 0
  const waiting: Array<() => void> = []
  return {
    runs: () => runs,
    most: () => most,
    finish: async () => {
      waiting.shift()?.()
      await new Promise((resolve) => void setImmediate(resolve))
    },
    run: async () => {
      runs++
      most = Math.max(most, ++running)
      await new Promise<void>((resolve) => waiting.push(resolve))
      running--
    },
  }
}

describe('a task that runs one at a time', () => {
  it('runs once more after any number of requests during a run', async () => {
    const { run, runs, most, finish } = task()
    const tasks = new OneAtATime(run)
    for (let round = 0; round < 100; round++) tasks.ask()
    expect(runs()).toBe(1)
    await finish()
    expect(runs()).toBe(2)
    tasks.ask()
    await finish()
    expect(runs()).toBe(3)
    await finish()
    expect([runs(), most()]).toEqual([3, 1])
    tasks.ask()
    expect(runs()).toBe(4)
  })

  it('stops after the current run', async () => {
    const { run, runs, finish } = task()
    const tasks = new OneAtATime(run)
    tasks.ask()
    tasks.ask()
    const stopped = tasks.stop()
    await finish()
    await stopped
    tasks.ask()
    expect(runs()).toBe(1)
    await new OneAtATime(run).stop()
  })
})
