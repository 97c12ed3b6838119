import { setTimeout as sleep } from 'node:timers/promises'
import type { ReadinessAnswer } from '@chihaya/core'
import { announceTo, sampleAnnounce } from '@chihaya/core/testing'
import { UNAVAILABLE, type RedisPeerStore, type RedisStorageOptions } from '@chihaya/storage-redis'
import { expect, onTestFinished, test } from 'vitest'
import { RedisServer } from './redis-server.ts'
import { storeWith } from './stores.ts'

async function startServer(...settings: string[]): Promise<RedisServer> {
  const server = await RedisServer.start(...settings)
  onTestFinished(() => server.stop())
  return server
}

async function startStore(options: RedisStorageOptions): Promise<RedisPeerStore> {
  const store = await storeWith({ redisReadTimeout: 300, redisWriteTimeout: 300, ...options })
  onTestFinished(() => store.close())
  return store
}

/** Asks until the answer changes. */
async function after(answer: ReadinessAnswer, store: RedisPeerStore): Promise<ReadinessAnswer> {
  for (;;) {
    const next = await store.readiness()
    if (JSON.stringify(next) !== JSON.stringify(answer)) return next
    await sleep(20)
  }
}

test('a store is ready while Redis answers, and otherwise says why in fixed words', async () => {
  const server = await startServer('--requirepass', 'horse')
  const store = await startStore({ url: server.url, password: 'horse' })
  expect(await store.readiness()).toBe(true)
  server.freeze()
  expect(await after(true, store)).toBe('Redis does not answer in time')
  server.thaw()
  while ((await store.readiness()) !== true) await sleep(20)
  await server.kill()
  expect(await after(true, store)).toBe('Redis cannot be reached')
  await server.start()
  while ((await store.readiness()) !== true) await sleep(20)
})

test('a store with a fallback is ready without Redis, with a remark', async () => {
  const server = await startServer()
  const store = await startStore({ url: server.url, fallback: 'memory' })
  expect(await store.readiness()).toBe(true)
  await server.kill()
  expect(await after(true, store)).toEqual({
    remark: 'Redis cannot be reached; swarms are kept in this process',
  })
})

test('a store is not ready while Redis can only be read', async () => {
  const server = await startServer('--maxmemory-policy', 'noeviction')
  const store = await startStore({ url: server.url })
  await server.as((admin) => admin.config('SET', 'maxmemory', '1'))
  do {
    await expect(announceTo(store, sampleAnnounce())).rejects.toBe(UNAVAILABLE)
  } while ((await store.readiness()) !== 'Redis is out of memory')
  await server.as((admin) => admin.config('SET', 'maxmemory', '0'))
  while ((await store.readiness()) !== true) await sleep(20)
})

test('a closed store is not ready', async () => {
  const server = await startServer()
  const store = await startStore({ url: server.url })
  await store.close()
  expect(await store.readiness()).toBe('Redis cannot be reached')
})
