import { setTimeout as sleep } from 'node:timers/promises'
import Fastify from 'fastify'
import { describe, expect, test } from 'vitest'
import { announceTo, sampleAnnounce } from '@chihaya/core/testing'
import { CoarseClock, ExpiryTimer, memoryStorage, MemoryPeerStore } from '@chihaya/storage-memory'

describe('the plugin', () => {
  test('decorates the scope with a store and rejects wrong options', async () => {
    await using app = Fastify()
    await app.register(memoryStorage, {
      shardCount: 1024,
      prometheusReportingInterval: '1s',
      gcInterval: '3m',
      peerLifetime: '31m',
    })
    await app.ready()
    await announceTo(app.peerStore, sampleAnnounce())
    expect(await app.peerStore.stats()).toMatchObject({ swarms: 1 })

    await using wrong = Fastify()
    await expect(async () =>
      wrong.register(memoryStorage, { peerLifetime: 'soon' }),
    ).rejects.toThrow(/@chihaya\/storage-memory: options\/peerLifetime/)
  })

  test('logs its bounds', async () => {
    const lines: string[] = []
    await using app = Fastify({
      logger: { level: 'debug', stream: { write: (line: string) => void lines.push(line) } },
    })
    await app.register(memoryStorage, { maxPeers: 1234 })
    await app.ready()
    const bounds = lines.find((line) => line.includes('bounds of the memory store'))
    expect(JSON.parse(bounds ?? '{}')).toMatchObject({ maxPeers: 1234, maxPeersPerSwarm: 100_000 })
  })

  test('gives each scope its own store', async () => {
    await using app = Fastify()
    await app.register(memoryStorage)
    let inner: unknown
    await app.register(async (scope) => {
      await scope.register(memoryStorage)
      inner = scope.peerStore
    })
    await app.ready()
    expect(inner).not.toBe(app.peerStore)
  })

  test('expires peers', async () => {
    await using app = Fastify()
    await app.register(memoryStorage, { peerLifetime: 1, gcInterval: 10 })
    await app.ready()
    await announceTo(app.peerStore, sampleAnnounce())
    while ((await app.peerStore.stats()).swarms > 0) await sleep(50)
  })
})

test('expiry works in slices and starts over each interval', async () => {
  let time = 0
  const store = new MemoryPeerStore({ peerLifetime: '1m' }, () => time)
  const timer = new ExpiryTimer(store, 1)
  timer.start()
  for (let round = 0; round < 2; round++) {
    for (let port = 2; port < 60_000; port++)
      announceTo(store, sampleAnnounce({ port, numWant: 0 }))
    time += 120_000
    while (store.stats().swarms > 0) await sleep(5)
  }
  timer.stop()
  announceTo(store, sampleAnnounce())
  time += 120_000
  await sleep(50)
  expect(store.stats().swarms).toBe(1)
})

test('the coarse clock advances and never goes back', async () => {
  const clock = new CoarseClock()
  const began = clock.now()
  clock.start()
  while (clock.now() === began) await sleep(50)
  clock.stop()
  expect(clock.now()).toBeGreaterThan(began)
})
