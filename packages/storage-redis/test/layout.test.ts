import { setTimeout as sleep } from 'node:timers/promises'
import { countPeers } from '@chihaya/bittorrent'
import type { Announce } from '@chihaya/core'
import {
  announceTo,
  sampleAnnounce,
  sampleInfoHash,
  samplePeerId,
  scrapeFrom,
} from '@chihaya/core/testing'
import { expect, test } from 'vitest'
import { SharedServer } from './shared-server.ts'

const shared = new SharedServer()

const peer = (number: number, changes: Partial<Announce> = {}): Announce =>
  sampleAnnounce({
    address: Uint8Array.of(20, 0, number >> 8, number),
    peerId: samplePeerId(number),
    transition: number % 3 === 0 ? 'seeder' : 'leecher',
    ...changes,
  })

async function statistic(section: string, name: string): Promise<number> {
  return Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(await shared.admin.info(section))?.[1])
}

test('every key has a lifetime, and a swarm’s keys disappear with its last peer', async () => {
  const store = await shared.startStore()
  await announceTo(store, peer(1, { transition: 'completed' }))
  await announceTo(
    store,
    peer(2, { address: Uint8Array.from({ length: 16 }, (_, byte) => 0x20 + byte) }),
  )
  await store.sweep()
  const keys = await shared.admin.keys('*')
  expect(keys.map((key) => key.replace(/\{s.*\}/s, '{s}')).sort()).toEqual([
    'chihaya:{s}4',
    'chihaya:{s}4i',
    'chihaya:{s}6',
    'chihaya:{s}6i',
    'chihaya:{s}c',
    'chihaya:{s}d',
    'chihaya:{t}lock',
    'chihaya:{t}totals',
  ])
  for (const key of keys) expect(await shared.admin.ttl(key)).toBeGreaterThan(0)
  await announceTo(store, peer(1, { transition: 'stopped' }))
  expect(await shared.admin.keys('*}4*')).toEqual([])
})

test('an idle swarm expires in Redis', async () => {
  const store = await shared.startStore({ peerLifetime: '1s', downloadedLifetime: '1s' })
  await announceTo(store, peer(1, { transition: 'completed' }))
  for (const suffix of ['4', '4i', 'c'])
    await shared.admin.pexpire(`chihaya:{s${sampleInfoHash(1)}}${suffix}`, 200)
  while ((await shared.admin.dbsize()) > 0) await sleep(50)
  expect(await scrapeFrom(store, [sampleInfoHash(1)], 'ipv4')).toMatchObject([
    { complete: 0, downloaded: 0 },
  ])
})

test.each([
  ['IPv4', [20]],
  ['IPv6', [0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, 2, 3, 4, 5, 6]],
])(
  'a peer of %s takes at most 80 bytes in swarms of a hundred, peer id and keys included',
  async (_, network) => {
    const store = await shared.startStore()
    const [swarms, peers] = [100, 100]
    // Buffers of connections grow with the first use.
    await announceTo(store, peer(1))
    await shared.admin.flushall()
    const before = await statistic('memory', 'used_memory')
    for (let swarm = 0; swarm < swarms; swarm++) {
      const announces = Array.from({ length: peers }, async (_swarm, number) => {
        const address = Uint8Array.of(...network, swarm, number, number)
        return announceTo(
          store,
          peer(number, { infoHash: sampleInfoHash(swarm), address, numWant: 0 }),
        )
      })
      await Promise.all(announces)
    }
    const bytes = ((await statistic('memory', 'used_memory')) - before) / (swarms * peers)
    expect(bytes).toBeLessThanOrEqual(80)
    expect(bytes).toBeGreaterThan(30)
  },
)

test('an announce is one command, at a cost independent of the swarm', async () => {
  const store = await shared.startStore()
  for (let number = 0; number < 300; number++) await announceTo(store, peer(number, { numWant: 0 }))
  await shared.admin.config('RESETSTAT')
  for (let number = 0; number < 100; number++)
    await announceTo(store, peer(number, { numWant: 20, wantsPeerIds: true }))
  await scrapeFrom(store, [sampleInfoHash(1)], 'ipv4')
  const commands = [
    ...(await shared.admin.info('commandstats')).matchAll(/cmdstat_([^:]+):calls=(\d+)/g),
  ]
  const calls = Object.fromEntries(commands.map(([, name, count]) => [name, Number(count)]))
  expect(calls['evalsha']).toBe(100)
  // The first scrape of a connection sends the script.
  expect(calls['eval']).toBe(1)
  const known = [
    'evalsha',
    'eval',
    'time',
    'zadd',
    'hset',
    'expire',
    'get',
    'zcard',
    'zcount',
    'zrank',
    'zrange',
    'hmget',
  ]
  // The last ones are the test's commands, which versions name differently.
  const expected = [...known, 'info', 'config', 'config|resetstat']
  expect(Object.keys(calls).filter((name) => !expected.includes(name))).toEqual([])
})

