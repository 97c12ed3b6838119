import { ANNOUNCE, TestTracker, type Protocol } from '@internal/test-tracker'
import type { HttpAnnounceAnswer } from '@chihaya/client'
import { trackerCore } from '@chihaya/core'
import { ModelPeerStore } from '@chihaya/core/testing'
import Fastify from 'fastify'
import { describe, expect, test } from 'vitest'
import { intervalVariation, type IntervalVariationOptions } from '@chihaya/middleware-varinterval'

const PROTOCOLS: Protocol[] = ['http', 'udp']

function trackerWith(options: IntervalVariationOptions): Promise<TestTracker> {
  return TestTracker.start({ register: (app) => void app.register(intervalVariation, options) })
}

describe.each(PROTOCOLS)('over %s', (protocol) => {
  test('one and the same peer gets different intervals, all within the delta', async () => {
    await using tracker = await trackerWith({
      modifyResponseProbability: 1,
      maxIncreaseDelta: 1000,
    })
    const client = tracker.client(protocol)
    const intervals = new Set<number>()
    for (let round = 0; round < 20; round++)
      intervals.add((await client.announce(ANNOUNCE)).interval)
    expect(intervals.size).toBeGreaterThan(10)
    for (const interval of intervals) {
      expect(interval).toBeGreaterThan(1800)
      expect(interval).toBeLessThanOrEqual(2800)
    }
  })

  test('a failing hook after the reply costs the client nothing', async () => {
    await using tracker = await TestTracker.start({
      register: (app) => {
        app.register(intervalVariation, { modifyResponseProbability: 1, maxIncreaseDelta: 1 })
        app.after(() =>
          app.tracker.addHook('postAnnounce', () =>
            Promise.reject(new Error('too late to matter')),
          ),
        )
      },
    })
    expect((await tracker.client(protocol).announce(ANNOUNCE)).interval).toBe(1801)
    await expect
      .poll(() => tracker.log.map(({ msg }) => msg), { timeout: 20_000 })
      .toContain('a post hook failed')
    expect((await tracker.client(protocol).announce(ANNOUNCE)).incomplete).toBe(1)
  })
})

test('the minimal interval follows, and is never above the interval', async () => {
  await using tracker = await TestTracker.start({
    core: { announceInterval: '15m', minAnnounceInterval: '15m' },
    register: (app) =>
      void app.register(intervalVariation, {
        modifyResponseProbability: 1,
        maxIncreaseDelta: 600,
        modifyMinInterval: true,
        symmetric: true,
      }),
  })
  const client = tracker.client('http')
  const minimums = new Set<number | undefined>()
  for (let round = 0; round < 20; round++) {
    const { interval, minInterval } = (await client.announce(ANNOUNCE)) as HttpAnnounceAnswer
    expect(interval).toBeGreaterThanOrEqual(900)
    expect(minInterval).toBeLessThanOrEqual(interval)
    minimums.add(minInterval)
  }
  expect(minimums.size).toBeGreaterThan(10)
})

test('a scope keeps its variation to itself', async () => {
  await using tracker = await TestTracker.start({
    core: { announceInterval: '1m' },
    register: (app) => {
      app.register(async (scope) => {
        await scope.register(intervalVariation, {
          modifyResponseProbability: 1,
          maxIncreaseDelta: 10,
        })
      })
    },
  })
  expect((await tracker.client('http').announce(ANNOUNCE)).interval).toBe(60)
})

// The configurations that Chihaya accepts and refuses.
describe.each<[probability: number, delta: number, refused: string | undefined]>([
  [0.5, 60, undefined],
  [1, 60, undefined],
  [0, 60, 'options/modifyResponseProbability must be > 0, got 0'],
  [1.1, 60, 'options/modifyResponseProbability must be <= 1, got 1.1'],
  [0.5, 0, 'options/maxIncreaseDelta must be >= 1, got 0'],
  [0.5, -10, 'options/maxIncreaseDelta must be >= 1, got -10'],
])(
  'a probability of %d and a delta of %d',
  (modifyResponseProbability, maxIncreaseDelta, refused) => {
    test(refused === undefined ? 'are accepted' : 'are refused', async () => {
      await using app = Fastify()
      app.decorate('peerStore', new ModelPeerStore({ peerLifetime: 60_000, now: () => 0 }))
      app.register(trackerCore)
      app.register(intervalVariation, {
        modifyResponseProbability,
        maxIncreaseDelta,
        modifyMinInterval: true,
      })
      const started = app.ready()
      if (refused === undefined) await expect(started).resolves.toBe(app)
      else await expect(started).rejects.toThrow(`@chihaya/middleware-varinterval: ${refused}`)
    })
  },
)

test('needs a tracker', async () => {
  await using app = Fastify()
  await expect(async () =>
    app.register(intervalVariation, { modifyResponseProbability: 1, maxIncreaseDelta: 1 }),
  ).rejects.toThrow(/'@chihaya\/core'/)
})
