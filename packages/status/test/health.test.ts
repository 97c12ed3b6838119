import { Readiness, readinessOf, RequestMeter, trackerCore } from '@chihaya/core'
import { memoryStorage } from '@chihaya/storage-memory'
import { status, TrackerStatus, type StatusOptions } from '@chihaya/status'
import { udpFrontend } from '@chihaya/udp-frontend'
import Fastify, { type FastifyInstance } from 'fastify'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startTracker } from './status-tracker.ts'

const LOG = { error: () => undefined }

async function appWith(options: StatusOptions): Promise<FastifyInstance> {
  const app = Fastify()
  onTestFinished(() => app.close())
  await app.register(status, options)
  return app
}

describe('a tracker that serves', () => {
  test('is healthy and ready, and no cache keeps that', async () => {
    await using tracker = await startTracker({})
    const health = await fetch(tracker.url('http', '/healthz'))
    expect([health.status, health.headers.get('cache-control'), await health.json()]).toEqual([
      200,
      'no-store',
      { status: 'ok' },
    ])
    const ready = await fetch(tracker.url('http', '/readyz'))
    expect([ready.status, ready.headers.get('cache-control')]).toEqual([200, 'no-store'])
    expect(await ready.json()).toEqual({ status: 'ready', checks: { store: 'ok', udp: 'ok' } })
    expect((await fetch(tracker.url('http', '/readyz'), { method: 'HEAD' })).status).toBe(200)
    expect((await fetch(tracker.url('http', '/stats'))).status).toBe(404)
  })

  test('serves the configured routes at the configured paths', async () => {
    await using tracker = await startTracker({
      health: false,
      stats: true,
      statsPath: '/tracker/figures',
    })
    const codes = [
      '/healthz',
      '/readyz',
      '/stats',
      '/tracker/figures',
      '/tracker/figures.json',
    ].map(async (path) => (await fetch(tracker.url('http', path))).status)
    expect(await Promise.all(codes)).toEqual([404, 404, 404, 200, 200])
  })

  test('takes a prefix', async () => {
    const app = Fastify()
    onTestFinished(() => app.close())
    await app.register(status, { prefix: '/ops' })
    expect((await app.inject('/ops/healthz')).statusCode).toBe(200)
    expect((await app.inject('/healthz')).statusCode).toBe(404)
  })
})

describe('readiness', () => {
  test('names what is not there', async () => {
    const app = Fastify()
    onTestFinished(() => app.close())
    await app.register(memoryStorage)
    await app.register(trackerCore)
    await app.register(udpFrontend, { bind: false })
    await app.register(status)
    const response = await app.inject('/readyz')
    expect(response.statusCode).toBe(503)
    expect(response.json()).toEqual({
      status: 'not ready',
      checks: { store: 'ok', udp: 'no socket is bound' },
    })
    expect((await app.inject('/healthz')).statusCode).toBe(200)
  })

  test('of a tracker in one scope is served from another', async () => {
    const app = Fastify()
    onTestFinished(() => app.close())
    app.register(async (operations) => operations.register(status))
    app.register(async (scope) => {
      await scope.register(memoryStorage)
      await scope.register(trackerCore)
    })
    expect((await app.inject('/readyz')).json()).toEqual({
      status: 'ready',
      checks: { store: 'ok' },
    })
  })

  test('is that of one tracker after the other in an application that outlives them', async () => {
    let current: Readiness | undefined
    const source = new TrackerStatus({
      store: () => undefined,
      meter: new RequestMeter(),
      readiness: () => current,
    })
    const operations = await appWith({ source })
    expect((await operations.inject('/readyz')).json()).toEqual({ status: 'starting', checks: {} })
    expect((await operations.inject('/readyz')).statusCode).toBe(503)

    await using first = await startTracker({ health: false })
    current = readinessOf(first.app)
    expect((await operations.inject('/readyz')).json()).toEqual({
      status: 'ready',
      checks: { store: 'ok', udp: 'ok' },
    })
    await first.app.close()
    const closing = await operations.inject('/readyz')
    expect([closing.statusCode, closing.json().status]).toEqual([503, 'closing'])

    current = new Readiness(LOG)
    expect((await operations.inject('/readyz')).statusCode).toBe(200)
  })

  test('asks its checks once a second at most, however often it is asked', async () => {
    let asked = 0
    const readiness = new Readiness(LOG)
    readiness.add('store', () => {
      asked++
      return true
    })
    const source = new TrackerStatus({
      store: () => undefined,
      meter: new RequestMeter(),
      readiness: () => readiness,
    })
    const app = await appWith({ source })
    const began = performance.now()
    await Promise.all(Array.from({ length: 500 }, () => app.inject('/readyz')))
    expect(asked).toBeGreaterThan(0)
    expect(asked).toBeLessThanOrEqual(1 + (performance.now() - began) / 1000)
  })
})

describe('options', () => {
  test.each<[options: object, message: RegExp]>([
    [{ statsPath: 'stats' }, /statsPath must be written like \/stats/],
    [{ readyPath: '/ready/:id' }, /readyPath must be written like/],
    [{ page: true }, /has no key page/],
  ])('%j are refused', async (options, message) => {
    await expect(appWith(options)).rejects.toThrow(message)
  })

  test('that ask for statistics need a store', async () => {
    await expect(appWith({ stats: true })).rejects.toMatchObject({ code: 'FST_ERR_DEC_UNDECLARED' })
  })
})
