import { isClientError, type Address } from '@chihaya/bittorrent'
import {
  address,
  announceTo,
  endpoints,
  sampleAnnounce,
  sampleInfoHash,
  scrapeFrom,
} from '@chihaya/core/testing'
import { MemoryPeerStore, type MemoryStorageOptions } from '@chihaya/storage-memory'
import { describe, expect, test } from 'vitest'
import { writeEndpoint } from '../src/peers/entry.ts'
import { Sources, SourceShares } from '../src/limits/sources.ts'

/**
 * A store whose secrets are always the same, under which no two networks below have the same
 * number.
 */
function storeWith(options: MemoryStorageOptions): MemoryPeerStore {
  return new MemoryPeerStore(options, undefined, (size) =>
    Uint8Array.from({ length: size }, (_, index) => 17 + index * 89),
  )
}

/** Announces a torrent from an address; whether it was taken. */
function bring(store: MemoryPeerStore, from: Address, number: number, port = 6881): boolean {
  try {
    announceTo(
      store,
      sampleAnnounce({ address: from, infoHash: sampleInfoHash(number), port, numWant: 0 }),
    )
    return true
  } catch (error) {
    if (isClientError(error)) return false
    throw error
  }
}

/** How many of `count` torrents from `first` on the store has peers of. */
function known(
  store: MemoryPeerStore,
  first: number,
  count: number,
  family: 'ipv4' | 'ipv6' = 'ipv4',
): number {
  const infoHashes = Array.from({ length: count }, (_, index) => sampleInfoHash(first + index))
  return scrapeFrom(store, infoHashes, family).filter(
    ({ complete, incomplete }) => complete + incomplete > 0,
  ).length
}

const sources = new Sources(Int32Array.of(0x61c8_864f, 0x7a14_3589, 0x3d4d_51c3, 0x27d4_eb2f))

function sourceOf(from: Address): number {
  const u32 = new Uint32Array(5)
  writeEndpoint(u32, from, 0)
  return sources.of(u32, 0, from.length / 4 + 1)
}

const ARCHIVE = address('198.51.100.7')
const FLOODER = address('203.0.113.9')
/** Torrents of the archive are numbered from 0, those of floods and newcomers from these on. */
const FLOOD = 1_000_000
const NEWCOMER = 2_000_000

/** Addresses of a flood, and the provider they belong to. */
const floods: Array<[name: string, source: (number: number) => Address]> = [
  ['one address', () => FLOODER],
  [
    '1,000 IPv6 /64 of one customer',
    (number) => address(`2001:db8:1:${(number % 1000).toString(16)}::1`),
  ],
  [
    '1,000 IPv6 /64 of as many customers',
    (number) => address(`2001:db8:${(number % 1000).toString(16)}::1`),
  ],
  ['256 neighbouring IPv4 addresses', (number) => Uint8Array.of(203, 0, 113, number % 256)],
]

describe.each(floods)('a flood of torrents from %s', (_name, source) => {
  const flooded = (): MemoryPeerStore => {
    const store = storeWith({ maxSwarms: 2000 })
    for (let number = 0; number < 100; number++) expect(bring(store, ARCHIVE, number)).toBe(true)
    for (let number = 0; number < 5000; number++) bring(store, source(number), FLOOD + number)
    expect(store.stats().swarms).toBe(2000)
    return store
  }

  test('has no newcomer refused, and costs an archive nothing', () => {
    const store = flooded()
    for (let host = 0; host < 500; host++) {
      expect(
        bring(store, Uint8Array.of(20 + (host % 100), host % 256, 7, 1), NEWCOMER + host),
      ).toBe(true)
      bring(store, source(host), FLOOD + 5000 + host)
    }
    expect(store.stats().swarms).toBe(2000)
    expect(known(store, 0, 100)).toBe(100)
    expect(known(store, NEWCOMER, 500)).toBe(500)
  })

  test('outweighs an archive of 100,000 torrents when it fills a store of 5,000,000', () => {
    const shares = new SourceShares()
    shares.add(sourceOf(ARCHIVE), 100_000)
    for (let number = 0; number < 1000; number++) shares.add(sourceOf(source(number)), 4900)
    expect(shares.weight(sourceOf(source(0)))).toBeGreaterThan(
      shares.weight(sourceOf(ARCHIVE)) * 10,
    )
    // Another customer of the same provider, or whoever has the same number.
    shares.add(sourceOf(address('2001:db8:ff00::1')), 50)
    expect(shares.weight(sourceOf(address('2001:db8:ff00::1')))).toBeLessThan(
      shares.weight(sourceOf(source(0))) / 10,
    )
  })

  test('makes room for the archive as well, up to its own share', () => {
    const store = flooded()
    for (let number = 100; number < 130; number++) expect(bring(store, ARCHIVE, number)).toBe(true)
    expect(known(store, 0, 130)).toBe(130)
  })

  test('is answered as before for its own torrents', () => {
    const store = flooded()
    let answered = 0
    for (let number = 0; number < 5000; number++) {
      const family = source(number).length === 4 ? 'ipv4' : 'ipv6'
      if (
        known(store, FLOOD + number, 1, family) > 0 &&
        bring(store, source(number), FLOOD + number)
      )
        answered++
    }
    expect(answered).toBe(1900)
  })
})

