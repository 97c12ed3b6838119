import { countPeers, readCompactPeers } from '@chihaya/bittorrent'
import type { Announce } from '@chihaya/core'
import { announceTo, endpoints, sampleAnnounce, samplePeerId } from '@chihaya/core/testing'
import type { RedisPeerStore } from '@chihaya/storage-redis'
import { expect, test } from 'vitest'
import { SharedServer } from './shared-server.ts'

const shared = new SharedServer()
const clock = { now: 1_800_000_000 }

const startStore = (): RedisPeerStore => shared.startStoreOnClock(clock, { peerLifetime: '1h' })

/** A peer of 20.0.0.0/16 by its number. */
const peer = (number: number, changes: Partial<Announce> = {}): Announce =>
  sampleAnnounce({
    address: Uint8Array.of(20, 0, number >> 8, number),
    peerId: samplePeerId(number),
    numWant: 0,
    ...changes,
  })

function numberOf(address: Uint8Array): number {
  return Buffer.from(address).readUInt16BE(2)
}

async function enter(
  store: RedisPeerStore,
  from: number,
  to: number,
  changes: Partial<Announce> = {},
): Promise<void> {
  await Promise.all(
    Array.from({ length: to - from }, async (_, index) =>
      announceTo(store, peer(from + index, changes)),
    ),
  )
}

test('all peers are drawn equally often, for any announcer and any numwant', async () => {
  const store = startStore()
  await enter(store, 0, 140)
  await enter(store, 140, 200, { transition: 'seeder' })
  for (const [asker, numWant, rounds] of [
    [1000, 20, 2000],
    [70, 1, 6000],
  ] as const) {
    const drawn = new Map<string, number>()
    const transition = asker === 1000 ? 'unchanged' : 'leecher'
    const asked = Array.from({ length: rounds }, async () =>
      announceTo(store, peer(asker, { numWant, transition })),
    )
    for (const { peers } of await Promise.all(asked)) {
      for (const endpoint of endpoints(peers)) drawn.set(endpoint, (drawn.get(endpoint) ?? 0) + 1)
    }
    const candidates = asker === 1000 ? 200 : 199
    const expected = (rounds * numWant) / candidates
    expect(drawn.size).toBe(candidates)
    // Six standard deviations: chance alone fails this once in some million runs.
    const slack = 6 * Math.sqrt(expected)
    for (const count of drawn.values()) expect(Math.abs(count - expected)).toBeLessThan(slack)
  }
})

test('an answer has leechers and seeders in the proportion of the swarm', async () => {
  const store = startStore()
  await enter(store, 0, 300)
  await enter(store, 300, 400, { transition: 'seeder' })
  for (let round = 0; round < 50; round++) {
    const { peers } = await announceTo(store, peer(1, { numWant: 40 }))
    const seeders = readCompactPeers(peers.endpoints, 'ipv4').filter(({ address }) => {
      return numberOf(address) >= 300
    })
    expect(countPeers(peers)).toBe(40)
    expect(Math.abs(seeders.length - 10)).toBeLessThanOrEqual(1)
  }
})

test('any number of stale peers is neither counted nor drawn, and removed a hundred at a time', async () => {
  const store = startStore()
  await enter(store, 0, 150)
  await enter(store, 150, 400, { transition: 'seeder' })
  clock.now += 3000
  await enter(store, 400, 460)
  await enter(store, 460, 500, { transition: 'seeder' })
  clock.now += 700
  const size = async (): Promise<number> =>
    shared.admin.zcard((await shared.admin.keys('*}4'))[0] ?? '')
  const sizes = [await size()]
  for (let round = 0; round < 5; round++) {
    const view = await announceTo(store, peer(400, { numWant: 30, wantsPeerIds: true }))
    expect([view.complete, view.incomplete, countPeers(view.peers)]).toEqual([40, 60, 30])
    for (const { address } of readCompactPeers(view.peers.endpoints, 'ipv4')) {
      expect(numberOf(address)).toBeGreaterThan(400)
    }
    sizes.push(await size())
  }
  expect(sizes).toEqual([500, 400, 300, 200, 100, 100])
  expect(await shared.admin.hlen((await shared.admin.keys('*}4i'))[0] ?? '')).toBe(100)
})

test('a peer lives through the last second of its lifetime', async () => {
  const store = startStore()
  await announceTo(store, peer(1))
  clock.now += 1
  await announceTo(store, peer(2))
  clock.now += 3600
  for (let round = 0; round < 2; round++) {
    const { incomplete, peers } = await announceTo(store, peer(3, { numWant: 10 }))
    expect([incomplete, endpoints(peers)]).toEqual([2, ['20.0.0.2:6881']])
  }
})

test('a client on many ports gets as many other peers as it wants', async () => {
  const store = startStore()
  const own = { address: Uint8Array.of(20, 1, 1, 1), peerId: samplePeerId(5000) }
  for (let port = 1001; port <= 1020; port++)
    await announceTo(store, sampleAnnounce({ ...own, port, numWant: 0 }))
  await enter(store, 0, 200)
  for (let round = 0; round < 30; round++) {
    const { peers } = await announceTo(store, sampleAnnounce({ ...own, port: 1001, numWant: 50 }))
    expect(countPeers(peers)).toBe(50)
    for (const { address } of readCompactPeers(peers.endpoints, 'ipv4')) expect(address[1]).toBe(0)
  }
})

test('any number may be wanted', async () => {
  const store = startStore()
  await enter(store, 0, 2500)
  const { peers } = await announceTo(store, peer(0, { numWant: 1_000_000, wantsPeerIds: true }))
  expect(countPeers(peers)).toBe(2000)
  expect(peers.peerIds).toHaveLength(40_000)
})
