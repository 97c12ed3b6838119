import {
  HookMeter,
  RequestMeter,
  trackerCore,
  type PeerStore,
  type StoreStats,
} from '@chihaya/core'
import { ModelPeerStore } from '@chihaya/core/testing'
import { httpFrontend } from '@chihaya/http-frontend'
import { MemoryPeerStore } from '@chihaya/storage-memory'
import { ANNOUNCE, TestTracker } from '@internal/test-tracker'
import Fastify, { type FastifyInstance } from 'fastify'
import { metrics, optionsSchema, TrackerMetrics } from '@chihaya/metrics'
import { describe, expect, test } from 'vitest'
import { parseExposition } from './exposition.ts'
import { ownSeries, scrape, valueOf } from './scrape.ts'

const silent = { warn: () => undefined, info: () => undefined }

describe('the route', () => {
  test('serves the text format to GET, regardless of the query', async () => {
    await using tracker = await TestTracker.start({ register: (app) => void app.register(metrics) })
    const response = await fetch(tracker.url('http', '/metrics?name=%22%7D%0Aevil&passkey=secret'))
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    const text = await response.text()
    const series = parseExposition(text)
    expect(text).not.toMatch(/evil|secret/)
    expect(valueOf(series, 'chihaya_build_info', { nodejs: process.version })).toBe(1)
    // Those of the process have the names that everyone gives them.
    for (const name of [
      'process_cpu_seconds_total',
      'nodejs_heap_size_used_bytes',
      'process_resident_memory_bytes',
    ]) {
      expect(valueOf(series, name)).toBeGreaterThan(0)
    }
    for (const quantile of ['p50', 'p99', 'max']) {
      expect(series.map(({ name }) => name)).toContain(`nodejs_eventloop_lag_${quantile}_seconds`)
    }
  })

  test('reports the lag of the event loop without the sampling interval', async () => {
    await using tracker = await TestTracker.start({ register: (app) => void app.register(metrics) })
    const lag = async (figure: string): Promise<number> =>
      valueOf(await scrape(tracker), `nodejs_eventloop_lag_${figure}_seconds`)
    expect(await lag('min')).toBeLessThan(86_400)
    // What is late by nothing at all is not counted as late by a look, which comes twice a second.
    await new Promise((resolve) => setTimeout(resolve, 2500))
    const series = await scrape(tracker)
    const [least, most] = ['min', 'max'].map((figure) =>
      valueOf(series, `nodejs_eventloop_lag_${figure}_seconds`),
    )
    expect(most).toBeGreaterThan(0)
    expect(least).toBeLessThan(0.5)
  })

  test('refuses every other method', async () => {
    await using tracker = await TestTracker.start({ register: (app) => void app.register(metrics) })
    for (const method of ['HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const response = await fetch(tracker.url('http', '/metrics'), {
        method,
        ...(method === 'POST' && { body: '{' }),
      })
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET'])
    }
  })

  test('is where the option says', async () => {
    await using tracker = await TestTracker.start({
      register: (app) => void app.register(metrics, { path: '/internal/prom' }),
    })
    expect(valueOf(await scrape(tracker, '/internal/prom'), 'chihaya_build_info')).toBe(1)
    expect((await fetch(tracker.url('http', '/metrics'))).status).toBe(404)
  })
})

describe('options', () => {
  test.each([
    [{ path: 'metrics' }, 'options/path'],
    [{ path: '/a?b' }, 'options/path'],
    [{ path: true }, 'options/path'],
    [{ prometheusReportingInterval: 'soon' }, 'options/prometheusReportingInterval'],
    [{ hookTiming: 'yes' }, 'options/hookTiming'],
    [{ verbose: true }, 'options has no key verbose'],
  ])('%j are refused', async (options, message) => {
    const app = Fastify()
    app.register(metrics, options as object)
    await expect(app.ready()).rejects.toThrow(message)
  })

  test('have descriptions', () => {
    for (const option of Object.values(optionsSchema.properties))
      expect(option.description).toMatch(/\.$/)
  })
})

