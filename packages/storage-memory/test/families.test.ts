import {
  address,
  announceTo,
  changedAnnounce,
  endpoints,
  sampleAnnounce,
  sampleInfoHash,
  samplePeerId,
  scrapeFrom,
} from '@chihaya/core/testing'
import { MemoryPeerStore } from '@chihaya/storage-memory'
import { describe, expect, test } from 'vitest'

const v4 = address('8.8.8.8')
const v6 = address('2600::8')

describe('unified families', () => {
  test('counts both and gives both, the same family first', () => {
    const store = new MemoryPeerStore({ families: 'unified' })
    announceTo(store, sampleAnnounce({ address: v4, transition: 'seeder' }))
    announceTo(store, sampleAnnounce({ address: v6, transition: 'partial' }))
    const view = announceTo(store, sampleAnnounce({ address: address('9.9.9.9'), port: 7000 }))
    expect([view.complete, view.incomplete]).toEqual([1, 2])
    expect([endpoints(view.peers), view.otherPeers && endpoints(view.otherPeers)]).toEqual([
      ['8.8.8.8:6881'],
      ['2600::8:6881'],
    ])
    for (const family of ['ipv4', 'ipv6'] as const) {
      expect(scrapeFrom(store, [sampleInfoHash(1)], family)).toEqual([
        { complete: 1, incomplete: 2, downloaders: 1, downloaded: 0 },
      ])
    }
  })

  test('gives no more peers in total than asked for', () => {
    const store = new MemoryPeerStore({ families: 'unified' })
    for (let port = 1001; port <= 1010; port++) {
      for (const from of [v4, v6])
        announceTo(store, sampleAnnounce({ address: from, port, peerId: samplePeerId(port) }))
    }
    const view = announceTo(store, sampleAnnounce({ address: address('9.9.9.9'), numWant: 13 }))
    expect([
      endpoints(view.peers).length,
      view.otherPeers && endpoints(view.otherPeers).length,
    ]).toEqual([10, 3])
    const few = announceTo(store, sampleAnnounce({ address: address('9.9.9.9'), numWant: 4 }))
    expect([endpoints(few.peers).length, few.otherPeers?.count ?? 0]).toEqual([4, 0])
  })

  test('counts a peer with two addresses once, and gives it to both families', () => {
    const store = new MemoryPeerStore({ families: 'unified' })
    const dual = sampleAnnounce({ address: v4, otherAddress: v6, transition: 'partial' })
    expect(announceTo(store, dual)).toMatchObject({ complete: 0, incomplete: 1 })
    expect(announceTo(store, dual)).toMatchObject({ complete: 0, incomplete: 1 })
    expect(scrapeFrom(store, [sampleInfoHash(1)], 'ipv4')[0]).toMatchObject({
      incomplete: 1,
      downloaders: 0,
    })
    const other = announceTo(store, sampleAnnounce({ address: address('2600::9'), port: 7000 }))
    expect([endpoints(other.peers), other.otherPeers && endpoints(other.otherPeers)]).toEqual([
      ['2600::8:6881'],
      ['8.8.8.8:6881'],
    ])
    expect(announceTo(store, changedAnnounce(dual, { transition: 'completed' }))).toMatchObject({
      complete: 1,
      incomplete: 1,
      downloaded: 1,
    })
    expect(store.stats()).toEqual({
      swarms: 1,
      seeders: { ipv4: 1, ipv6: 0 },
      leechers: { ipv4: 0, ipv6: 1 },
    })
    expect(announceTo(store, changedAnnounce(dual, { transition: 'stopped' }))).toMatchObject({
      complete: 0,
      incomplete: 1,
    })
    expect(
      announceTo(
        store,
        sampleAnnounce({ address: address('2600::9'), port: 7000, transition: 'stopped' }),
      ),
    ).toMatchObject({
      incomplete: 0,
    })
    expect(store.stats().swarms).toBe(0)
  })

  test('forgets both addresses of a peer when it stops', () => {
    const store = new MemoryPeerStore({ families: 'unified' })
    const dual = sampleAnnounce({ address: v4, otherAddress: v6 })
    announceTo(store, dual)
    expect(announceTo(store, changedAnnounce(dual, { transition: 'stopped' }))).toMatchObject({
      complete: 0,
      incomplete: 0,
    })
    expect(store.stats().swarms).toBe(0)
  })

  test('counts a peer once when it announces alternately from both addresses', () => {
    const store = new MemoryPeerStore({ families: 'unified' })
    for (let turn = 0; turn < 4; turn++) {
      const [from, otherAddress] = turn % 2 === 0 ? [v4, v6] : [v6, v4]
      expect(announceTo(store, sampleAnnounce({ address: from, otherAddress }))).toMatchObject({
        complete: 0,
        incomplete: 1,
      })
      const { leechers } = store.stats()
      expect(leechers.ipv4 + leechers.ipv6).toBe(1)
    }
  })
})

test('separate families ignore a second address', () => {
  const store = new MemoryPeerStore()
  announceTo(store, sampleAnnounce({ address: v4, otherAddress: v6 }))
  expect(store.stats().leechers).toEqual({ ipv4: 1, ipv6: 0 })
})
