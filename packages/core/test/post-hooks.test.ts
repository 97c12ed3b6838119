import { ClientError } from '@chihaya/bittorrent'
import type { PeerStore } from '@chihaya/core'
import { announceTo, sampleAnnounce } from '@chihaya/core/testing'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { asyncStore } from './async-store.ts'
import { modelStore, nextTurns, setUpTracker } from './setup.ts'

const stores: Array<[kind: string, create: () => PeerStore]> = [
  ['synchronous', modelStore],
  ['asynchronous', () => asyncStore(modelStore())],
]

describe.each(stores)('post hooks, with %s storage,', (_kind, createStore) => {
  test('run after the reply, with its answer', async () => {
    const { tracker } = setUpTracker({}, createStore())
    const order: string[] = []
    const request = sampleAnnounce()
    tracker.addHook('postAnnounce', (seen, response) => {
      expect(seen).toBe(request)
      order.push(`post hook, ${response.incomplete}`)
    })
    const response = await announceTo(tracker, request)
    order.push(`reply, ${response.incomplete}`)
    await nextTurns()
    expect(order).toEqual(['reply, 1', 'post hook, 1'])
  })

  test('share the context of the pre hooks', async () => {
    const { tracker } = setUpTracker({}, createStore())
    const contexts: object[] = []
    tracker.addHook('preAnnounce', (_request, _response, context) => void contexts.push(context))
    tracker.addHook('postAnnounce', (_request, _response, context) => void contexts.push(context))
    await announceTo(tracker, sampleAnnounce())
    await nextTurns()
    expect(contexts).toHaveLength(2)
    expect(contexts[0]).toBe(contexts[1])
  })

  test('run when the store was skipped', async () => {
    const { tracker } = setUpTracker({}, createStore())
    let ran = false
    tracker.addHook(
      'preAnnounce',
      (_request, _response, context) => void (context.skipSwarmInteraction = true),
    )
    tracker.addHook('postAnnounce', () => void (ran = true))
    await announceTo(tracker, sampleAnnounce())
    await nextTurns()
    expect(ran).toBe(true)
  })
})

describe('post hooks', () => {
  test('run one after another, separately for each announce', async () => {
    const { tracker } = setUpTracker()
    const order: string[] = []
    tracker.addHook('postAnnounce', async ({ port }) => {
      order.push(`first of ${port}`)
      await nextTurns()
      order.push(`first of ${port}, done`)
    })
    tracker.addHook('postAnnounce', ({ port }) => void order.push(`second of ${port}`))
    await announceTo(tracker, sampleAnnounce({ port: 1001 }))
    await announceTo(tracker, sampleAnnounce({ port: 1002 }))
    await tracker.drain()
    const firsts = ['first of 1001', 'first of 1002']
    expect(order.slice(0, 2)).toEqual(firsts)
    for (const first of firsts) {
      const port = first.slice(-4)
      expect(order.indexOf(`second of ${port}`)).toBeGreaterThan(order.indexOf(`${first}, done`))
    }
  })

  test.each([
    [
      'throws',
      new Error('webhook'),
      () => {
        throw new Error('webhook')
      },
    ],
    ['rejects', new Error('webhook'), () => Promise.reject(new Error('webhook'))],
    [
      'throws a refusal',
      new ClientError('too late'),
      () => {
        throw new ClientError('too late')
      },
    ],
  ])(
    'that fail are logged, and harm neither the reply nor the next hook: one %s',
    async (_how, error, fail) => {
      const { tracker, log } = setUpTracker()
      let next = 0
      tracker.addHook('postAnnounce', fail)
      tracker.addHook('postAnnounce', fail)
      tracker.addHook('postAnnounce', () => void next++)
      expect(await announceTo(tracker, sampleAnnounce())).toMatchObject({ incomplete: 1 })
      expect(await announceTo(tracker, sampleAnnounce())).toMatchObject({ incomplete: 1 })
      await nextTurns()
      expect(next).toBe(2)
      expect(log.errors).toEqual(
        Array.from({ length: 4 }, () => ({
          details: { err: error },
          message: 'a post hook failed',
        })),
      )
    },
  )
})

describe('closing the tracker', () => {
  test('waits for running and waiting post hooks', async () => {
    const { tracker, log } = setUpTracker()
    const done: number[] = []
    tracker.addHook('postAnnounce', async ({ port }) => {
      await nextTurns()
      done.push(port)
    })
    await announceTo(tracker, sampleAnnounce({ port: 1001 }))
    await nextTurns()
    await announceTo(tracker, sampleAnnounce({ port: 1002 }))
    await tracker.drain()
    expect(done).toEqual([1001, 1002])
    expect(log.warnings).toEqual([])
  })

  test('waits for the post hooks of announces that post hooks make', async () => {
    const { tracker } = setUpTracker()
    const ports: number[] = []
    tracker.addHook('postAnnounce', async ({ port }) => {
      await nextTurns()
      if (ports.push(port) < 4) await announceTo(tracker, sampleAnnounce({ port: port + 1 }))
    })
    await announceTo(tracker, sampleAnnounce({ port: 1001 }))
    await tracker.drain()
    expect(ports).toEqual([1001, 1002, 1003, 1004])
  })

  test('gives up in time, and says so', async () => {
    const { tracker, log } = setUpTracker({ postHookTimeout: '20ms' })
    let release: (() => void) | undefined
    tracker.addHook('postAnnounce', () => new Promise((resolve) => (release = resolve)))
    await announceTo(tracker, sampleAnnounce())
    await tracker.drain()
    expect(log.warnings).toEqual([
      { details: { running: 1 }, message: 'post hooks still ran when the tracker closed' },
    ])
    release?.()
    await nextTurns()
    await tracker.drain()
    expect(log.warnings).toHaveLength(1)
  })

  test('leaves no timer behind', async () => {
    // Of these only those of the tracker are counted: the process has others, which come and go.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const { tracker } = setUpTracker({ postHookTimeout: '1h' })
    tracker.addHook('postAnnounce', nextTurns)
    await announceTo(tracker, sampleAnnounce())
    await tracker.drain()
    expect(vi.getTimerCount()).toBe(0)
  })

  test('accepts a timeout beyond the longest timer', async () => {
    const { tracker, log } = setUpTracker({ postHookTimeout: '10000h' })
    tracker.addHook('postAnnounce', () => new Promise((resolve) => setTimeout(resolve, 20)))
    await announceTo(tracker, sampleAnnounce())
    await tracker.drain()
    expect(log.warnings).toEqual([])
  })

  test('is immediate if nothing runs', async () => {
    const { tracker, log } = setUpTracker({ postHookTimeout: 0 })
    await announceTo(tracker, sampleAnnounce())
    await tracker.drain()
    expect(log.warnings).toEqual([])
  })
})
