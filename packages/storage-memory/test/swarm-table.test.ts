import { KeyedHash } from '@chihaya/bittorrent'
import { describe, expect, test } from 'vitest'
import { announceTo, sampleAnnounce, sampleInfoHash, scrapeFrom } from '@chihaya/core/testing'
import { MemoryPeerStore } from '@chihaya/storage-memory'
import { TickClock } from '../src/expiry/tick-clock.ts'

describe('a hundred thousand swarms', () => {
  test('are all found while the table grows, and not after they end', () => {
    const store = new MemoryPeerStore()
    const total = 100_000
    for (let number = 0; number < total; number++) {
      announceTo(store, sampleAnnounce({ infoHash: sampleInfoHash(number), numWant: 0 }))
      if (number % 97 === 0)
        expect(scrapeFrom(store, [sampleInfoHash(number >> 1)], 'ipv4')[0]?.incomplete).toBe(1)
    }
    expect(store.stats().swarms).toBe(total)
    const full = store.bytes
    for (let number = 0; number < total; number++) {
      announceTo(store, sampleAnnounce({ infoHash: sampleInfoHash(number), transition: 'stopped' }))
    }
    expect(store.stats().swarms).toBe(0)
    while (!store.expire(1));
    for (let walk = 0; walk < 10; walk++) while (!store.expire(1));
    expect(store.bytes).toBeLessThan(full / 2)
  })

  test('are not created by scrapes, unchanged announces or stops of unknown peers', () => {
    const store = new MemoryPeerStore()
    const { bytes } = store
    for (let number = 0; number < 100_000; number++) {
      const infoHash = sampleInfoHash(number)
      scrapeFrom(store, [infoHash], 'ipv4')
      announceTo(store, sampleAnnounce({ infoHash, transition: 'stopped' }))
      announceTo(store, sampleAnnounce({ infoHash, transition: 'unchanged' }))
    }
    expect([store.stats().swarms, store.bytes]).toEqual([0, bytes])
  })
})

describe('the keyed hash', () => {
  test('spreads infohashes that differ only in their last bits, differently for each key', () => {
    const u32 = new Uint32Array([1, 2, 3, 4, 0])
    const low = (hash: KeyedHash): number[] =>
      Array.from({ length: 4096 }, (_, last) => {
        u32[4] = last << 20
        return hash.of(u32, 0, 5, 0xffff_ffff) & 1023
      })
    const first = low(new KeyedHash(1, 2))
    expect(new Set(first).size).toBeGreaterThan(900)
    const second = low(new KeyedHash(3, 2))
    expect(first.filter((slot, index) => slot === second[index]).length).toBeLessThan(40)
  })
})

describe('ticks', () => {
  test('measure a lifetime to the second, across their wrap and up to weeks', () => {
    for (const [lifetime, tick] of [
      [60_000, 1000],
      [31 * 60_000, 1000],
      [14 * 86_400_000, 300_000],
    ] as const) {
      for (const start of [0, 8_192_000 - 30_000, 1e12]) {
        let now = start
        const clock = new TickClock(() => now, lifetime)
        const mark = clock.mark()
        now = start + lifetime - tick
        expect(clock.isStale(mark, clock.mark())).toBe(false)
        now = start + lifetime + 2 * tick
        expect(clock.isStale(mark, clock.mark())).toBe(true)
      }
    }
  })
})
