import { setTimeout as sleep } from 'node:timers/promises'
import {
  address,
  announceTo,
  changedAnnounce,
  endpoints,
  sampleAnnounce,
  sampleInfoHash,
  samplePeerId,
  scrapeFrom,
} from '@chihaya/core/testing'
import { redisStorage, type RedisPeerStore, type RedisStorageOptions } from '@chihaya/storage-redis'
import Fastify from 'fastify'
import { describe, expect, onTestFinished, test } from 'vitest'
import { localStores } from '../src/fallback/local-store.ts'
import { RedisServer } from './redis-server.ts'
import { Log, storeWith } from './stores.ts'

async function startServer(): Promise<RedisServer> {
  const server = await RedisServer.start()
  onTestFinished(() => server.stop())
  return server
}

async function startStore(
  server: RedisServer,
  options: RedisStorageOptions = {},
  log?: Log,
): Promise<RedisPeerStore> {
  const timeouts = { redisReadTimeout: 300, redisWriteTimeout: 300 }
  const store = await storeWith(
    { url: server.url, fallback: 'memory', ...timeouts, ...options },
    log,
  )
  onTestFinished(() => store.close())
  return store
}

async function untilAway(store: RedisPeerStore): Promise<void> {
  while (store.health() === undefined) await sleep(10)
}

async function untilMerged(store: RedisPeerStore): Promise<void> {
  while (store.metrics().fallbackPeers > 0) await sleep(50)
}

const peer = (number: number): { port: number; peerId: ReturnType<typeof samplePeerId> } => ({
  port: 1000 + number,
  peerId: samplePeerId(number),
})