describe('the store', () => {
  test('is shown by its totals and its size', async () => {
    await using tracker = await TestTracker.start({ register: (app) => void app.register(metrics) })
    for (const protocol of ['http', 'udp6'] as const)
      await tracker.client(protocol).announce(ANNOUNCE)
    await tracker.client('udp').announce({ ...ANNOUNCE, port: 7000, left: 0n })
    const series = await scrape(tracker)
    expect(valueOf(series, 'chihaya_storage_infohashes_count')).toBe(1)
    expect(valueOf(series, 'chihaya_storage_seeders_count')).toBe(1)
    expect(valueOf(series, 'chihaya_storage_leechers_count')).toBe(2)
    expect(
      valueOf(series, 'chihaya_storage_peers', { address_family: 'IPv4', role: 'leecher' }),
    ).toBe(1)
    expect(valueOf(series, 'chihaya_storage_memory_bytes')).toBeGreaterThan(0)
    expect(valueOf(series, 'chihaya_storage_gc_duration_milliseconds_count')).toBe(0)
  })

  test('reports the duration of searches for expired peers', async () => {
    const store = new MemoryPeerStore()
    const trackerMetrics = new TrackerMetrics({ store, log: silent, processMetrics: false })
    for (let pass = 0; pass < 3; pass++) while (!store.expire(1));
    const series = parseExposition(await trackerMetrics.text())
    expect(valueOf(series, 'chihaya_storage_gc_duration_milliseconds_count')).toBe(3)
    expect(valueOf(series, 'chihaya_storage_gc_duration_milliseconds_sum')).toBeGreaterThan(0)
  })

  test('is left out while it is down, and the log says so once', async () => {
    let down = false
    const model = new ModelPeerStore({ peerLifetime: 60_000, now: Date.now })
    const store: PeerStore = {
      announce: (announce, answer) => model.announce(announce, answer),
      scrape: (query, answer) => model.scrape(query, answer),
      stats: async (): Promise<StoreStats> =>
        down ? Promise.reject(new Error('connection lost')) : model.stats(),
    }
    const lines: string[] = []
    const log = {
      warn: (_: object, line: string) => lines.push(line),
      info: (_: object, line: string) => lines.push(line),
    }
    const trackerMetrics = new TrackerMetrics({
      store,
      log,
      storeInterval: 0,
      processMetrics: false,
    })
    const read = async (): Promise<number> =>
      valueOf(parseExposition(await trackerMetrics.text()), 'chihaya_storage_infohashes_count')
    expect(await read()).toBe(0)
    down = true
    for (let round = 0; round < 3; round++) expect(await read()).toBeNaN()
    expect(lines).toEqual(['metrics are served without those that cannot be read'])
    down = false
    expect(await read()).toBe(0)
    expect(lines).toEqual([lines[0], 'metrics are complete again'])
  })

  test('is asked once an interval, however many ask', async () => {
    let asked = 0
    const model = new ModelPeerStore({ peerLifetime: 60_000, now: Date.now })
    const store: PeerStore = {
      announce: (announce, answer) => model.announce(announce, answer),
      scrape: (query, answer) => model.scrape(query, answer),
      stats: () => {
        asked++
        return model.stats()
      },
    }
    const trackerMetrics = new TrackerMetrics({
      store,
      log: silent,
      storeInterval: 3_600_000,
      processMetrics: false,
    })
    await Promise.all(Array.from({ length: 10 }, () => trackerMetrics.text()))
    await trackerMetrics.text()
    expect(asked).toBe(1)
  })

  test('in another process has its round trips and errors reported', async () => {
    const model = new ModelPeerStore({ peerLifetime: 60_000, now: Date.now })
    const roundTrips = { bounds: [1, 2], counts: [3, 2, 1], count: 6, sum: 12.5 }
    const remote = {
      roundTrips,
      errors: { timeout: 4 },
      pending: 5,
      fallbackAnnounces: 6,
      fallbackPeers: 7,
    }
    const store = Object.assign(model, { metrics: () => remote, health: () => 'Redis is away' })
    const series = parseExposition(
      await new TrackerMetrics({ store, log: silent, processMetrics: false }).text(),
    )
    const name = 'chihaya_redis_round_trip_duration_milliseconds'
    expect(['1', '2', '+Inf'].map((le) => valueOf(series, `${name}_bucket`, { le }))).toEqual([
      3, 5, 6,
    ])
    expect(valueOf(series, 'chihaya_redis_errors_total', { kind: 'timeout' })).toBe(4)
    expect(valueOf(series, 'chihaya_redis_pending_commands')).toBe(5)
    expect(valueOf(series, 'chihaya_redis_fallback_announces_total')).toBe(6)
    expect(valueOf(series, 'chihaya_redis_fallback_peers')).toBe(7)
    expect(valueOf(series, 'chihaya_storage_up')).toBe(0)
  })
})

describe('hooks', () => {
  const register = (hookTiming: boolean) => (app: FastifyInstance) => {
    app.register(metrics, { hookTiming })
    app.after(() => {
      app.tracker.addHook('preAnnounce', () => undefined, 'the first')
      app.tracker.addHook('preAnnounce', async () => undefined)
      app.tracker.addHook('preScrape', () => {
        throw new Error('a fault')
      })
    })
  }

  test('are measured when they are asked for', async () => {
    await using tracker = await TestTracker.start({ register: register(true) })
    for (let count = 0; count < 2; count++) await tracker.client('udp').announce(ANNOUNCE)
    await expect(tracker.client('http').scrape([ANNOUNCE.infoHash])).rejects.toThrow(
      'internal server error',
    )
    const series = await scrape(tracker)
    const calls = (hook: string, middleware: string): number =>
      valueOf(series, 'chihaya_hook_duration_milliseconds_count', { hook, middleware })
    expect(calls('preAnnounce', 'the first')).toBe(2)
    expect(calls('preAnnounce', 'hook 2')).toBe(2)
    expect(calls('preScrape', 'hook 1')).toBe(1)
  })

  test('are left alone otherwise', async () => {
    await using tracker = await TestTracker.start({ register: register(false) })
    await tracker.client('udp').announce(ANNOUNCE)
    expect((await scrape(tracker)).filter(({ name }) => name.includes('hook'))).toEqual([])
  })
})

