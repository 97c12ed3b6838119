import { ClientError } from '@chihaya/bittorrent'
import type { Announce, Answer, MaybePromise, TrackerContext } from '@chihaya/core'
import { announceTo, sampleAnnounce, scrapeFrom } from '@chihaya/core/testing'
import { describe, expect, test } from 'vitest'
import { setUpTracker } from './setup.ts'

type Behaviour = 'sync' | 'async' | 'thenable'

declare module '@chihaya/core' {
  interface TrackerContext {
    order?: number[]
  }
}

/** A hook that leaves its number in the context, after those before it. */
function hook(number: number, behaviour: Behaviour) {
  return (_announce: Announce, _answer: Answer, context: TrackerContext): MaybePromise<void> => {
    const leave = (): void => void (context.order ??= []).push(number)
    if (behaviour === 'sync') return leave()
    if (behaviour === 'async') return new Promise((resolve) => setImmediate(() => resolve(leave())))
    // Other libraries' promises need not be instances of ours, nor have a `catch`.
    const thenable: PromiseLike<void> = {
      // oxlint-disable-next-line unicorn/no-thenable, promise/no-callback-in-promise
      then: (done, failed) => Promise.resolve().then(leave).then(done, failed),
    }
    return thenable as Promise<void>
  }
}

const orders: Behaviour[][] = [
  ['sync', 'sync', 'sync'],
  ['async', 'async', 'async'],
  ['sync', 'async', 'sync'],
  ['async', 'sync', 'async'],
  ['sync', 'sync', 'async'],
  ['thenable', 'sync', 'thenable'],
  ['sync', 'thenable', 'async'],
]

describe('hooks', () => {
  test.each(orders)('run in the order they were added: %s, %s, %s', async (...behaviours) => {
    const { tracker } = setUpTracker()
    for (const [index, behaviour] of behaviours.entries())
      tracker.addHook('preAnnounce', hook(index, behaviour))
    let order: number[] | undefined
    tracker.addHook('preAnnounce', (_request, _response, context) => void (order = context.order))
    await announceTo(tracker, sampleAnnounce())
    expect(order).toEqual([0, 1, 2])
  })

  test('keep the tracker synchronous if they are synchronous', () => {
    const { tracker } = setUpTracker()
    tracker.addHook('preAnnounce', hook(0, 'sync'))
    tracker.addHook('preScrape', () => undefined)
    expect(announceTo(tracker, sampleAnnounce())).toMatchObject({ incomplete: 1 })
    expect(scrapeFrom(tracker, [])).toEqual([])
  })

  test('start each announce with a new context', async () => {
    const { tracker } = setUpTracker()
    const contexts = new Set<TrackerContext>()
    tracker.addHook('preAnnounce', (_request, _response, context) => void contexts.add(context))
    await announceTo(tracker, sampleAnnounce())
    await announceTo(tracker, sampleAnnounce())
    expect(contexts.size).toBe(2)
  })
})

describe('a pre hook that fails', () => {
  const fault = new Error('database is down')
  const refusal = new ClientError('unapproved client', { retryIn: 'never' })
  const failing = [
    [
      'throws',
      refusal,
      () => {
        throw refusal
      },
    ],
    ['rejects with', refusal, () => Promise.reject(refusal)],
    [
      'throws',
      fault,
      () => {
        throw fault
      },
    ],
    ['rejects with', fault, () => Promise.reject(fault)],
  ] as const

  for (const before of ['sync', 'async'] as const) {
    test.each(failing)(
      `behind an ${before} one: %s %s, which reaches the caller and ends the announce`,
      async (_how, error, fail) => {
        const { tracker, store } = setUpTracker()
        let later = 0
        tracker.addHook('preAnnounce', hook(0, before))
        tracker.addHook('preAnnounce', fail)
        tracker.addHook('preAnnounce', () => void later++)
        tracker.addHook('postAnnounce', () => void later++)
        await expect((async () => announceTo(tracker, sampleAnnounce()))()).rejects.toBe(error)
        await tracker.drain()
        expect(later).toBe(0)
        expect((await store.stats()).swarms).toBe(0)
      },
    )
  }

  test.each(failing)('ends a scrape likewise: %s %s', async (_how, error, fail) => {
    const { tracker } = setUpTracker()
    tracker.addHook('preScrape', fail)
    await expect((async () => scrapeFrom(tracker, []))()).rejects.toBe(error)
  })

  test('throws at once when nothing before it was a promise', () => {
    const { tracker } = setUpTracker()
    tracker.addHook('preAnnounce', () => {
      throw refusal
    })
    expect(() => announceTo(tracker, sampleAnnounce())).toThrow(refusal)
  })
})

describe('addHook', () => {
  test.each([
    ['onannounce'],
    ['preannounce'],
    ['__proto__'],
    ['constructor'],
    [''],
    [undefined],
    [null],
    [1],
  ])('refuses the name %s', (name) => {
    const { tracker } = setUpTracker()
    expect(() => tracker.addHook(name as 'preAnnounce', () => undefined)).toThrow(
      expect.objectContaining({
        code: 'TRK_ERR_HOOK_NAME',
        message: `tracker.addHook: unknown hook ${String(name)}; hooks are preAnnounce, onAnnounce, postAnnounce, preScrape, onScrape, postScrape`,
      }),
    )
  })

  test.each([[undefined], [null], ['function'], [{}], [42]])('refuses %s for a hook', (handler) => {
    const { tracker } = setUpTracker()
    expect(() => tracker.addHook('preScrape', handler as unknown as () => void)).toThrow(
      expect.objectContaining({
        code: 'TRK_ERR_HOOK_HANDLER',
        message: 'tracker.addHook: the preScrape hook must be a function',
      }),
    )
  })

  test('comes too late once the tracker has started, in every fork', () => {
    const { tracker } = setUpTracker()
    const fork = tracker.fork()
    fork.fork().start()
    for (const one of [tracker, fork, tracker.fork()]) {
      expect(() => one.addHook('postAnnounce', () => undefined)).toThrow(
        expect.objectContaining({
          code: 'TRK_ERR_STARTED',
          message: expect.stringContaining('postAnnounce') as string,
        }),
      )
    }
  })
})
