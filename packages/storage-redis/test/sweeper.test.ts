import { setTimeout as sleep } from 'node:timers/promises'
import { announceTo, sampleAnnounce, sampleInfoHash } from '@chihaya/core/testing'
import type { RedisPeerStore, RedisStorageOptions } from '@chihaya/storage-redis'
import { expect, onTestFinished, test } from 'vitest'
import { RedisServer } from './redis-server.ts'
import { SharedServer } from './shared-server.ts'

const LOCK = 'chihaya:{t}lock'

const shared = new SharedServer()

const startStore = async (options: RedisStorageOptions = {}): Promise<RedisPeerStore> =>
  shared.startStore({ prometheusReportingInterval: 0, ...options })

async function enter(store: RedisPeerStore, torrents: number): Promise<void> {
  const announces = Array.from({ length: torrents }, async (_, number) =>
    announceTo(store, sampleAnnounce({ infoHash: sampleInfoHash(number), numWant: 0 })),
  )
  await Promise.all(announces)
}

test('one tracker counts for all, once per interval', async () => {
  const [one, two] = [await startStore(), await startStore()]
  await enter(one, 700)
  expect(await two.stats()).toMatchObject({ swarms: 0 })
  const swept = await Promise.all([one.sweep(), two.sweep()])
  expect(swept.filter(Boolean)).toHaveLength(1)
  expect(await two.stats()).toEqual({
    swarms: 700,
    seeders: { ipv4: 0, ipv6: 0 },
    leechers: { ipv4: 700, ipv6: 0 },
  })
  expect([await one.sweep(), await two.sweep()]).toEqual([false, false])
  expect(await shared.admin.pttl(LOCK)).toBeGreaterThan(150_000)
})

test('a tracker that loses the lock while counting leaves the totals to the new owner', async () => {
  const store = await startStore()
  await enter(store, 3000)
  const sweep = store.sweep()
  while ((await shared.admin.exists(LOCK)) === 0) await sleep(1)
  await shared.admin.set(LOCK, 'another tracker')
  expect(await sweep).toBe(false)
  expect(await shared.admin.get(LOCK)).toBe('another tracker')
  expect(await shared.admin.exists('chihaya:{t}totals')).toBe(0)
})

test('a store stops counting and releases the lock when it is closed', async () => {
  const store = await startStore({ gcInterval: '1h' })
  await enter(store, 3000)
  store.start()
  while ((await shared.admin.exists(LOCK)) === 0) await sleep(1)
  await store.close()
  while ((await shared.admin.exists(LOCK)) === 1) await sleep(1)
  expect(await shared.admin.exists('chihaya:{t}totals')).toBe(0)
})

test('counting continues after an outage of Redis', async () => {
  const own = await RedisServer.start()
  onTestFinished(() => own.stop())
  const store = await startStore({ url: own.url, gcInterval: '1s' })
  await enter(store, 3)
  store.start()
  while ((await store.stats()).swarms < 3) await sleep(50)
  await own.kill()
  await sleep(1200)
  await own.start()
  while (store.health() !== undefined) await sleep(50)
  await enter(store, 2)
  const swarms = async (): Promise<number> => (await store.stats()).swarms
  while ((await swarms()) !== 2) await sleep(50)
})

test('totals are read once per interval', async () => {
  const store = await startStore({ prometheusReportingInterval: '1h' })
  await enter(store, 3)
  expect(await store.stats()).toMatchObject({ swarms: 0 })
  await (await startStore()).sweep()
  expect(await store.stats()).toMatchObject({ swarms: 0 })
})