describe('several in one process', () => {
  test('count separately', async () => {
    await using first = await TestTracker.start({ register: (app) => void app.register(metrics) })
    await using second = await TestTracker.start({ register: (app) => void app.register(metrics) })
    await first.client('udp').announce(ANNOUNCE)
    const labels = { protocol: 'udp', action: 'announce' }
    expect(valueOf(await scrape(first), 'chihaya_requests_total', labels)).toBe(1)
    expect(valueOf(await scrape(second), 'chihaya_requests_total', labels)).toBeNaN()
  })

  test('in one application share their counters', async () => {
    await using tracker = await TestTracker.start({
      register: (app) => {
        app.register(metrics)
        app.register(metrics, { path: '/more', processMetrics: false })
      },
    })
    await tracker.client('http').announce(ANNOUNCE)
    expect(ownSeries(await scrape(tracker, '/more'))).toEqual(ownSeries(await scrape(tracker)))
  })

  test('use the meters that are there', async () => {
    const [requestMeter, hookMeter] = [new RequestMeter(), new HookMeter()]
    await using tracker = await TestTracker.start({
      register: (app) => {
        app.decorate('requestMeter', requestMeter)
        app.decorate('hookMeter', hookMeter)
        app.register(metrics)
        app.after(() => app.tracker.addHook('preAnnounce', () => undefined))
      },
    })
    await tracker.client('http').announce(ANNOUNCE)
    expect(requestMeter.counts()).toMatchObject([{ protocol: 'http', requests: 1 }])
    expect(hookMeter.times()).toMatchObject([{ hook: 'preAnnounce', durations: { count: 1 } }])
    expect(valueOf(await scrape(tracker), 'chihaya_hook_duration_milliseconds_count')).toBe(1)
  })
})

describe('metrics that outlive an application', () => {
  test('go on counting in the next one', async () => {
    const store = new MemoryPeerStore()
    const trackerMetrics = new TrackerMetrics({ store, log: silent, version: '1.2.3' })
    for (let generation = 1; generation <= 3; generation++) {
      await using app = Fastify()
      app.decorate('peerStore', store)
      app.register(trackerCore)
      app.register(metrics, { metrics: trackerMetrics })
      app.register(httpFrontend)
      const id = 'a'.repeat(20)
      await app.inject(`/announce?info_hash=${id}&peer_id=${id}&port=${generation + 1000}&left=1`)
      const series = parseExposition((await app.inject('/metrics')).payload)
      expect(valueOf(series, 'chihaya_requests_total', { action: 'announce' })).toBe(generation)
      expect(valueOf(series, 'chihaya_storage_leechers_count')).toBeGreaterThanOrEqual(1)
      expect(valueOf(series, 'chihaya_build_info', { version: '1.2.3' })).toBe(1)
    }
  })

  test('may be served by another application than the one that counts', async () => {
    const trackerMetrics = new TrackerMetrics({ log: silent })
    await using tracker = await TestTracker.start({
      register: (app) => void app.register(metrics, { metrics: trackerMetrics, path: false }),
    })
    await tracker.client('udp').announce(ANNOUNCE)
    await using operations = Fastify()
    operations.register(metrics, { metrics: trackerMetrics })
    const series = parseExposition((await operations.inject('/metrics')).payload)
    expect(valueOf(series, 'chihaya_storage_infohashes_count')).toBe(1)
    expect(valueOf(series, 'chihaya_requests_total', { action: 'announce' })).toBe(1)
    expect((await fetch(tracker.url('http', '/metrics'))).status).toBe(404)
  })

  test('survive a custom metric that fails', async () => {
    const lines: string[] = []
    const log = { warn: (_: object, line: string) => lines.push(line), info: () => undefined }
    const trackerMetrics = new TrackerMetrics({ log, processMetrics: false })
    const { Gauge } = await import('prom-client')
    const fail = (): never => {
      throw new Error('no sensor')
    }
    const gauge = new Gauge({
      name: 'temperature',
      help: 'Of the room.',
      registers: [trackerMetrics.registry],
      collect: fail,
    })
    expect(gauge).toBeDefined()
    for (let round = 0; round < 2; round++) {
      expect(valueOf(parseExposition(await trackerMetrics.text()), 'chihaya_build_info')).toBe(1)
    }
    expect(lines).toHaveLength(1)
  })
})
