import { ClientError } from '@chihaya/bittorrent'
import { describe, expect, test } from 'vitest'
import { HookMeter, Tracker } from '../src/index.ts'
import { sampleRequest } from '../src/testing/index.ts'
import { setUpTracker } from './setup.ts'

/** How often each hook was measured. */
function calls(meter: HookMeter): Record<string, number> {
  return Object.fromEntries(meter.times().map(({ hook, middleware, durations }) => [`${hook} of ${middleware}`, durations.count]))
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
    for (let count = 0; count < 3; count++) await tracker.announce(sampleRequest())
    expect(calls(meter)).toEqual({
      'preAnnounce of @chihaya/example': 3,
      'preAnnounce of looksAround': 3,
      'preAnnounce of hook 3': 3,
    })
  })

  test('refuse and fail as they did', async () => {
    const { tracker } = setUpTracker()
    const meter = new HookMeter()
    const refusal = new ClientError('no')
    let hook: () => void | Promise<void> = () => {
      throw refusal
    }
    tracker.addHook('preAnnounce', () => hook(), 'one')
    tracker.start(meter)
    expect(() => tracker.announce(sampleRequest())).toThrow(refusal)
    hook = () => Promise.reject(refusal)
    await expect(tracker.announce(sampleRequest())).rejects.toBe(refusal)
    expect(calls(meter)).toEqual({ 'preAnnounce of one': 2 })
  })

  test('are those of forks, too', async () => {
    const { tracker } = setUpTracker()
    const meter = new HookMeter()
    const fork = tracker.fork()
    tracker.addHook('postAnnounce', () => undefined, 'above')
    fork.addHook('preAnnounce', () => undefined, 'below')
    tracker.start(meter)
    await tracker.announce(sampleRequest())
    await fork.announce(sampleRequest())
    await tracker.drain()
    expect(calls(meter)).toEqual({ 'postAnnounce of above': 2, 'preAnnounce of below': 1 })
  })

  test('leave a tracker without hooks its short way', () => {
    const { store } = setUpTracker()
    const log = { error: () => undefined, warn: () => undefined }
    const tracker = new Tracker({
      store: Object.assign(store, { announceFlat: () => undefined, scrapeFlat: () => undefined }),
      log,
    })
    tracker.start(new HookMeter())
    expect(tracker.flat()).toBeDefined()
  })
})
