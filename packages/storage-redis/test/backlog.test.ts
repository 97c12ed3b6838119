import { sampleAnnounce, sampleInfoHash, samplePeerId } from '@chihaya/core/testing'
import { expect, test } from 'vitest'
import { Backlog } from '../src/fallback/backlog.ts'

test('a backlog keeps what Redis needs of each peer, in every network', () => {
  const peers = [
    sampleAnnounce({ port: 1001, key: 7, owner: 3 }),
    sampleAnnounce({ address: Uint8Array.from({ length: 16 }, (_, byte) => 0x20 + byte) }),
    sampleAnnounce({ handle: 0xffff_ffff, port: 0, owner: 0xffff_ffff, transition: 'completed' }),
  ]
  const backlog = new Backlog(100)
  for (const peer of peers) backlog.record(peer)
  const late = backlog.oldest(10).flatMap(({ announces }) => announces)
  expect(late).toHaveLength(3)
  for (const [
    index,
    { infoHash, peerId, address, port, handle, owner, key, transition },
  ] of peers.entries()) {
    const { announce } = late[index] ?? {}
    expect(announce).toMatchObject({ infoHash, peerId, port, handle, owner, key, transition })
    if (handle === 0) expect([...(announce?.address ?? [])]).toEqual([...address])
  }
})

test('a backlog forgets the peers that are evicted, by the rules that apply to them', () => {
  const backlog = new Backlog(100)
  backlog.record(sampleAnnounce({ port: 1001, owner: 3 }))
  backlog.record(sampleAnnounce({ port: 1002, peerId: samplePeerId(9) }))
  backlog.record(sampleAnnounce({ handle: 0x0a00_0001, port: 0 }))
  backlog.record(sampleAnnounce({ infoHash: sampleInfoHash(2) }))
  backlog.evict({ owner: (owner) => owner === 3 || owner === 0 })
  expect(backlog.size).toBe(3)
  backlog.evict({ peerId: (peerId) => peerId === samplePeerId(9) })
  expect(backlog.size).toBe(2)
  backlog.evict({ address: () => true })
  expect(backlog.oldest(9).map(({ announces }) => announces[0]?.announce.handle)).toEqual([
    0x0a00_0001,
  ])
  backlog.evict({ infoHash: () => true })
  expect(backlog.size).toBe(0)
})
