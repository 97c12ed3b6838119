import {
  address,
  announceTo,
  endpoints,
  sampleAnnounce,
  sampleInfoHash,
  samplePeerId,
} from '@chihaya/core/testing'
import type { RedisPeerStore } from '@chihaya/storage-redis'
import { expect, test } from 'vitest'
import { NewSwarmLimit } from '../src/announce/new-swarm-limit.ts'
import { SharedServer } from './shared-server.ts'

const shared = new SharedServer()

test.each(['10.0.0.1', '2001:db8::1'])(
  'peers of %s on low ports are counted but never returned',
  async (text) => {
    const store = await shared.startStore({ withholdPortsBelow: 1024 })
    for (const port of [1, 22, 1023, 1024, 65_535]) {
      await announceTo(
        store,
        sampleAnnounce({ address: address(text), port, peerId: samplePeerId(port) }),
      )
    }
    const other = text === '10.0.0.1' ? '10.0.0.2' : '2001:db8::2'
    const view = await announceTo(store, sampleAnnounce({ address: address(other) }))
    expect(view.incomplete).toBe(6)
    expect(endpoints(view.peers)).toEqual([`${text}:1024`, `${text}:65535`])
  },
)

test('by default, all ports but 0 and 1 are returned', async () => {
  const store = await shared.startStore()
  for (const port of [1, 2, 22])
    await announceTo(store, sampleAnnounce({ port, peerId: samplePeerId(port) }))
  const { peers } = await announceTo(store, sampleAnnounce({ address: address('10.0.0.2') }))
  expect(endpoints(peers)).toEqual(['10.0.0.1:2', '10.0.0.1:22'])
})

/** Announces a number of torrents from an address. Returns how many are refused. */
async function bring(
  store: RedisPeerStore,
  from: number,
  to: number,
  source = '10.0.0.1',
): Promise<number> {
  const announces = Array.from({ length: to - from }, async (_, index) =>
    announceTo(
      store,
      sampleAnnounce({ infoHash: sampleInfoHash(from + index), address: address(source) }),
    ),
  )
  const outcomes = await Promise.allSettled(announces)
  const refused = outcomes.filter((outcome) => outcome.status === 'rejected')
  for (const { reason } of refused)
    expect(String(reason)).toBe('ClientError: too many new torrents')
  return refused.length
}

test('new torrents use up the allowance of their source, known ones do not', async () => {
  const store = await shared.startStore({ newSwarmsPerSource: { perMinute: 1, burst: 50 } })
  expect(await bring(store, 0, 40)).toBe(0)
  expect(await bring(store, 0, 40)).toBe(0)
  expect(await bring(store, 40, 100)).toBe(50)
  expect(await bring(store, 0, 50)).toBe(0)
  expect(await bring(store, 100, 150, '10.0.0.2')).toBe(0)
  // Torrents of other sources are known, in both families.
  expect(await bring(store, 100, 150)).toBe(0)
  expect(await bring(store, 150, 200, '2001:db8::1')).toBe(0)
  expect(await bring(store, 150, 200)).toBe(0)
  expect(await bring(store, 200, 201, '2001:db8::ff:1')).toBe(1)
  const { swarms } = await (async () => {
    await store.sweep()
    return store.stats()
  })()
  expect(swarms).toBe(150)
})

test('leaving and looking need no allowance, which does not change counters', async () => {
  const store = await shared.startStore({
    newSwarmsPerSource: { perMinute: 1 },
    storePeerIds: false,
  })
  const first = sampleAnnounce({ transition: 'completed', key: 7 })
  expect(await announceTo(store, first)).toMatchObject({
    complete: 1,
    incomplete: 0,
    downloaded: 1,
  })
  for (const transition of ['stopped', 'unchanged'] as const) {
    const view = await announceTo(
      store,
      sampleAnnounce({ infoHash: sampleInfoHash(2), transition }),
    )
    expect(view).toMatchObject({ complete: 0, incomplete: 0 })
  }
  expect(await store.readiness()).toBe(true)
  await expect(announceTo(store, sampleAnnounce({ infoHash: sampleInfoHash(2) }))).rejects.toThrow(
    'too many new torrents',
  )
})

test('an allowance is restored over time, and a source with a full one is forgotten', () => {
  let now = 0
  const limit = new NewSwarmLimit({ perMinute: 60, burst: 3 }, () => now)
  const take = (count: number, source: string): number => {
    return Array.from({ length: count }, () => limit.take(address(source))).filter(Boolean).length
  }
  expect(take(10, '10.0.0.1')).toBe(3)
  now += 2000
  expect(take(10, '10.0.0.1')).toBe(2)
  limit.giveBack(address('10.0.0.1'))
  expect(take(10, '10.0.0.1')).toBe(1)
  now += 3000
  expect(take(10, '10.0.0.1')).toBe(3)
  expect(take(10, '2001:db8:0:1ff::1')).toBe(3)
  expect(take(10, '2001:db8:0:100::2')).toBe(0)
  expect(take(10, '2001:db8:0:200::1')).toBe(3)
})
