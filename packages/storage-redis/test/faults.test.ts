import { setTimeout as sleep } from 'node:timers/promises'
import { isClientError } from '@chihaya/bittorrent'
import {
  announceTo,
  endpoints,
  sampleAnnounce,
  sampleInfoHash,
  samplePeerId,
  scrapeFrom,
} from '@chihaya/core/testing'
import { UNAVAILABLE, type RedisPeerStore, type RedisStorageOptions } from '@chihaya/storage-redis'
import { describe, expect, onTestFinished, test } from 'vitest'
import { RedisServer } from './redis-server.ts'
import { Log, storeWith } from './stores.ts'

const TIMEOUT = 300
const TIMEOUTS: RedisStorageOptions = { redisReadTimeout: TIMEOUT, redisWriteTimeout: TIMEOUT }

async function startServer(...settings: string[]): Promise<RedisServer> {
  const server = await RedisServer.start(...settings)
  onTestFinished(() => server.stop())
  return server
}

async function startStore(options: RedisStorageOptions, log?: Log): Promise<RedisPeerStore> {
  const store = await storeWith({ ...TIMEOUTS, ...options }, log)
  onTestFinished(() => store.close())
  return store
}

/** The refusal of an announce, or undefined, and its time in milliseconds. */
async function announce(
  store: RedisPeerStore,
  port = 6881,
): Promise<{ error: unknown; took: number }> {
  const began = performance.now()
  try {
    await announceTo(store, sampleAnnounce({ port }))
    return { error: undefined, took: performance.now() - began }
  } catch (error) {
    return { error, took: performance.now() - began }
  }
}

async function untilWell(store: RedisPeerStore): Promise<void> {
  while ((await announce(store)).error !== undefined || store.health() !== undefined)
    await sleep(50)
}

describe('a Redis that is killed', () => {
  test('makes announces fail at once, and is used again when it is back, even empty', async () => {
    const server = await startServer()
    const log = new Log()
    const store = await startStore({ url: server.url }, log)
    await announceTo(store, sampleAnnounce({ port: 1001 }))
    expect(store.health()).toBeUndefined()

    await server.kill()
    while (store.health() === undefined) await sleep(10)
    const { error } = await announce(store)
    expect(error).toBe(UNAVAILABLE)
    expect(isClientError(error)).toBe(true)
    expect(() => scrapeFrom(store, [sampleInfoHash(1)], 'ipv4')).toThrow(UNAVAILABLE)
    await expect(store.stats()).rejects.toBe(UNAVAILABLE)
    await expect(store.sweep()).rejects.toBe(UNAVAILABLE)
    expect(store.health()).toMatch(`Redis at 127.0.0.1:${server.port}: `)
    expect(store.metrics().errors.connection).toBeGreaterThan(0)

    await server.start()
    await untilWell(store)
    const view = await announceTo(store, sampleAnnounce({ port: 2000 }))
    expect(view.incomplete).toBe(2)
    expect(log.lines.filter((line) => line.startsWith('error'))).toHaveLength(1)
    expect(log.lines.at(-1)).toMatch(/^info Redis at 127\.0\.0\.1:\d+ works again/)
  })

  test('fails pending announces', async () => {
    const server = await startServer()
    const store = await startStore({
      url: server.url,
      redisReadTimeout: 10_000,
      redisWriteTimeout: 10_000,
    })
    server.freeze()
    const waiting = [announce(store), announce(store, 2000)]
    await sleep(20)
    await server.kill()
    for (const { error, took } of await Promise.all(waiting)) {
      expect(error).toBe(UNAVAILABLE)
      expect(took).toBeLessThan(5000)
    }
  })
})

describe('a frozen Redis', () => {
  test('makes announces fail within the timeout, then at once, until it resumes', async () => {
    const server = await startServer()
    const store = await startStore({ url: server.url })
    server.freeze()
    const first = await announce(store)
    expect(first.error).toBe(UNAVAILABLE)
    expect(first.took).toBeGreaterThanOrEqual(TIMEOUT - 10)
    expect(store.health()).toBeDefined()
    while (store.metrics().errors.connection === 0) await announce(store)
    const next = await announce(store)
    expect(next.error).toBe(UNAVAILABLE)
    expect(next.took).toBeLessThan(TIMEOUT)
    server.thaw()
    await untilWell(store)
  })

  test('leaves no more commands pending than `maxPending`', async () => {
    const server = await startServer()
    const store = await startStore({ url: server.url, maxPending: 100 })
    server.freeze()
    const refused = await Promise.all(
      Array.from({ length: 20_000 }, (_, port) => announce(store, port)),
    )
    expect(refused.every(({ error }) => error === UNAVAILABLE)).toBe(true)
    expect(store.metrics().errors).toMatchObject({ queue: 19_900, timeout: 100 })
    expect(store.metrics().pending).toBeLessThanOrEqual(100)
    server.thaw()
    await untilWell(store)
    expect(store.metrics().pending).toBe(0)
  })
})