test('scripts that Redis has lost are sent again', async () => {
  const store = await shared.startStore()
  await announceTo(store, peer(1))
  await shared.admin.script('FLUSH')
  const answers = await Promise.all(
    [2, 3, 4].map(async (number) => announceTo(store, peer(number))),
  )
  expect(answers.map(({ complete, incomplete }) => complete + incomplete)).toEqual([2, 3, 4])
  expect(store.health()).toBeUndefined()
})

test('announces of one turn are sent in one write, and so is a scrape of many torrents', async () => {
  const store = await shared.startStore()
  const infoHashes = Array.from({ length: 60 }, (_, number) => sampleInfoHash(number))
  await announceTo(store, peer(1))
  await scrapeFrom(store, [sampleInfoHash(1)], 'ipv4')
  const reads = async (work: () => Promise<unknown>): Promise<number> => {
    const before = await statistic('stats', 'total_reads_processed')
    await work()
    // The query itself counts, too.
    return (await statistic('stats', 'total_reads_processed')) - before - 1
  }
  // Sixty are a few kilobytes, which arrive in one piece or two.
  expect(
    await reads(() =>
      Promise.all(infoHashes.map(async (infoHash) => announceTo(store, peer(1, { infoHash })))),
    ),
  ).toBeLessThan(4)
  expect(await reads(async () => scrapeFrom(store, infoHashes, 'ipv4'))).toBeLessThan(4)
})

test('a swarm is no larger than `maxPeersPerSwarm`, and further peers are answered', async () => {
  const store = await shared.startStore({ maxPeersPerSwarm: 5 })
  for (let number = 0; number < 8; number++) await announceTo(store, peer(number))
  const view = await announceTo(store, peer(9, { transition: 'completed' }))
  expect([view.complete + view.incomplete, view.downloaded, countPeers(view.peers)]).toEqual([
    5, 0, 5,
  ])
  const known = await announceTo(store, peer(1, { transition: 'completed' }))
  expect([known.complete + known.incomplete, known.downloaded, countPeers(known.peers)]).toEqual([
    5, 1, 4,
  ])
})

test('peer ids are not stored without `storePeerIds`', async () => {
  const store = await shared.startStore({ storePeerIds: false })
  await announceTo(store, peer(1))
  const { peers } = await announceTo(store, peer(2, { wantsPeerIds: true }))
  expect([countPeers(peers), peers.peerIds]).toEqual([1, undefined])
  expect(await shared.admin.keys('*i')).toEqual([])
})

test('downloads are remembered without peers, and each announce prolongs that', async () => {
  const store = await shared.startStore({ downloadedLifetime: '1h' })
  await announceTo(store, peer(1, { transition: 'completed' }))
  await announceTo(store, peer(1, { transition: 'stopped' }))
  const key = (await shared.admin.keys('*d'))[0] ?? ''
  expect(await shared.admin.ttl(key)).toBeGreaterThan(3590)
  await shared.admin.expire(key, 100)
  expect(await scrapeFrom(store, [sampleInfoHash(1)], 'ipv4')).toMatchObject([
    { complete: 0, downloaded: 1 },
  ])
  expect(await shared.admin.ttl(key)).toBeLessThanOrEqual(100)
  expect((await announceTo(store, peer(2))).downloaded).toBe(1)
  expect(await shared.admin.ttl(key)).toBeGreaterThan(3590)
})

test('a bounded number of counted downloads is remembered, the least recent are forgotten', async () => {
  const store = await shared.startStore()
  for (let number = 0; number < 1100; number++)
    await announceTo(store, peer(number, { transition: 'completed', numWant: 0 }))
  const key = (await shared.admin.keys('*c'))[0] ?? ''
  expect(await shared.admin.zcard(key)).toBeLessThanOrEqual(1001)
  await announceTo(store, peer(1099, { transition: 'leecher' }))
  expect((await announceTo(store, peer(1099, { transition: 'completed' }))).downloaded).toBe(1100)
})

test('a peer without a counted download takes no memory for it', async () => {
  const store = await shared.startStore()
  await announceTo(store, peer(1, { key: 7 }))
  await announceTo(store, peer(2, { transition: 'seeder', key: 8 }))
  await announceTo(store, peer(2, { transition: 'completed', key: 8 }))
  await announceTo(store, peer(1, { transition: 'stopped', key: 7 }))
  expect(await shared.admin.keys('*c')).toEqual([])
})
