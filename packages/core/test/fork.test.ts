import type { Tracker, TrackerHooks } from '@chihaya/core'
import { announceTo, sampleAnnounce } from '@chihaya/core/testing'
import { describe, expect, test } from 'vitest'
import { nextTurns, setUpTracker } from './setup.ts'

/** What an announce to `tracker` calls, in order. */
async function called(tracker: Tracker, calls: string[]): Promise<string[]> {
  calls.length = 0
  await announceTo(tracker, sampleAnnounce())
  await nextTurns()
  return [...calls]
}

describe('a fork', () => {
  test('has the hooks of its parents, also those added later, and keeps its own', async () => {
    const calls: string[] = []
    const call =
      (name: string): TrackerHooks['preAnnounce'] =>
      () =>
        void calls.push(name)
    const { tracker } = setUpTracker()
    tracker.addHook('preAnnounce', call('root'))
    const child = tracker.fork()
    const sibling = tracker.fork()
    child.addHook('preAnnounce', call('child'))
    const grandchild = child.fork()
    grandchild.addHook('preAnnounce', call('grandchild'))
    child.addHook('preAnnounce', call('child, later'))
    tracker.addHook('preAnnounce', call('root, later'))
    tracker.addHook('postAnnounce', call('root, after'))

    expect(await called(tracker, calls)).toEqual(['root', 'root, later', 'root, after'])
    expect(await called(sibling, calls)).toEqual(['root', 'root, later', 'root, after'])
    expect(await called(child, calls)).toEqual([
      'root',
      'child',
      'child, later',
      'root, later',
      'root, after',
    ])
    expect(await called(grandchild, calls)).toEqual([
      'root',
      'child',
      'grandchild',
      'child, later',
      'root, later',
      'root, after',
    ])
  })

  test('has the store and options of its parent', async () => {
    const { tracker } = setUpTracker({ announceInterval: '10m', minAnnounceInterval: '5m' })
    await announceTo(tracker, sampleAnnounce({ port: 1001 }))
    expect(await announceTo(tracker.fork(), sampleAnnounce({ port: 1002 }))).toMatchObject({
      interval: 600,
      minInterval: 300,
      incomplete: 2,
    })
  })

  test('waits for its post hooks when its parent closes', async () => {
    const { tracker } = setUpTracker()
    const fork = tracker.fork()
    let ran = false
    fork.addHook('postAnnounce', () => void (ran = true))
    await announceTo(fork, sampleAnnounce())
    await tracker.drain()
    expect(ran).toBe(true)
  })
})
