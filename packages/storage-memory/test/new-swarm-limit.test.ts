import type { Address } from '@chihaya/bittorrent'
import {
  address,
  announceTo,
  changedAnnounce,
  sampleAnnounce,
  sampleInfoHash,
} from '@chihaya/core/testing'
import { MemoryPeerStore, type NewSwarmRate } from '@chihaya/storage-memory'
import { describe, expect, test } from 'vitest'

const HOST = address('203.0.113.9')

/** A store whose announces are of a torrent each, numbered from 0. */
class Torrents {
  clock = 0
  #next = 0
  readonly store: MemoryPeerStore

  constructor(newSwarmsPerSource: NewSwarmRate | undefined) {
    this.store = new MemoryPeerStore({ newSwarmsPerSource }, () => this.clock)
  }

  /** How many of `count` new torrents of an address are taken. */
  bring(from: Address, count: number): number {
    let taken = 0
    for (let torrent = 0; torrent < count; torrent++) {
      try {
        announceTo(
          this.store,
          sampleAnnounce({ address: from, infoHash: sampleInfoHash(this.#next++), numWant: 0 }),
        )
        taken++
      } catch (error) {
        expect(String(error)).toContain('too many new torrents')
      }
    }
    return taken
  }
}

describe('a rate of new torrents', () => {
  test('allows a burst, and then the rate', () => {
    const torrents = new Torrents({ perMinute: 300, burst: 5000 })
    expect(torrents.bring(HOST, 6000)).toBe(5000)
    torrents.clock += 60_000
    expect(torrents.bring(HOST, 6000)).toBe(300)
    torrents.clock += 1000
    expect(torrents.bring(HOST, 6000)).toBe(5)
    torrents.clock += 24 * 3_600_000
    expect(torrents.bring(HOST, 6000)).toBe(5000)
  })

  test('allows a burst of one minute by default, and rates below one per hour', () => {
    expect(new Torrents({ perMinute: 60 }).bring(HOST, 100)).toBe(60)
    const slow = new Torrents({ perMinute: 0.01, burst: 1 })
    expect(slow.bring(HOST, 3)).toBe(1)
    slow.clock += 99 * 60_000
    expect(slow.bring(HOST, 3)).toBe(0)
    slow.clock += 60_000
    expect(slow.bring(HOST, 3)).toBe(1)
  })

  test('applies to each IPv4 address and each IPv6 /56', () => {
    const torrents = new Torrents({ perMinute: 10 })
    expect([torrents.bring(HOST, 20), torrents.bring(address('203.0.113.10'), 20)]).toEqual([
      10, 10,
    ])
    expect([
      torrents.bring(address('2001:db8::1'), 8),
      torrents.bring(address('2001:db8:0:ff::1'), 8),
    ]).toEqual([8, 2])
    expect(torrents.bring(address('2001:db8:0:100::1'), 20)).toBe(10)
  })

  test('does not apply to known torrents or to peers that stop', () => {
    const torrents = new Torrents({ perMinute: 1 })
    expect(torrents.bring(HOST, 2)).toBe(1)
    const announce = sampleAnnounce({ address: HOST, infoHash: sampleInfoHash(0) })
    for (let port = 1001; port <= 1100; port++)
      announceTo(torrents.store, changedAnnounce(announce, { port }))
    for (const transition of ['stopped', 'unchanged'] as const) {
      announceTo(
        torrents.store,
        changedAnnounce(announce, { infoHash: sampleInfoHash(500), transition }),
      )
    }
    expect(torrents.store.stats()).toMatchObject({ swarms: 1, leechers: { ipv4: 101 } })
  })

  test('is off by default', () => {
    expect(new Torrents(undefined).bring(HOST, 20_000)).toBe(20_000)
  })

  test('takes bounded memory, however many sources there are', () => {
    const torrents = new Torrents({ perMinute: 0.001, burst: 2 })
    for (let number = 0; number < 400_000; number++) {
      const from = Uint8Array.of(20 + (number >> 16), number >> 8, number, 1)
      const announce = sampleAnnounce({
        address: from,
        infoHash: sampleInfoHash(number),
        numWant: 0,
      })
      announceTo(torrents.store, announce)
      announceTo(torrents.store, changedAnnounce(announce, { transition: 'stopped' }))
    }
    expect(torrents.store.bytes).toBeLessThan(16 * 2 ** 20)
  })
})
