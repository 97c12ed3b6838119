import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { announceTo, sampleAnnounce, sampleInfoHash, scrapeFrom } from '@chihaya/core/testing'
import { UNAVAILABLE, type RedisPeerStore, type RedisStorageOptions } from '@chihaya/storage-redis'
import type { Redis } from 'ioredis'
import { describe, expect, onTestFinished, test } from 'vitest'
import { RedisServer } from './redis-server.ts'
import { Log, storeWith } from './stores.ts'

const SHORT: RedisStorageOptions = {
  redisReadTimeout: 300,
  redisWriteTimeout: 300,
  prometheusReportingInterval: 0,
}
const TAKES_NO_WRITES = 'Redis takes no writes'

async function startStore(options: RedisStorageOptions, log?: Log): Promise<RedisPeerStore> {
  const store = await storeWith({ ...SHORT, ...options }, log)
  onTestFinished(() => store.close())
  return store
}

async function stoppedLater(server: Promise<RedisServer>): Promise<RedisServer> {
  const started = await server
  onTestFinished(() => started.stop())
  return started
}

/** Ways to make a Redis answer reads and refuse writes. */
interface Case {
  readonly start?: () => Promise<RedisServer>
  readonly refuse: (admin: Redis, server: RedisServer) => Promise<unknown>
  readonly allow: (admin: Redis, server: RedisServer) => Promise<unknown>
  readonly answer?: string
}

const cases: Record<string, Case> = {
  'after a save that has failed': {
    start: () => RedisServer.start('--save', '900', '1'),
    async refuse(admin, server) {
      await rm(server.folder, { recursive: true })
      await admin.bgsave()
      while (!(await admin.info('persistence')).includes('rdb_last_bgsave_status:err'))
        await sleep(20)
    },
    allow: (admin) => admin.config('SET', 'stop-writes-on-bgsave-error', 'no'),
  },
  'with a full disk': {
    start: () => RedisServer.start('--appendonly', 'yes'),
    async refuse(admin, server) {
      await limitFiles(server, 'fsize=1:')
      await admin.set('more than the file may hold', 'x'.repeat(100)).catch(() => {})
      while (!(await admin.info('persistence')).includes('aof_last_write_status:err'))
        await sleep(20)
    },
    allow: (_, server) => limitFiles(server, 'fsize=unlimited:'),
  },
  'without the replicas that it needs': {
    refuse: (admin) => admin.config('SET', 'min-replicas-to-write', '1'),
    allow: (admin) => admin.config('SET', 'min-replicas-to-write', '0'),
  },
  'that has become a replica': {
    refuse: (admin, server) => admin.replicaof('127.0.0.1', server.port),
    allow: (admin) => admin.replicaof('NO', 'ONE'),
  },
  'out of memory': {
    refuse: (admin) => admin.config('SET', 'maxmemory', '1'),
    allow: (admin) => admin.config('SET', 'maxmemory', '0'),
    answer: 'Redis is out of memory',
  },
  'with a user who may not write': {
    refuse: (admin) => admin.call('ACL', 'SETUSER', 'default', '-zadd'),
    allow: (admin) => admin.call('ACL', 'SETUSER', 'default', '+zadd'),
    answer: 'Redis refuses the login or a command',
  },
}

/** The refusal of an announce. */
async function refused(store: RedisPeerStore): Promise<unknown> {
  try {
    return await announceTo(store, sampleAnnounce())
  } catch (error) {
    return error
  }
}

/** Whether reads are answered. A replica's are not while another connection is tried. */
async function isRead(store: RedisPeerStore): Promise<boolean> {
  try {
    const [entry] = await scrapeFrom(store, [sampleInfoHash(1)], 'ipv4')
    return entry?.incomplete === 1
  } catch {
    return false
  }
}

/** Waits until a store gives this reason. Until then it may reconnect, but must never be ready. */
async function untilNotReady(store: RedisPeerStore, reason: string): Promise<void> {
  for (;;) {
    const answer = await store.readiness()
    expect(answer).not.toBe(true)
    if (answer === reason) return
    await sleep(20)
  }
}

/**
 * Limits the size of a server's files, like a full disk. It ignores the signal and gets an error.
 */
async function limitFiles(server: RedisServer, limit: string): Promise<void> {
  await promisify(execFile)('prlimit', ['--pid', String(server.pid), `--${limit}`])
}