test('an archive adds as many torrents as there is room for', () => {
  const store = storeWith({ maxSwarms: 100_000 })
  for (let number = 0; number < 100_000; number++) expect(bring(store, ARCHIVE, number)).toBe(true)
  expect(bring(store, ARCHIVE, 100_000)).toBe(false)
  expect(bring(store, FLOODER, FLOOD)).toBe(true)
  expect([store.stats().swarms, known(store, FLOOD, 1)]).toEqual([100_000, 1])
})

test('a source may add as many torrents again after its own have gone', () => {
  const store = storeWith({ maxSwarms: 100 })
  for (let round = 0; round < 5; round++) {
    for (let number = 0; number < 100; number++) expect(bring(store, FLOODER, number)).toBe(true)
    expect(bring(store, FLOODER, 100)).toBe(false)
    for (let number = 0; number < 100; number++) {
      announceTo(
        store,
        sampleAnnounce({
          address: FLOODER,
          infoHash: sampleInfoHash(number),
          transition: 'stopped',
        }),
      )
    }
    expect(store.stats().swarms).toBe(0)
  }
})

test('a swarm with peers of many sources is dropped after those of a single source', () => {
  const store = storeWith({ maxSwarms: 20 })
  for (let number = 0; number < 20; number++) bring(store, FLOODER, number)
  for (let host = 1; host <= 30; host++) bring(store, Uint8Array.of(20 + host, 0, 0, 1), 7)
  for (let host = 0; host < 10; host++)
    expect(bring(store, Uint8Array.of(60 + host, 0, 0, 1), NEWCOMER + host)).toBe(true)
  expect([known(store, 7, 1), known(store, NEWCOMER, 10), known(store, 0, 20)]).toEqual([1, 10, 10])
})

describe.each(floods)('a flood of peers from %s', (_name, source) => {
  test.each([
    ['one swarm', 1],
    ['a thousand swarms', 1000],
  ])('in %s has no newcomer refused, and costs an archive nothing', (_where, swarms) => {
    const store = storeWith({ maxPeers: 2000 })
    for (let number = 0; number < 60; number++) expect(bring(store, ARCHIVE, number)).toBe(true)
    for (let number = 0; number < 5000; number++) {
      bring(store, source(number), FLOOD + (number % swarms), 1000 + Math.floor(number / swarms))
    }
    for (let host = 0; host < 500; host++) {
      // Into a swarm of the flood, and into one of its own.
      const from = Uint8Array.of(20 + (host % 100), host % 256, 7, 1)
      expect(bring(store, from, FLOOD + (host % swarms))).toBe(true)
      expect(bring(store, from, NEWCOMER + host)).toBe(true)
      bring(store, source(host), FLOOD, 60_000)
    }
    const { seeders, leechers } = store.stats()
    expect(seeders.ipv4 + seeders.ipv6 + leechers.ipv4 + leechers.ipv6).toBe(2000)
    expect(known(store, 0, 60)).toBe(60)
    expect(known(store, NEWCOMER, 500)).toBe(500)
  })
})

test('dropped peers leave the swarms of their subnets, too', () => {
  const store = storeWith({ maxPeers: 200, preferredSubnet: {} })
  for (let port = 1000; port < 1400; port++) bring(store, FLOODER, 1, port)
  for (let host = 0; host < 50; host++)
    expect(bring(store, Uint8Array.of(20 + host, 0, 0, 1), 1)).toBe(true)
  const view = announceTo(
    store,
    sampleAnnounce({ address: address('203.0.113.10'), port: 9, numWant: 400 }),
  )
  expect([view.incomplete, view.peers.endpoints.length / 6]).toEqual([200, 199])
})

describe.each(floods)('a flood of one swarm from %s', (_name, source) => {
  test.each([{}, { maxPeersPerSource: 255 }, { preferredSubnet: {} }])(
    'has no newcomer left out (%o)',
    (options) => {
      const store = storeWith({ maxPeersPerSwarm: 500, ...options })
      for (let number = 0; number < 3000; number++)
        bring(store, source(number), 1, 1000 + Math.floor(number / 1000))
      let stored = 0
      for (let host = 0; host < 100; host++) {
        const before = store.stats().leechers.ipv4
        const from = Uint8Array.of(20 + host, host, 7, 1)
        bring(store, from, 1)
        const { peers } = announceTo(
          store,
          sampleAnnounce({ address: address('9.9.9.9'), transition: 'unchanged', numWant: 600 }),
        )
        if (endpoints(peers).includes(`${from.join('.')}:6881`)) stored++
        expect(store.stats().leechers.ipv4 - before).toBeLessThanOrEqual(1)
        bring(store, source(host), 1, 60_000)
      }
      const { leechers } = store.stats()
      expect(leechers.ipv4 + leechers.ipv6).toBeLessThanOrEqual(500)
      expect(stored).toBe(100)
    },
  )
})

test('a full swarm of many networks admits nobody', () => {
  const store = storeWith({ maxPeersPerSwarm: 200 })
  for (let host = 0; host < 200; host++)
    bring(store, Uint8Array.of(20 + (host % 100), host, 7, 1), 1)
  for (let host = 0; host < 50; host++) bring(store, Uint8Array.of(130 + host, 1, 7, 1), 1)
  for (let host = 0; host < 200; host++) {
    const announce = sampleAnnounce({
      address: Uint8Array.of(20 + (host % 100), host, 7, 1),
      transition: 'stopped',
    })
    expect(announceTo(store, announce).incomplete).toBe(199 - host)
  }
})
