import type { Address } from '@chihaya/bittorrent'
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
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

const REFUSED = 66

/** The `number`th host of a network that is refused, or of one that is not. */
function host(number: number, refused: boolean): Address {
  return Uint8Array.of(refused ? REFUSED : 20, number >> 16, number >> 8, number)
}

const refuses = { address: (bytes: Address): boolean => bytes[0] === REFUSED }

function enter(store: MemoryPeerStore, torrent: number, from: Address, changes = {}): void {
  announceTo(
    store,
    sampleAnnounce({ infoHash: sampleInfoHash(torrent), address: from, numWant: 0, ...changes }),
  )
}

describe('eviction', () => {
  test('visits all of 200,000 peers in large and small swarms', async () => {
    const store = new MemoryPeerStore()
    for (let number = 0; number < 100_000; number++) {
      for (const refused of [true, false])
        enter(store, number % 3 === 0 ? 0 : number, host(number, refused))
    }
    expect(await store.evict(refuses)).toBe(100_000)
    expect(store.stats().leechers.ipv4).toBe(100_000)
    expect(await store.evict(refuses)).toBe(0)
    expect(await store.evict({ infoHash: (infoHash) => infoHash === sampleInfoHash(0) })).toBe(
      33_334,
    )
    expect(await store.evict({ address: () => true })).toBe(66_666)
    expect(store.stats().swarms).toBe(0)
  })

  test('lets announces be answered in between', async () => {
    const store = new MemoryPeerStore()
    for (let number = 0; number < 20_000; number++) enter(store, number, host(number, true))
    let answers = 0
    let done = false
    const evicted = store.evict({
      address: (bytes) => {
        // A rule that takes its time.
        for (let spin = 0; spin < 20_000; spin++) answers += 0
        return refuses.address(bytes)
      },
    })
    const announceNow = (): void => {
      if (done) return
      announceTo(
        store,
        sampleAnnounce({
          address: host(answers++, false),
          infoHash: sampleInfoHash(-1 - (answers % 9)),
        }),
      )
      setImmediate(announceNow)
    }
    announceNow()
    expect(await evicted).toBe(20_000)
    done = true
    expect(answers).toBeGreaterThan(10)
  })

  test('removes peers from the swarms of their subnets, too', async () => {
    const store = new MemoryPeerStore({ preferredSubnet: { ipv4: 8, outsideShare: 0 } })
    for (let number = 1; number <= 100; number++)
      for (const refused of [true, false]) enter(store, 1, host(number, refused))
    await store.evict(refuses)
    const { peers } = announceTo(store, sampleAnnounce({ address: host(0, true), numWant: 300 }))
    const given = endpoints(peers)
    expect([given.length, given.some((endpoint) => endpoint.startsWith(`${REFUSED}.`))]).toEqual([
      100,
      false,
    ])
    await store.evict({ infoHash: () => true })
    expect(store.stats().swarms).toBe(0)
    expect(
      announceTo(store, sampleAnnounce({ address: host(0, true) })).peers.endpoints.length,
    ).toBe(0)
  })

  test('removes both addresses of a client if both match, counted or not', async () => {
    const store = new MemoryPeerStore({ families: 'unified' })
    enter(store, 1, host(1, true), { otherAddress: address('2600::1') })
    expect(await store.evict({ peerId: (peerId) => peerId === samplePeerId(1) })).toBe(2)
    expect(store.stats().swarms).toBe(0)
  })

  test('ignores peer ids that are not kept', async () => {
    const store = new MemoryPeerStore({ storePeerIds: false })
    enter(store, 1, host(1, true))
    expect(await store.evict({ peerId: () => true })).toBe(0)
  })
})

/**
 * Announces, departures and expiry while the walk goes on: between two rules that are asked, as
 * there is no other place in a slice, and between slices.
 */
test('visits every peer that stays, and removes no peer that does not match', async () => {
  const change = fc.record({ torrent: fc.nat(400), number: fc.nat(300), leaves: fc.boolean() })
  const property = fc.asyncProperty(
    fc.integer({ min: 1, max: 400 }),
    fc.integer({ min: 1, max: 6000 }),
    fc.array(change, { minLength: 50, maxLength: 2000, size: 'max' }),
    async (torrents, peers, changes) => {
      let clock = 0
      const store = new MemoryPeerStore({ peerLifetime: 60_000 }, () => clock)
      for (let number = 0; number < 500; number++) enter(store, 1000 + number, host(number, false))
      clock += 50_000
      for (let number = 0; number < peers; number++) {
        enter(store, number % torrents, host(number, number % 2 === 0), {
          transition: number % 3 === 0 ? 'seeder' : 'leecher',
        })
      }
      // Those who came first are past their lifetime, and their swarms end as the walk goes on.
      clock += 20_000
      const walk = { done: false }
      const evicted = store.evict(refuses).finally(() => {
        walk.done = true
      })
      for (let next = 0; !walk.done; next++) {
        for (const { torrent, number, leaves } of changes.slice(
          (next * 50) % changes.length,
          ((next * 50) % changes.length) + 50,
        )) {
          enter(store, 5000 + torrent + next, host(10_000 + number, false))
          if (leaves)
            enter(store, 5000 + torrent + next - 1, host(10_000 + number, false), {
              transition: 'stopped',
            })
        }
        store.expire(0)
        await new Promise(setImmediate)
      }
      expect(await evicted).toBe(Math.ceil(peers / 2))
      while (!store.expire(1));
      expect(await store.evict(refuses)).toBe(0)
      let left = 0
      for (const { complete, incomplete } of scrapeFrom(
        store,
        Array.from({ length: torrents }, (_, n) => sampleInfoHash(n)),
        'ipv4',
      )) {
        left += complete + incomplete
      }
      expect(left).toBe(Math.floor(peers / 2))
    },
  )
  await fc.assert(property, { numRuns: 20 })
})