describe.each(Object.entries(cases))(
  'a Redis %s',
  (_, { start, refuse, allow, answer = TAKES_NO_WRITES }) => {
    const startServer = async (): Promise<RedisServer> =>
      stoppedLater(start ? start() : RedisServer.start())

    test('makes the store not ready until a write succeeds, in spite of reads', async () => {
      const server = await startServer()
      const log = new Log()
      const store = await startStore({ url: server.url }, log)
      await announceTo(store, sampleAnnounce({ port: 1001 }))
      expect(await store.readiness()).toBe(true)
      await server.as((admin) => refuse(admin, server))
      expect(await refused(store)).toBe(UNAVAILABLE)
      await untilNotReady(store, answer)
      await sleep(1100)
      for (let round = 0; round < 5; round++) {
        while (!(await isRead(store))) await sleep(20)
        expect(await refused(store)).toBe(UNAVAILABLE)
      }
      expect(store.health()).toBeDefined()
      await untilNotReady(store, answer)
      expect(log.lines).toHaveLength(1)
      expect(log.lines[0]).toMatch(/^error Redis at 127\.0\.0\.1:\d+ fails /)

      await server.as((admin) => allow(admin, server))
      // No announce shows it.
      while (store.health() !== undefined) await sleep(20)
      expect(log.lines).toHaveLength(2)
      expect(log.lines[1]).toMatch(/^info Redis at 127\.0\.0\.1:\d+ works again /)
      expect(await store.readiness()).toBe(true)
      expect((await announceTo(store, sampleAnnounce())).incomplete).toBe(2)
    })

    test('leaves a store with a fallback ready, with a remark', async () => {
      const server = await startServer()
      const store = await startStore({ url: server.url, fallback: 'memory' })
      await server.as((admin) => refuse(admin, server))
      expect(await store.readiness()).toEqual({
        remark: `${answer}; swarms are kept in this process`,
      })
      expect((await announceTo(store, sampleAnnounce())).incomplete).toBe(1)
      await server.as((admin) => allow(admin, server))
      while ((await store.readiness()) !== true || store.metrics().fallbackPeers > 0)
        await sleep(20)
      expect(await scrapeFrom(store, [sampleInfoHash(1)], 'ipv4')).toMatchObject([
        { incomplete: 1 },
      ])
    })
  },
)

test('a Redis that refuses writes from the start is detected before the first announce', async () => {
  const server = await stoppedLater(RedisServer.start('--min-replicas-to-write', '1'))
  const store = await startStore({ url: server.url })
  expect(await store.readiness()).toBe(TAKES_NO_WRITES)
})

test('a store is not ready while Redis pauses writes', async () => {
  const server = await stoppedLater(RedisServer.start())
  const store = await startStore({ url: server.url })
  await server.as((admin) => admin.call('CLIENT', 'PAUSE', '60000', 'WRITE'))
  expect(await store.readiness()).toBe('Redis does not answer in time')
  expect(await refused(store)).toBe(UNAVAILABLE)
  await server.as((admin) => admin.call('CLIENT', 'UNPAUSE'))
  while (store.health() !== undefined) await sleep(20)
  expect(await store.readiness()).toBe(true)
})

test('the write probe leaves nothing behind', async () => {
  const server = await stoppedLater(RedisServer.start())
  const store = await startStore({ url: server.url })
  for (let round = 0; round < 3; round++) expect(await store.readiness()).toBe(true)
  expect(await server.as((admin) => admin.dbsize())).toBe(0)
})

test('a store is not ready while its cluster is down and readable', async () => {
  const settings = ['--cluster-announce-ip', '127.0.0.1', '--cluster-allow-reads-when-down', 'yes']
  const server = await stoppedLater(RedisServer.startNode(...settings))
  const slots = Array.from({ length: 16_383 }, (_, slot) => slot) as [number, ...number[]]
  const state = async (admin: Redis, wanted: string): Promise<void> => {
    while (!(await admin.cluster('INFO')).includes(`cluster_state:${wanted}`)) await sleep(50)
  }
  await server.as(async (admin) => {
    await admin.cluster('ADDSLOTS', ...slots, 16_383)
    await state(admin, 'ok')
  })
  const store = await startStore({ cluster: [`127.0.0.1:${server.port}`] })
  await announceTo(store, sampleAnnounce())
  expect(await store.readiness()).toBe(true)
  await server.as(async (admin) => {
    await admin.cluster('DELSLOTS', 16_383)
    await state(admin, 'fail')
  })
  await expect(announceTo(store, sampleAnnounce())).rejects.toBe(UNAVAILABLE)
  expect(await store.readiness()).toBe(TAKES_NO_WRITES)
  expect(await scrapeFrom(store, [sampleInfoHash(1)], 'ipv4')).toMatchObject([{ incomplete: 1 }])
  expect(store.health()).toBeDefined()
  await server.as(async (admin) => {
    await admin.cluster('ADDSLOTS', 16_383)
    await state(admin, 'ok')
  })
  while (store.health() !== undefined) await sleep(20)
  expect(await store.readiness()).toBe(true)
})
