import { readCompactPeers } from '@chihaya/bittorrent'
import {
  address,
  announceTo,
  endpoints,
  sampleAnnounce,
  sampleInfoHash,
  samplePeerId,
  scrapeFrom,
} from '@chihaya/core/testing'
import { MemoryPeerStore } from '@chihaya/storage-memory'
import { describe, expect, test } from 'vitest'

describe('a store that is full', () => {
  test('refuses new infohashes and serves those it knows', () => {
    const store = new MemoryPeerStore({ maxSwarms: 2 })
    for (const number of [1, 2])
      announceTo(store, sampleAnnounce({ infoHash: sampleInfoHash(number) }))
    expect(() => announceTo(store, sampleAnnounce({ infoHash: sampleInfoHash(3) }))).toThrow(
      'tracker is full: no new torrents',
    )
    expect(
      announceTo(store, sampleAnnounce({ infoHash: sampleInfoHash(2), port: 7000 })).incomplete,
    ).toBe(2)
    announceTo(store, sampleAnnounce({ transition: 'stopped' }))
    expect(announceTo(store, sampleAnnounce({ infoHash: sampleInfoHash(3) })).incomplete).toBe(1)
  })

  test('refuses new peers and serves those it knows', () => {
    const store = new MemoryPeerStore({ maxPeers: 2 })
    for (const port of [1001, 1002]) announceTo(store, sampleAnnounce({ port }))
    expect(() => announceTo(store, sampleAnnounce({ port: 1003 }))).toThrow(
      'tracker is full: no new peers',
    )
    expect(() => announceTo(store, sampleAnnounce({ infoHash: sampleInfoHash(2) }))).toThrow(
      'tracker is full: no new peers',
    )
    expect(
      announceTo(store, sampleAnnounce({ port: 1002, transition: 'completed' })),
    ).toMatchObject({
      complete: 1,
      downloaded: 1,
    })
    expect(store.stats().swarms).toBe(1)
  })

  test('answers the peers that a full swarm has no room for, and does not keep them', () => {
    const store = new MemoryPeerStore({ maxPeersPerSwarm: 2 })
    for (const port of [1001, 1002])
      announceTo(store, sampleAnnounce({ port, peerId: samplePeerId(port) }))
    const view = announceTo(store, sampleAnnounce({ address: address('10.0.0.2') }))
    expect([view.incomplete, endpoints(view.peers)]).toEqual([
      2,
      ['10.0.0.1:1001', '10.0.0.1:1002'],
    ])
  })
})

describe('a limit on the peers of one source', () => {
  const store = (options = {}): { store: MemoryPeerStore; tick: () => void } => {
    let clock = 0
    return {
      store: new MemoryPeerStore({ maxPeersPerSource: 8, ...options }, () => clock),
      tick: () => void (clock += 1000),
    }
  }

  test('drops the oldest, whatever its port', () => {
    const { store: limited, tick } = store()
    for (let port = 1001; port <= 11_000; port++) {
      const transition = port % 3 === 0 ? 'seeder' : 'leecher'
      const { complete, incomplete } = announceTo(
        limited,
        sampleAnnounce({ port, peerId: samplePeerId(port), transition, numWant: 0 }),
      )
      expect(complete + incomplete).toBe(Math.min(port - 1000, 8))
      if (port > 10_980) tick()
    }
    const { leechers, seeders } = limited.stats()
    expect(leechers.ipv4 + seeders.ipv4).toBe(8)
    // The newest eight are left: none of the others counts when it stops.
    for (let port = 10_993; port <= 11_000; port++)
      announceTo(limited, sampleAnnounce({ port, transition: 'stopped' }))
    expect(limited.stats().swarms).toBe(0)
  })

  test('treats each IPv6 /64 as one source', () => {
    const { store: limited } = store()
    for (let host = 1; host <= 100; host++) {
      announceTo(limited, sampleAnnounce({ address: address(`2001:db8::${host.toString(16)}`) }))
      announceTo(
        limited,
        sampleAnnounce({ address: address(`2001:db8:0:1::${host.toString(16)}`) }),
      )
    }
    expect(limited.stats().leechers.ipv6).toBe(16)
  })

  test('puts at most two peers of a source into an answer', () => {
    const { store: limited } = store()
    for (let host = 1; host <= 5; host++) {
      for (let port = 1001; port <= 1008; port++) {
        announceTo(
          limited,
          sampleAnnounce({ address: address(`10.0.0.${host}`), port, peerId: samplePeerId(port) }),
        )
      }
    }
    const { peers } = announceTo(limited, sampleAnnounce({ address: address('10.0.9.9') }))
    const sources = readCompactPeers(peers.endpoints, 'ipv4').map((peer) => peer.address.join('.'))
    expect(sources.length).toBe(10)
    for (const source of sources) expect(sources.filter((other) => other === source).length).toBe(2)
  })

  test('is off by default', () => {
    const unlimited = new MemoryPeerStore()
    for (let port = 1001; port <= 3000; port++)
      announceTo(unlimited, sampleAnnounce({ port, numWant: 0 }))
    expect(unlimited.stats().leechers.ipv4).toBe(2000)
  })
})

