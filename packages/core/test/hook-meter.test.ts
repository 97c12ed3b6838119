import { ClientError } from '@chihaya/bittorrent'
import { describe, expect, test } from 'vitest'
import { HookMeter } from '../src/index.ts'
import { announceTo, sampleAnnounce } from '../src/testing/index.ts'
import { setUpTracker } from './setup.ts'

/** How often each hook was measured. */
function calls(meter: HookMeter): Record<string, number> {
  return Object.fromEntries(
    meter
      .times()
      .map(({ hook, middleware, durations }) => [`${hook} of ${middleware}`, durations.count]),
  )
}

describe('measured hooks', () => {
  test('go by the name they were added with, by that of their function, or by their place', async () => {
    const { tracker } = setUpTracker()
    const meter = new HookMeter()
    function looksAround(): void {}
    tracker.addHook('preAnnounce', () => undefined, '@chihaya/example')
    tracker.addHook('preAnnounce', looksAround)
    tracker.addHook('preAnnounce', async () => undefined)
    tracker.start(meter)
    for (let count = 0; count < 3; count++) await announceTo(tracker, sampleAnnounce())
    expect(calls(meter)).toEqual({
      'preAnnounce of @chihaya/example': 3,
      'preAnnounce of looksAround': 3,
      'preAnnounce of hook 3': 3,
    })
  })

  test('refuse and fail as before', async () => {
    const { tracker } = setUpTracker()
    const meter = new HookMeter()
    const refusal = new ClientError('no')
    let hook: () => void | Promise<void> = () => {
      throw refusal
    }
    tracker.addHook('preAnnounce', () => hook(), 'one')
    tracker.start(meter)
    expect(() => announceTo(tracker, sampleAnnounce())).toThrow(refusal)
    hook = () => Promise.reject(refusal)
    await expect((async () => announceTo(tracker, sampleAnnounce()))()).rejects.toBe(refusal)
    expect(calls(meter)).toEqual({ 'preAnnounce of one': 2 })
  })

  test('include those of forks', async () => {
    const { tracker } = setUpTracker()
    const meter = new HookMeter()
    const fork = tracker.fork()
    tracker.addHook('postAnnounce', () => undefined, 'above')
    fork.addHook('preAnnounce', () => undefined, 'below')
    tracker.start(meter)
    await announceTo(tracker, sampleAnnounce())
    await announceTo(fork, sampleAnnounce())
    await tracker.drain()
    expect(calls(meter)).toEqual({ 'postAnnounce of above': 2, 'preAnnounce of below': 1 })
  })
})
