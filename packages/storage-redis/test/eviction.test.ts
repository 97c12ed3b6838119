import { setTimeout as sleep } from 'node:timers/promises'
import type { Announce } from '@chihaya/core'
import {
  address,
  announceTo,
  changedAnnounce,
  sampleAnnounce,
  sampleInfoHash,
  samplePeerId,
  scrapeFrom,
} from '@chihaya/core/testing'
import type { RedisPeerStore } from '@chihaya/storage-redis'
import { Redis } from 'ioredis'
import { expect, onTestFinished, test } from 'vitest'
import { RedisServer } from './redis-server.ts'
import { SharedServer } from './shared-server.ts'
import { storeWith } from './stores.ts'

const shared = new SharedServer()

/** A peer of 20.0.0.0/16 by its number. */
const peer = (number: number, changes: Partial<Announce> = {}): Announce =>
  sampleAnnounce({
    address: Uint8Array.of(20, 0, number >> 8, number),
    peerId: samplePeerId(number),
    numWant: 0,
    ...changes,
  })

async function enter(
  store: RedisPeerStore,
  count: number,
  changes: Partial<Announce> = {},
): Promise<void> {
  await Promise.all(
    Array.from({ length: count }, async (_, number) => announceTo(store, peer(number, changes))),
  )
}

const isOdd = (bytes: Uint8Array): boolean => (bytes[3] ?? 0) % 2 === 1

async function peersLeft(store: RedisPeerStore): Promise<number | undefined> {
  return (await scrapeFrom(store, [sampleInfoHash(1)], 'ipv4'))[0]?.incomplete
}

test('a large swarm is read in parts, and nothing of evicted peers stays', async () => {
  const store = await shared.startStore()
  await enter(store, 5000)
  await shared.admin.config('RESETSTAT')
  expect(await store.evict({ address: isOdd })).toBe(2500)
  const calls = /cmdstat_zscan:calls=(\d+)/.exec(await shared.admin.info('commandstats'))?.[1]
  expect(Number(calls)).toBeGreaterThan(20)
  const [swarm = '', peerIds = ''] = (await shared.admin.keys('*}4*')).sort()
  expect([await shared.admin.zcard(swarm), await shared.admin.hlen(peerIds)]).toEqual([2500, 2500])
  expect(await store.evict({ infoHash: () => true })).toBe(2500)
  expect(await shared.admin.keys('*}4*')).toEqual([])
})

test('announces are answered while peers are evicted', async () => {
  const store = await shared.startStore()
  await enter(store, 5000)
  const state = { answered: 0, evicting: true }
  const evicted = store.evict({ address: isOdd }).finally(() => (state.evicting = false))
  for (; state.evicting; state.answered++) await announceTo(store, peer(0))
  expect(await evicted).toBe(2500)
  expect(state.answered).toBeGreaterThan(10)
})

test('two trackers evict at the same time, and each peer is counted by one of them', async () => {
  const [one, two] = [await shared.startStore(), await shared.startStore()]
  await enter(one, 300)
  await enter(one, 300, { infoHash: sampleInfoHash(2), transition: 'seeder' })
  const counts = await Promise.all([one.evict({ address: isOdd }), two.evict({ address: isOdd })])
  expect(counts[0] + counts[1]).toBe(300)
})

test.each([
  ['IPv4', '20.0.0.1'],
  ['IPv6', '2001:db8::1'],
])('a peer of %s that has another peer id by then stays', async (_, text) => {
  const store = await shared.startStore()
  const before = peer(1, { address: address(text) })
  await announceTo(store, before)
  await announceTo(store, peer(1, { address: address(text), port: 2000 }))
  let again: unknown
  const evicted = await store.evict({
    peerId: (peerId) => {
      again ??= announceTo(store, changedAnnounce(before, { peerId: samplePeerId(2) }))
      return peerId === samplePeerId(1)
    },
  })
  await again
  expect(evicted).toBe(1)
})

test('peers are found under the key prefix of an application’s client', async () => {
  const client = new Redis({ port: shared.admin.options.port ?? 0, keyPrefix: 'app:' })
  onTestFinished(() => client.disconnect())
  const store = await shared.startStore({ url: undefined, client, keyPrefix: 'one[*]:' })
  await enter(store, 10)
  expect(
    await store.evict({ address: isOdd, peerId: (peerId) => peerId === samplePeerId(0) }),
  ).toBe(6)
  const pages = []
  for await (const page of store.swarms()) pages.push(...page)
  expect(pages).toMatchObject([{ infoHash: sampleInfoHash(1), leechers: { ipv4: 4, ipv6: 0 } }])
})

test('peers that are evicted while Redis is unavailable are not merged', async () => {
  const server = await RedisServer.start()
  onTestFinished(() => server.stop())
  const store = await storeWith({ url: server.url, fallback: 'memory' })
  onTestFinished(() => store.close())
  await server.kill()
  while (store.health() === undefined) await sleep(10)
  await enter(store, 10)
  await expect(store.evict({ address: isOdd })).rejects.toThrow(
    'tracker is temporarily unavailable',
  )
  expect(store.metrics().fallbackPeers).toBe(5)
  await server.start()
  while (store.metrics().fallbackPeers > 0) await sleep(20)
  expect(await peersLeft(store)).toBe(5)
})

test('without Redis evicting and listing fail', async () => {
  const server = await RedisServer.start()
  onTestFinished(() => server.stop())
  const store = await storeWith({ url: server.url })
  onTestFinished(() => store.close())
  await server.kill()
  while (store.health() === undefined) await sleep(10)
  await expect(store.evict({})).rejects.toThrow('tracker is temporarily unavailable')
  await expect(store.swarms().next()).rejects.toThrow('tracker is temporarily unavailable')
})
