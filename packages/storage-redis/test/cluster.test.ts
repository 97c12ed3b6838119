import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { InfoHash } from '@chihaya/bittorrent'
import {
  announceTo,
  ModelPeerStore,
  sampleAnnounce,
  sampleInfoHash,
  samplePeerId,
  scrapeFrom,
  testPeerStore,
} from '@chihaya/core/testing'
import type { RedisPeerStore, RedisStorageOptions } from '@chihaya/storage-redis'
import { Cluster } from 'ioredis'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { freePort, RedisServer } from './redis-server.ts'
import { counted, storeOnClock, storeWith } from './stores.ts'

const SLOTS = 16_384

let servers: RedisServer[] = []
let nodes: string[] = []
let client: Cluster

/**
 * Gives each server its share of the slots, and makes the first know the others: the rest is
 * gossip.
 */
async function join(all: readonly RedisServer[]): Promise<void> {
  const [first, ...others] = all
  const share = Math.ceil(SLOTS / all.length)
  const assigned = all.map((server, index) => {
    const slots = Array.from(
      { length: Math.min(share, SLOTS - index * share) },
      (_, slot) => index * share + slot,
    )
    return server.as((admin) => admin.cluster('ADDSLOTS', ...(slots as [number, ...number[]])))
  })
  await Promise.all(assigned)
  await Promise.all(
    others.map(({ port }) => first?.as((admin) => admin.cluster('MEET', '127.0.0.1', port))),
  )
}

beforeAll(async () => {
  const limits = ['--cluster-node-timeout', '1000', '--cluster-require-full-coverage', 'no']
  servers = await Promise.all([1, 2, 3].map(() => RedisServer.startNode(...limits)))
  nodes = servers.map(({ port }) => `127.0.0.1:${port}`)
  await join(servers)
  const isWhole = async (server: RedisServer): Promise<boolean> =>
    (await server.as((admin) => admin.cluster('INFO'))).includes('cluster_state:ok')
  while (!(await Promise.all(servers.map(isWhole))).every(Boolean)) await sleep(50)
  client = new Cluster(servers.map(({ port }) => ({ host: '127.0.0.1', port })))
  await once(client, 'ready')
})
afterAll(async () => {
  client.disconnect()
  await Promise.all(servers.map((server) => server.stop()))
})

async function startStore(options: RedisStorageOptions = {}): Promise<RedisPeerStore> {
  const store = await storeWith({ cluster: nodes, redisReadTimeout: '1s', ...options })
  onTestFinished(() => store.close())
  return store
}

describe('the Redis store in a cluster of three', () => {
  testPeerStore({
    test,
    createStore: async ({ peerLifetime }) => {
      await Promise.all(client.nodes('master').map((node) => node.flushall()))
      const clock = { now: 1_800_000_000 }
      const store = storeOnClock(client, clock, { peerLifetime })
      const advance = (milliseconds: number): void => {
        clock.now += milliseconds / 1000
      }
      return { store: counted(store), advance, close: () => store.close() }
    },
  })
})

test('all keys of any infohash are on one node, and every node has some', async () => {
  await Promise.all(servers.map((server) => server.as((admin) => admin.flushall())))
  const store = await startStore()
  const model = new ModelPeerStore({ peerLifetime: 60_000, now: () => 0 })
  const infoHashes = Array.from({ length: 256 }, (_, byte) => {
    return `${String.fromCharCode(byte)}{}${String.fromCharCode(byte).repeat(17)}` as InfoHash
  })
  const announces = infoHashes.flatMap((infoHash) => [
    sampleAnnounce({ infoHash, transition: 'completed' }),
    sampleAnnounce({ infoHash, port: 2000, peerId: samplePeerId(2) }),
  ])
  for (const announce of announces) {
    const { complete, incomplete, downloaded } = announceTo(model, announce)
    expect(await announceTo(store, announce)).toMatchObject({ complete, incomplete, downloaded })
  }
  expect(await scrapeFrom(store, infoHashes, 'ipv4')).toEqual(scrapeFrom(model, infoHashes, 'ipv4'))
  const sizes = await Promise.all(servers.map((server) => server.as((admin) => admin.dbsize())))
  expect(Math.min(...sizes)).toBeGreaterThan(0)
  expect(await store.sweep()).toBe(true)
  expect(await store.stats()).toMatchObject({
    swarms: 256,
    seeders: { ipv4: 256 },
    leechers: { ipv4: 256 },
  })
  const listed = new Set<string>()
  for await (const page of store.swarms()) for (const { infoHash } of page) listed.add(infoHash)
  expect(listed).toEqual(new Set(infoHashes))
  expect(await store.evict({ peerId: (peerId) => peerId === samplePeerId(2) })).toBe(256)
  expect(await store.evict({ infoHash: () => true })).toBe(256)
})

test('the torrents of a lost node fail or fall back, those of other nodes do not', async () => {
  const store = await startStore()
  const sheltered = await startStore({ fallback: 'memory' })
  const torrents = Array.from({ length: 60 }, (_, number) => sampleInfoHash(number))
  const outcomes = async (of: RedisPeerStore): Promise<number> => {
    const settled = await Promise.allSettled(
      torrents.map(async (infoHash) => announceTo(of, sampleAnnounce({ infoHash }))),
    )
    return settled.filter(({ status }) => status === 'fulfilled').length
  }
  expect(await outcomes(store)).toBe(60)
  expect(await outcomes(sheltered)).toBe(60)
  await servers[2]?.kill()
  const served = await outcomes(store)
  expect(served).toBeGreaterThan(10)
  expect(served).toBeLessThan(60)
  expect(store.health()).toBeDefined()
  expect(await outcomes(sheltered)).toBe(60)
  expect(sheltered.metrics().fallbackPeers).toBe(60 - served)
  await servers[2]?.start()
  while ((await outcomes(store)) < 60) await sleep(100)
  while (sheltered.metrics().fallbackPeers > 0) await sleep(100)
})

test('a cluster that cannot be reached is named', async () => {
  const port = await freePort()
  await expect(storeWith({ cluster: [`127.0.0.1:${port}`] })).rejects.toThrow(
    new RegExp(
      `cannot use Redis at the cluster of 127\\.0\\.0\\.1:${port}: .*Connection is closed`,
    ),
  )
})