describe('a remembered swarm', () => {
  test('keeps its downloads after its last peer has gone, and when a peer comes back', () => {
    const store = new MemoryPeerStore()
    announceTo(store, sampleAnnounce({ transition: 'completed' }))
    expect(announceTo(store, sampleAnnounce({ transition: 'stopped' }))).toMatchObject({
      complete: 0,
      incomplete: 0,
      downloaded: 1,
    })
    expect(store.stats().swarms).toBe(0)
    expect(scrapeFrom(store, [sampleInfoHash(1)], 'ipv6')[0]).toEqual({
      complete: 0,
      incomplete: 0,
      downloaders: 0,
      downloaded: 1,
    })
    expect(announceTo(store, sampleAnnounce())).toMatchObject({
      complete: 0,
      incomplete: 1,
      downloaded: 1,
    })
  })

  test('is forgotten before newer ones', () => {
    const store = new MemoryPeerStore({ rememberedSwarms: 2 })
    for (const number of [1, 2, 3]) {
      const infoHash = sampleInfoHash(number)
      announceTo(store, sampleAnnounce({ infoHash, transition: 'completed' }))
      announceTo(store, sampleAnnounce({ infoHash, transition: 'stopped' }))
    }
    const downloaded = (): number[] =>
      scrapeFrom(store, [1, 2, 3].map(sampleInfoHash), 'ipv4').map((entry) => entry.downloaded)
    expect(downloaded()).toEqual([0, 1, 1])
    // One that lives again is not among them, and does not push another out.
    announceTo(store, sampleAnnounce({ infoHash: sampleInfoHash(2) }))
    announceTo(store, sampleAnnounce({ infoHash: sampleInfoHash(4), transition: 'completed' }))
    announceTo(store, sampleAnnounce({ infoHash: sampleInfoHash(4), transition: 'stopped' }))
    expect(downloaded()).toEqual([0, 1, 1])
  })

  test('does not exist if nothing is to be remembered', () => {
    const store = new MemoryPeerStore({ rememberedSwarms: 0 })
    announceTo(store, sampleAnnounce({ transition: 'completed' }))
    announceTo(store, sampleAnnounce({ transition: 'stopped' }))
    expect(scrapeFrom(store, [sampleInfoHash(1)], 'ipv4')[0]?.downloaded).toBe(0)
  })
})

describe('withheld ports', () => {
  const given = (options: object): string[] => {
    const store = new MemoryPeerStore(options)
    for (const from of ['10.0.0.1', '2600::1']) {
      for (const port of [1, 22, 1023, 1024, 65_535]) {
        announceTo(
          store,
          sampleAnnounce({ address: address(from), port, peerId: samplePeerId(port) }),
        )
      }
    }
    expect(store.stats().leechers).toEqual({ ipv4: 5, ipv6: 5 })
    return ['10.0.0.2', '2600::2'].flatMap((from) =>
      [false, true].flatMap((wantsPeerIds) =>
        endpoints(
          announceTo(store, sampleAnnounce({ address: address(from), wantsPeerIds })).peers,
        ),
      ),
    )
  }
  const all = (ports: number[]): string[] =>
    ['10.0.0.1', '2600::1'].flatMap((from) => {
      const endpointsOfOne = ports.map((port) => `${from}:${port}`).sort()
      return [...endpointsOfOne, ...endpointsOfOne]
    })

  test('are those below the limit, and their peers are counted', () => {
    expect(given({ withholdPortsBelow: 1024 })).toEqual(all([1024, 65_535]))
    expect(given({ withholdPortsBelow: 65_536 })).toEqual([])
  })

  test('are only port 1 by default', () => {
    for (const options of [{}, { withholdPortsBelow: 0 }, { withholdPortsBelow: 1 }]) {
      expect(given(options)).toEqual(all([22, 1023, 1024, 65_535]))
    }
  })
})
