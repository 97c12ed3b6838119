import { Tracker } from '@chihaya/core'
import {
  address,
  announceTo,
  endpoints,
  sampleAnnounce,
  sampleInfoHash,
  samplePeerId,
  scrapeFrom,
  type AnnounceChanges,
} from '@chihaya/core/testing'
import { MemoryPeerStore, type MemoryStorageOptions } from '@chihaya/storage-memory'
import { describe, expect, test } from 'vitest'

const storeWith = (options: MemoryStorageOptions): MemoryPeerStore =>
  new MemoryPeerStore(options, () => 0)

const browser = (handle: number, changes: AnnounceChanges = {}): AnnounceChanges => ({
  handle,
  port: 0,
  peerId: samplePeerId(handle),
  ...changes,
})

describe('WebRTC peers', () => {
  test('are counted separately when IPv4 and IPv6 are one swarm', () => {
    const store = storeWith({ storeWebrtcPeers: true, families: 'unified' })
    const client = { key: 7, peerId: samplePeerId(1) }
    announceTo(store, sampleAnnounce({ ...client, transition: 'completed' }))
    announceTo(store, sampleAnnounce({ ...client, address: address('2001:db8::1') }))
    const answer = announceTo(
      store,
      sampleAnnounce({ ...client, handle: 9, port: 0, transition: 'completed' }),
    )
    // The same client has completed before.
    expect(answer).toMatchObject({ complete: 1, incomplete: 0, downloaded: 1 })
    expect([answer.peers.count, answer.otherPeers?.count ?? 0]).toEqual([0, 0])
    expect(scrapeFrom(store, [sampleInfoHash(1)])).toMatchObject([{ complete: 1, incomplete: 0 }])
    expect(scrapeFrom(store, [sampleInfoHash(1)], 'webrtc')).toMatchObject([{ complete: 1 }])
  })

  test('have no port to withhold, and no subnet to prefer', () => {
    const options = { withholdPortsBelow: 1024, preferredSubnet: { ipv4: 24 } }
    const store = storeWith({ storeWebrtcPeers: true, ...options })
    for (let handle = 1; handle <= 3; handle++) announceTo(store, sampleAnnounce(browser(handle)))
    const { peers } = announceTo(store, sampleAnnounce(browser(4)))
    expect(peers.count).toBe(3)
    expect(store.stats().swarms).toBe(1)
  })

  test('share the rate of new torrents of their address', () => {
    const newSwarmsPerSource = { perMinute: 1, burst: 2 }
    const store = storeWith({ storeWebrtcPeers: true, newSwarmsPerSource })
    const add = (number: number, changes: AnnounceChanges): unknown =>
      announceTo(
        store,
        sampleAnnounce({ ...browser(number), infoHash: sampleInfoHash(number), ...changes }),
      )
    add(1, {})
    add(2, {})
    expect(() => add(3, {})).toThrow('too many new torrents')
    add(4, { address: address('2001:db8::1') })
    expect(store.stats()).toMatchObject({ swarms: 3, leechers: { ipv4: 0, ipv6: 0, webrtc: 3 } })
  })

  test('leave without an announce of their client when its socket closes', async () => {
    const store = storeWith({ storeWebrtcPeers: true })
    const log = { error: () => undefined, warn: () => undefined }
    const tracker = new Tracker({ store, log })
    const announce = sampleAnnounce(browser(5))
    await announceTo(tracker, announce)
    expect(store.stats().swarms).toBe(1)
    announce.event = 'stopped'
    await tracker.leave(announce)
    expect(store.stats().swarms).toBe(0)
  })
})

describe('owners', () => {
  test.each<[string, MemoryStorageOptions]>([
    ['a preferred subnet', { preferredSubnet: { ipv4: 24, outsideShare: 0.5 } }],
    ['families joined', { families: 'unified' }],
    ['a limit for each source', { maxPeersPerSource: 255 }],
  ])('are given no peers of their own with %s', (_what, options) => {
    const store = storeWith({ storeOwners: true, ...options })
    for (const text of ['10.0.0.1', '10.0.1.1', '2001:db8::1'])
      for (const owner of [1, 2]) {
        const peerId = samplePeerId(owner)
        const port = 1000 + owner
        announceTo(store, sampleAnnounce({ address: address(text), port, peerId, owner }))
      }
    const asked = { address: address('10.0.0.9'), peerId: samplePeerId(9), owner: 1 }
    const answer = announceTo(store, sampleAnnounce(asked))
    const given = [answer.peers, answer.otherPeers].flatMap((list) => (list ? endpoints(list) : []))
    expect(given.length).toBeGreaterThanOrEqual(2)
    expect(given.filter((endpoint) => !endpoint.endsWith(':1002'))).toEqual([])
  })
})
