import { setTimeout as sleep } from 'node:timers/promises'
import { countPeers } from '@chihaya/bittorrent'
import type { SwarmAnnounce } from '@chihaya/core'
import { sampleAnnounce, sampleInfoHash, samplePeerId } from '@chihaya/core/testing'
import type { RedisPeerStore, RedisStorageOptions } from '@chihaya/storage-redis'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { RedisServer } from './redis-server.ts'
import { storeWith } from './stores.ts'

let server: RedisServer
let admin: Redis
beforeAll(async () => {
  server = await RedisServer.start()
  admin = new Redis(server.port)
})
beforeEach(() => admin.flushall())
afterAll(async () => {
  admin.disconnect()
  await server.stop()
})

async function startStore(options: RedisStorageOptions = {}): Promise<RedisPeerStore> {
  const store = await storeWith({ url: server.url, ...options })
  onTestFinished(() => store.close())
  return store
}

const peer = (number: number, changes: Partial<SwarmAnnounce> = {}): SwarmAnnounce =>
  sampleAnnounce({
    address: Uint8Array.of(20, 0, number >> 8, number),
    peerId: samplePeerId(number),
    transition: number % 3 === 0 ? 'seeder' : 'leecher',
    ...changes,
  })

async function statistic(section: string, name: string): Promise<number> {
  return Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(await admin.info(section))?.[1])
}

test('every key has a lifetime, and those of a swarm go with its last peer', async () => {
  const store = await startStore()
  await store.announce(peer(1, { transition: 'completed' }))
  await store.announce(peer(2, { address: Uint8Array.from({ length: 16 }, (_, byte) => 0x20 + byte) }))
  await store.sweep()
  const keys = await admin.keys('*')
  expect(keys.map((key) => key.replace(/\{s.*\}/s, '{s}')).sort()).toEqual([
    'chihaya:{s}4',
    'chihaya:{s}4i',
    'chihaya:{s}6',
    'chihaya:{s}6i',
    'chihaya:{s}d',
    'chihaya:{t}lock',
    'chihaya:{t}totals',
  ])
  for (const key of keys) expect(await admin.ttl(key)).toBeGreaterThan(0)
  await store.announce(peer(1, { transition: 'stopped' }))
  expect(await admin.keys('*}4*')).toEqual([])
})

test('a swarm that nobody touches is forgotten by Redis itself', async () => {
  const store = await startStore({ peerLifetime: '1s', downloadedLifetime: '1s' })
  await store.announce(peer(1, { transition: 'completed' }))
  await admin.pexpire(`chihaya:{s${sampleInfoHash(1)}}4`, 200)
  await admin.pexpire(`chihaya:{s${sampleInfoHash(1)}}4i`, 200)
  while ((await admin.dbsize()) > 0) await sleep(50)
  expect(await store.scrape([sampleInfoHash(1)], 'ipv4')).toMatchObject([{ complete: 0, downloaded: 0 }])
})

test('a peer takes at most 80 bytes in swarms of a hundred, peer ids and keys included', async () => {
  const store = await startStore()
  const [swarms, peers] = [100, 100]
  const before = await statistic('memory', 'used_memory')
  for (let swarm = 0; swarm < swarms; swarm++) {
    const announces = Array.from({ length: peers }, async (_, number) =>
      store.announce(peer(number, { infoHash: sampleInfoHash(swarm), numWant: 0 })),
    )
    await Promise.all(announces)
  }
  const bytes = ((await statistic('memory', 'used_memory')) - before) / (swarms * peers)
  expect(bytes).toBeLessThanOrEqual(80)
  expect(bytes).toBeGreaterThan(30)
})

test('an announce is one command, and none whose cost grows with the swarm', async () => {
  const store = await startStore()
  for (let number = 0; number < 300; number++) await store.announce(peer(number, { numWant: 0 }))
  await admin.config('RESETSTAT')
  for (let number = 0; number < 100; number++) await store.announce(peer(number, { numWant: 20, wantsPeerIds: true }))
  await store.scrape([sampleInfoHash(1)], 'ipv4')
  const commands = [...(await admin.info('commandstats')).matchAll(/cmdstat_([^:]+):calls=(\d+)/g)]
  const calls = Object.fromEntries(commands.map(([, name, count]) => [name, Number(count)]))
  expect((calls['evalsha'] ?? 0) + (calls['eval'] ?? 0)).toBe(101)
  const known = [
    'evalsha',
    'eval',
    'time',
    'zadd',
    'hset',
    'expire',
    'getex',
    'get',
    'zcard',
    'zcount',
    'zrank',
    'zrange',
    'hmget',
  ]
  expect(Object.keys(calls).filter((name) => !known.includes(name) && !['info', 'config|resetstat'].includes(name))).toEqual([])
})

test('announces of one turn leave in one write', async () => {
  const store = await startStore()
  await store.announce(peer(1))
  const before = await statistic('stats', 'total_reads_processed')
  await Promise.all(Array.from({ length: 60 }, async (_, number) => store.announce(peer(number))))
  // One more is the question itself; 60 announces are a few kilobytes, which arrive in one piece or two.
  expect((await statistic('stats', 'total_reads_processed')) - before).toBeLessThanOrEqual(4)
})

test('a swarm is no larger than it may be, and those it has no room for are answered', async () => {
  const store = await startStore({ maxPeersPerSwarm: 5 })
  for (let number = 0; number < 8; number++) await store.announce(peer(number))
  const view = await store.announce(peer(9, { transition: 'completed' }))
  expect([view.complete + view.incomplete, view.downloaded, countPeers(view.peers)]).toEqual([5, 0, 5])
  const known = await store.announce(peer(1, { transition: 'completed' }))
  expect([known.complete + known.incomplete, known.downloaded, countPeers(known.peers)]).toEqual([5, 1, 4])
})

test('peer ids are not kept when they need not be', async () => {
  const store = await startStore({ storePeerIds: false })
  await store.announce(peer(1))
  const { peers } = await store.announce(peer(2, { wantsPeerIds: true }))
  expect([countPeers(peers), peers.peerIds]).toEqual([1, undefined])
  expect(await admin.keys('*i')).toEqual([])
})

test('downloads are remembered for a while without peers, and for longer with each announce', async () => {
  const store = await startStore({ downloadedLifetime: '1h' })
  await store.announce(peer(1, { transition: 'completed' }))
  await store.announce(peer(1, { transition: 'stopped' }))
  const key = (await admin.keys('*d'))[0] ?? ''
  expect(await admin.ttl(key)).toBeGreaterThan(3590)
  await admin.expire(key, 100)
  expect(await store.scrape([sampleInfoHash(1)], 'ipv4')).toMatchObject([{ complete: 0, downloaded: 1 }])
  expect(await admin.ttl(key)).toBeLessThanOrEqual(100)
  expect((await store.announce(peer(2))).downloaded).toBe(1)
  expect(await admin.ttl(key)).toBeGreaterThan(3590)
})