test('with a slow Redis only commands that take too long fail', async () => {
  const server = await startServer()
  const store = await startStore({ url: server.url })
  await server.as((admin) => admin.call('CLIENT', 'PAUSE', String(TIMEOUT / 4)))
  expect((await announce(store)).error).toBeUndefined()
  await server.as((admin) => admin.call('CLIENT', 'PAUSE', String(TIMEOUT * 2)))
  expect((await announce(store)).error).toBe(UNAVAILABLE)
  await untilWell(store)
  const { counts, bounds, count, sum } = store.metrics().roundTrips
  expect(counts).toHaveLength(bounds.length + 1)
  expect(counts.reduce((total, bucket) => total + bucket)).toBe(count)
  expect(sum).toBeGreaterThan(TIMEOUT / 4)
})

test('a Redis out of memory refuses new peers, and still serves scrapes and `stopped`', async () => {
  const server = await startServer('--maxmemory-policy', 'noeviction')
  const store = await startStore({ url: server.url })
  await announceTo(store, sampleAnnounce({ port: 1001 }))
  await announceTo(store, sampleAnnounce({ port: 1002, peerId: samplePeerId(2) }))
  await server.as((admin) => admin.config('SET', 'maxmemory', '1'))
  expect((await announce(store)).error).toBe(UNAVAILABLE)
  expect(store.health()).toMatch(/OOM/)
  expect(store.metrics().errors.memory).toBe(1)
  expect(
    (await announceTo(store, sampleAnnounce({ port: 1001, transition: 'stopped' }))).incomplete,
  ).toBe(1)
  const looking = await announceTo(
    store,
    sampleAnnounce({ port: 0, peerId: samplePeerId(3), transition: 'unchanged' }),
  )
  expect(endpoints(looking.peers)).toEqual(['10.0.0.1:1002'])
  expect(await scrapeFrom(store, [sampleInfoHash(1)], 'ipv4')).toMatchObject([{ incomplete: 1 }])
  await server.as((admin) => admin.config('SET', 'maxmemory', '0'))
  await untilWell(store)
})

test('a replica refuses announces until it is the master', async () => {
  const master = await startServer()
  const replica = await startServer('--replicaof', '127.0.0.1', String(master.port))
  const store = await startStore({ url: replica.url })
  expect((await announce(store)).error).toBe(UNAVAILABLE)
  expect(store.metrics().errors.readonly).toBe(1)
  await replica.as((admin) => admin.replicaof('NO', 'ONE'))
  await untilWell(store)
})

test('after a change of its password, Redis is unavailable until it has the old one again', async () => {
  const server = await startServer('--requirepass', 'the old one')
  const log = new Log()
  const store = await startStore({ url: server.url, password: 'the old one' }, log)
  await server.as(
    async (admin) => {
      await admin.config('SET', 'requirepass', 'another')
      await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
      while (!(store.health() ?? '').includes('WRONGPASS')) await sleep(10)
      expect((await announce(store)).error).toBe(UNAVAILABLE)
      await admin.config('SET', 'requirepass', 'the old one')
    },
    { password: 'the old one' },
  )
  await untilWell(store)
  expect(store.metrics().errors.auth).toBeGreaterThan(0)
  expect(log.lines.join()).not.toContain('the old one')
})

test('a foreign key under a swarm’s name fails only that swarm', async () => {
  const server = await startServer()
  const store = await startStore({ url: server.url })
  await server.as((admin) => admin.set(`chihaya:{s${sampleInfoHash(1)}}4`, 'something else'))
  expect((await announce(store)).error).toBe(UNAVAILABLE)
  expect(store.metrics().errors.other).toBe(1)
  expect(store.health()).toMatch(/WRONGTYPE/)
  await sleep(1100)
  await announceTo(store, sampleAnnounce({ infoHash: sampleInfoHash(2) }))
  expect(store.health()).toBeUndefined()
})
