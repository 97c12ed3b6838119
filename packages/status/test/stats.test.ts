import { ClientError } from '@chihaya/bittorrent'
import { Readiness, RequestMeter, type PeerStore } from '@chihaya/core'
import { ModelPeerStore } from '@chihaya/core/testing'
import { status, TrackerStatus } from '@chihaya/status'
import Fastify, { type FastifyInstance } from 'fastify'
import { describe, expect, onTestFinished, test } from 'vitest'
import { fetchStats, LEECHER, SEEDER, startTracker } from './status-tracker.ts'

const readiness = new Readiness({ error: () => undefined })

async function operationsWith(
  store: PeerStore | undefined,
  meter: RequestMeter = new RequestMeter(),
): Promise<FastifyInstance> {
  const app = Fastify()
  onTestFinished(() => app.close())
  const source = new TrackerStatus({
    store: () => store,
    meter,
    readiness: () => readiness,
    version: '1.2.3',
  })
  await app.register(status, { stats: true, source })
  return app
}

describe('statistics', () => {
  test('count swarms and peers by family, and requests by protocol, action and family', async () => {
    await using tracker = await startTracker()
    await tracker.client('http').announce(SEEDER)
    await tracker.client('http6').announce(LEECHER)
    await tracker.client('udp').announce({ ...LEECHER, port: 6883 })
    await tracker.client('udp6').scrape([LEECHER.infoHash])
    await expect(tracker.client('http').announce({ ...LEECHER, port: 70_000 })).rejects.toThrow(
      /port/,
    )
    let stats = await fetchStats(tracker)
    // The store is asked again when what it said is a second old.
    while (stats.store.totals?.leechers !== 2) stats = await fetchStats(tracker)
    expect(stats).toMatchObject({
      status: 'ready',
      checks: { store: 'ok', udp: 'ok' },
      store: {
        name: 'memory',
        swarms: 1,
        seeders: { ipv4: 1, ipv6: 0 },
        leechers: { ipv4: 1, ipv6: 1 },
      },
    })
    const { http, udp, total, refusals } = stats.requests
    expect([
      http.announce.ipv4.answered,
      http.announce.ipv6.answered,
      http.announce.ipv4.refused,
    ]).toEqual([1, 1, 1])
    expect([
      udp.connect.ipv4.answered,
      udp.announce.ipv4.answered,
      udp.announce.ipv6.answered,
    ]).toEqual([1, 1, 0])
    expect([udp.connect.ipv6.answered, udp.scrape.ipv6.answered]).toEqual([1, 1])
    expect(refusals).toEqual([{ reason: 'invalid port', requests: total.refused }])
    expect(stats.memory.resident).toBeGreaterThan(stats.memory.heap)
    expect(stats.version).toMatch(/^\d+\.\d+\.\d+/)
    expect(Date.parse(stats.time)).not.toBeNaN()
  })

  test('reveal no client and no torrent', async () => {
    await using tracker = await startTracker()
    await tracker.client('http').announce({ ...LEECHER, port: 54_321 })
    const json = await (await fetch(tracker.url('http', '/stats.json'))).text()
    const page = await (await fetch(tracker.url('http', '/stats'))).text()
    const hex = Buffer.from(LEECHER.infoHash, 'latin1').toString('hex')
    for (const text of [json, page]) {
      for (const secret of [hex, LEECHER.infoHash, LEECHER.peerId, '127.0.0.1', '54321', '54,321'])
        expect(text).not.toContain(secret)
    }
  })

  test('use an existing meter', async () => {
    const app = Fastify()
    onTestFinished(() => app.close())
    const meter = new RequestMeter()
    app.decorate('requestMeter', meter)
    app.decorate('peerStore', new ModelPeerStore({ peerLifetime: 1000, now: () => 0 }))
    await app.register(status, { stats: true })
    meter.count('udp', 'other', 'ipv6', '', 1, 1, -1)
    expect((await app.inject('/stats.json')).json().requests.udp.other.ipv6.answered).toBe(1)
  })

  test('leave out a store that fails, hangs, or does not exist yet', async () => {
    const failing: Array<PeerStore['stats']> = [
      () => Promise.reject(new Error('secret@10.0.0.1')),
      () => {
        throw new Error('secret@10.0.0.1')
      },
      () => new Promise(() => undefined),
    ]
    const model = new ModelPeerStore({ peerLifetime: 1000, now: () => 0 })
    const stores = failing.map((stats) =>
      Object.assign(Object.create(model) as PeerStore, { stats }),
    )
    for (const store of [undefined, ...stores]) {
      const app = await operationsWith(store)
      const json = await app.inject('/stats.json')
      expect([json.statusCode, json.headers['cache-control']]).toEqual([200, 'no-store'])
      expect(json.json().store).toMatchObject({
        swarms: null,
        seeders: null,
        leechers: null,
        totals: null,
      })
      const page = await app.inject('/stats')
      expect(page.statusCode).toBe(200)
      expect(page.body).toContain(
        'data-figure="store.swarms" data-format="count" data-missing>unavailable<',
      )
      expect(page.body + json.body).not.toContain('secret')
    }
  })
})

describe('the page', () => {
  test('is not cached, and may run and fetch nothing else', async () => {
    const { headers } = await (await operationsWith(undefined)).inject('/stats')
    expect(headers['content-type']).toBe('text/html; charset=utf-8')
    expect(headers['cache-control']).toBe('no-store')
    const policy = String(headers['content-security-policy'])
    expect(policy).toMatch(
      /^default-src 'none'; script-src 'sha256-[^ ]+'; style-src 'sha256-[^ ]+'; connect-src 'self'/,
    )
    expect(policy).not.toContain('unsafe')
  })

  test('escapes texts', async () => {
    const meter = new RequestMeter()
    const { message } = new ClientError('<script>alert("1")</script>&')
    meter.count('http', 'announce', 'ipv4', message, 1, 1, -1)
    const { body } = await (await operationsWith(undefined, meter)).inject('/stats')
    expect(body).toContain('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;')
    expect(body.match(/<script/g)).toHaveLength(1)
    expect(body).toContain('1.2.3')
  })
})