describe('with a fallback in memory', () => {
  test('announces succeed without Redis, and are merged into it', async () => {
    const server = await startServer()
    const log = new Log()
    const store = await startStore(server, {}, log)
    await announceTo(store, sampleAnnounce({ ...peer(1) }))
    await server.kill()
    await untilAway(store)

    await announceTo(store, sampleAnnounce({ ...peer(2), transition: 'completed' }))
    await announceTo(store, sampleAnnounce({ ...peer(3), transition: 'completed' }))
    await announceTo(store, sampleAnnounce({ ...peer(3), transition: 'leecher' }))
    await announceTo(store, sampleAnnounce({ ...peer(4), transition: 'completed' }))
    await announceTo(store, sampleAnnounce({ ...peer(4), transition: 'stopped' }))
    await announceTo(store, sampleAnnounce({ ...peer(6), transition: 'unchanged' }))
    const view = await announceTo(store, sampleAnnounce({ ...peer(5) }))
    expect([view.complete, view.incomplete, view.downloaded]).toEqual([1, 2, 3])
    expect(endpoints(view.peers)).toEqual(['10.0.0.1:1002', '10.0.0.1:1003'])
    expect(await scrapeFrom(store, [sampleInfoHash(1)], 'ipv4')).toMatchObject([
      { complete: 1, incomplete: 2 },
    ])
    expect(await store.stats()).toMatchObject({ swarms: 1 })
    expect(store.metrics()).toMatchObject({ fallbackAnnounces: 7, fallbackPeers: 4 })

    await server.start()
    await untilMerged(store)
    while (store.health() !== undefined) await announceTo(store, sampleAnnounce({ ...peer(5) }))
    const other = await startStore(server, { fallback: 'none' })
    const merged = await announceTo(
      other,
      sampleAnnounce({ ...peer(7), transition: 'unchanged', wantsPeerIds: true }),
    )
    // The first came to a Redis that has forgotten it since.
    expect([merged.complete, merged.incomplete, merged.downloaded]).toEqual([1, 3, 3])
    expect(endpoints(merged.peers)).toEqual([
      '10.0.0.1:1001',
      '10.0.0.1:1002',
      '10.0.0.1:1003',
      '10.0.0.1:1005',
    ])
    expect(Buffer.from(merged.peers.peerIds ?? []).includes(samplePeerId(5))).toBe(true)
    while (!log.lines.some((line) => line.includes('merged into Redis'))) await sleep(10)
  })

  test('a second outage is handled like the first, even after one without announces', async () => {
    const server = await startServer()
    const store = await startStore(server)
    await server.kill()
    await untilAway(store)
    expect(await scrapeFrom(store, [sampleInfoHash(1)], 'ipv4')).toMatchObject([{ incomplete: 0 }])
    await sleep(1200)
    for (const number of [1, 2]) {
      await announceTo(store, sampleAnnounce({ ...peer(number) }))
      expect(store.metrics().fallbackPeers).toBe(1)
      await server.start()
      await untilMerged(store)
      await server.kill()
      await untilAway(store)
    }
  })

  test('newer announces that Redis received through another tracker are kept', async () => {
    const server = await startServer()
    const store = await startStore(server)
    await announceTo(store, sampleAnnounce({ ...peer(1) }))
    server.freeze()
    await announceTo(store, sampleAnnounce({ ...peer(1), transition: 'stopped' }))
    await announceTo(store, sampleAnnounce({ ...peer(2), transition: 'leecher' }))
    // A second must pass, as peers' times are whole seconds.
    await sleep(2100)
    server.thaw()
    const other = await storeWith({ url: server.url })
    onTestFinished(() => other.close())
    await announceTo(other, sampleAnnounce({ ...peer(1), transition: 'seeder' }))
    await announceTo(other, sampleAnnounce({ ...peer(2), transition: 'seeder' }))
    await untilMerged(store)
    expect(await scrapeFrom(other, [sampleInfoHash(1)], 'ipv4')).toMatchObject([
      { complete: 2, incomplete: 0 },
    ])
  })

  test('an announce that times out is served by the fallback', async () => {
    const server = await startServer()
    const store = await startStore(server)
    server.freeze()
    const announce = sampleAnnounce({ ...peer(1), address: Uint8Array.of(10, 0, 0, 9) })
    expect((await announceTo(store, announce)).incomplete).toBe(1)
    const view = await announceTo(store, sampleAnnounce({ ...peer(2) }))
    expect(endpoints(view.peers)).toEqual(['10.0.0.9:1001'])
    expect(await scrapeFrom(store, [sampleInfoHash(1)], 'ipv4')).toMatchObject([{ incomplete: 2 }])
    server.thaw()
    await untilMerged(store)
  })

  test('remembers no more peers than `fallbackMaxPeers`', async () => {
    const server = await startServer()
    const store = await startStore(server, { fallbackMaxPeers: 50 })
    await server.kill()
    await untilAway(store)
    const outcomes = await Promise.allSettled(
      Array.from({ length: 200 }, async (_, number) =>
        announceTo(store, sampleAnnounce({ ...peer(number) })),
      ),
    )
    expect(store.metrics().fallbackPeers).toBeLessThanOrEqual(50)
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected')
    expect(refused).toHaveLength(150)
    expect(String(refused[0]?.reason)).toMatch(/tracker is full/)
  })

  test('a peer that announces to Redis again is not merged', async () => {
    const server = await startServer()
    const store = await startStore(server)
    await server.as((admin) => admin.config('SET', 'maxmemory', '1'))
    for (let number = 1; number <= 3; number++)
      await announceTo(store, sampleAnnounce({ ...peer(number) }))
    expect(store.metrics().fallbackPeers).toBe(3)
    await announceTo(store, sampleAnnounce({ ...peer(1), transition: 'stopped' }))
    expect(store.metrics().fallbackPeers).toBe(2)
    await server.as((admin) => admin.config('SET', 'maxmemory', '0'))
    await untilMerged(store)
    expect(await scrapeFrom(store, [sampleInfoHash(1)], 'ipv4')).toMatchObject([{ incomplete: 2 }])
  })

  test('a download that is merged by two trackers, or from both families, counts once', async () => {
    const server = await startServer()
    const [one, two] = [await startStore(server), await startStore(server)]
    await announceTo(one, sampleAnnounce({ ...peer(1) }))
    server.freeze()
    const completed = sampleAnnounce({ ...peer(1), key: 7, transition: 'completed' })
    await announceTo(one, completed)
    await announceTo(one, changedAnnounce(completed, { transition: 'stopped' }))
    await announceTo(two, completed)
    await announceTo(two, changedAnnounce(completed, { address: address('2001:db8::1') }))
    // A second must pass, as peers' times are whole seconds.
    await sleep(1100)
    await announceTo(one, changedAnnounce(completed, { transition: 'leecher' }))
    server.thaw()
    await Promise.all([untilMerged(one), untilMerged(two)])
    expect(await scrapeFrom(one, [sampleInfoHash(1)], 'ipv4')).toMatchObject([
      { complete: 0, incomplete: 1, downloaded: 1 },
    ])
    expect((await announceTo(one, completed)).downloaded).toBe(1)
  })

  test('owners and WebRTC peers survive an outage', async () => {
    const server = await startServer()
    const store = await startStore(server, { storeOwners: true, storeWebrtcPeers: true })
    const looks = { ...peer(9), transition: 'unchanged' } as const
    await announceTo(store, sampleAnnounce({ ...peer(1), owner: 7 }))
    await server.kill()
    await untilAway(store)
    await announceTo(store, sampleAnnounce({ ...peer(2), owner: 7 }))
    await announceTo(store, sampleAnnounce({ handle: 5, port: 0, peerId: samplePeerId(5) }))
    const away = await announceTo(store, sampleAnnounce({ ...peer(3), owner: 7 }))
    expect([away.incomplete, away.peers.count]).toEqual([2, 0])

    await server.start()
    await untilMerged(store)
    const other = await announceTo(store, sampleAnnounce({ ...looks, owner: 8 }))
    expect(endpoints(other.peers)).toEqual(['10.0.0.1:1001', '10.0.0.1:1002', '10.0.0.1:1003'])
    expect((await announceTo(store, sampleAnnounce({ ...looks, owner: 7 }))).peers.count).toBe(0)
    const { peers } = await announceTo(store, sampleAnnounce({ handle: 6, port: 0 }))
    expect([peers.count, peers.handle(0)]).toEqual([1, 5])
  })

  test('a tracker starts without Redis, and uses it once it is up', async () => {
    const server = await startServer()
    await server.kill()
    await using app = Fastify()
    await app.register(redisStorage, { url: server.url, fallback: 'memory' })
    await app.ready()
    const store = app.peerStore as RedisPeerStore
    expect((await announceTo(store, sampleAnnounce())).incomplete).toBe(1)
    expect(store.health()).toMatch(`127.0.0.1:${server.port}`)
    await server.start()
    await untilMerged(store)
    expect(await server.as((admin) => admin.keys('chihaya:*4'))).toHaveLength(1)
  })

  test('limits and withheld ports apply without Redis too, and swarms are listed', async () => {
    const server = await startServer()
    const store = await startStore(server, {
      newSwarmsPerSource: { perMinute: 1, burst: 2 },
      withholdPortsBelow: 1024,
    })
    await server.kill()
    await untilAway(store)
    await announceTo(store, sampleAnnounce({ ...peer(1) }))
    await announceTo(store, sampleAnnounce({ ...peer(100) }))
    const other = address('10.0.0.2')
    expect(endpoints((await announceTo(store, sampleAnnounce({ address: other }))).peers)).toEqual([
      '10.0.0.1:1100',
    ])
    await announceTo(store, sampleAnnounce({ infoHash: sampleInfoHash(2) }))
    const announce = async (): Promise<unknown> =>
      announceTo(store, sampleAnnounce({ infoHash: sampleInfoHash(3) }))
    await expect(announce()).rejects.toThrow('too many new torrents')
    const listed = []
    for await (const page of store.swarms()) listed.push(...page)
    expect(
      listed.map(({ infoHash }) => infoHash).toSorted((left, right) => (left < right ? -1 : 1)),
    ).toEqual([sampleInfoHash(1), sampleInfoHash(2)])
  })

  test('closing does not wait for a frozen Redis', async () => {
    const server = await startServer()
    const store = await startStore(server, { redisReadTimeout: '1m', redisWriteTimeout: '1m' })
    await server.as((admin) => admin.config('SET', 'maxmemory', '1'))
    await announceTo(store, sampleAnnounce({ ...peer(1) }))
    server.freeze()
    const sweep = store.sweep()
    const refused = expect(sweep).rejects.toThrow('temporarily unavailable')
    const began = performance.now()
    await store.close()
    expect(performance.now() - began).toBeLessThan(10_000)
    await refused
  })

  test('closing merges the remaining peers', async () => {
    const server = await startServer()
    const store = await startStore(server)
    await server.as((admin) => admin.config('SET', 'maxmemory', '1'))
    await announceTo(store, sampleAnnounce({ ...peer(1) }))
    await server.as((admin) => admin.config('SET', 'maxmemory', '0'))
    await store.close()
    const other = await startStore(server)
    expect(await scrapeFrom(other, [sampleInfoHash(1)], 'ipv4')).toMatchObject([{ incomplete: 1 }])
  })
})

test('the local store says whether it keeps owners and WebRTC peers', async () => {
  const options = { peerLifetime: 60_000, maxPeers: 1, maxPeersPerSwarm: 1, storePeerIds: true }
  for (const kept of [true, false]) {
    const create = await localStores({ ...options, storeOwners: kept, storeWebrtcPeers: kept })
    const store = create()
    onTestFinished(() => store.close())
    expect([store.keepsOwners, store.keepsWebRtcPeers]).toEqual([kept, kept])
  }
})

test('a fallback package that is not installed is named', async () => {
  const options = { peerLifetime: 60_000, maxPeers: 1, maxPeersPerSwarm: 1, storePeerIds: true }
  const missing = Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' })
  await expect(localStores(options, () => Promise.reject(missing))).rejects.toThrow(
    /needs the package @chihaya\/storage-memory/,
  )
  const broken = new SyntaxError('Unexpected token')
  await expect(localStores(options, () => Promise.reject(broken))).rejects.toBe(broken)
})
