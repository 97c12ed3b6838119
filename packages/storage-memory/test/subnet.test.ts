import type { Address } from '@chihaya/bittorrent'
import type { Announce } from '@chihaya/core'
import { address, announceTo, endpoints, sampleAnnounce, samplePeerId } from '@chihaya/core/testing'
import { MemoryPeerStore } from '@chihaya/storage-memory'
import { describe, expect, test } from 'vitest'

/** A store with `hosts` peers in each of the racks 10.0.RACK.0/24. */
function racks(count: number, hosts: number, options: object = {}): MemoryPeerStore {
  const store = new MemoryPeerStore({ preferredSubnet: { ipv4: 24, ipv6: 64 }, ...options })
  for (let rack = 0; rack < count; rack++) {
    for (let host = 1; host <= hosts; host++)
      announceTo(store, member(Uint8Array.of(10, 0, rack, host)))
  }
  return store
}

function member(from: Address, changes: Partial<Announce> = {}): Announce {
  return sampleAnnounce({
    address: from,
    peerId: samplePeerId(from[3] ?? 0),
    numWant: 0,
    ...changes,
  })
}

/** How many of the peers given to a host of rack 3 are of its rack, and how many are not. */
function ask(store: MemoryPeerStore, changes: Partial<Announce> = {}): [near: number, far: number] {
  const { peers } = announceTo(
    store,
    member(Uint8Array.of(10, 0, 3, 200), { numWant: 50, ...changes }),
  )
  const given = endpoints(peers)
  expect(new Set(given).size).toBe(given.length)
  expect(given).not.toContain('10.0.3.200:6881')
  const near = given.filter((endpoint) => endpoint.startsWith('10.0.3.')).length
  return [near, given.length - near]
}

describe('a preferred subnet', () => {
  test('fills the answer with its peers, except for the share of others', () => {
    expect(ask(racks(10, 100))).toEqual([45, 5])
    expect(ask(racks(10, 100, { preferredSubnet: { outsideShare: 0.5 } }))).toEqual([25, 25])
    expect(ask(racks(10, 100, { preferredSubnet: { outsideShare: 0 } }))).toEqual([50, 0])
  })

  test('takes the rest from elsewhere when it has too few', () => {
    expect(ask(racks(10, 20))).toEqual([20, 30])
  })

  test('starves neither a lone subnet nor a peer that is alone in its subnet', () => {
    const alone = new MemoryPeerStore({ preferredSubnet: {} })
    for (let host = 1; host <= 80; host++) announceTo(alone, member(Uint8Array.of(10, 0, 3, host)))
    expect(ask(alone)).toEqual([50, 0])
    expect(ask(racks(3, 100))).toEqual([0, 50])
  })

  test('applies to seeders as well, and after peers have left', () => {
    const store = racks(10, 100)
    expect(ask(store, { transition: 'seeder', leechersOnly: true })).toEqual([45, 5])
    for (let host = 1; host <= 90; host++)
      announceTo(store, member(Uint8Array.of(10, 0, 3, host), { transition: 'stopped' }))
    expect(ask(store)).toEqual([10, 40])
  })

  test('pairs peer ids with their peers', () => {
    const { peers } = announceTo(
      racks(10, 100),
      member(Uint8Array.of(10, 0, 3, 200), { numWant: 50, wantsPeerIds: true }),
    )
    expect(peers.endpoints.length).toBe(300)
    for (let index = 0; index < 50; index++) {
      const id = Buffer.from(peers.peerIds?.subarray(index * 20, index * 20 + 20) ?? []).toString(
        'latin1',
      )
      expect(id).toBe(samplePeerId(peers.endpoints[index * 6 + 3] ?? 0))
    }
  })

  test('works for IPv6', () => {
    const store = new MemoryPeerStore({ preferredSubnet: { ipv6: 64, outsideShare: 0 } })
    for (let host = 1; host <= 60; host++) {
      for (const net of [1, 2])
        announceTo(
          store,
          sampleAnnounce({ address: address(`2600:0:0:${net}::${host.toString(16)}`) }),
        )
    }
    const { peers } = announceTo(
      store,
      sampleAnnounce({ address: address('2600:0:0:2::fff'), numWant: 50, port: 1 + 6881 }),
    )
    expect(endpoints(peers).filter((endpoint) => endpoint.startsWith('2600:0:0:2:')).length).toBe(
      50,
    )
  })

  test('counts nothing twice, and expires with its swarm', () => {
    let clock = 0
    const store = new MemoryPeerStore(
      { preferredSubnet: {}, peerLifetime: '1m', maxPeers: 100 },
      () => clock,
    )
    for (let host = 1; host <= 100; host++)
      announceTo(store, member(Uint8Array.of(10, 0, host % 4, host)))
    expect(store.stats()).toEqual({
      swarms: 1,
      seeders: { ipv4: 0, ipv6: 0 },
      leechers: { ipv4: 100, ipv6: 0 },
    })
    clock = 70_000
    while (!store.expire(1));
    expect(store.stats().swarms).toBe(0)
    expect(
      announceTo(store, member(Uint8Array.of(10, 0, 3, 200), { numWant: 50 })).peers.endpoints
        .length,
    ).toBe(0)
  })
})
