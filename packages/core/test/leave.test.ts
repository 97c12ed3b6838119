import { ClientError } from '@chihaya/bittorrent'
import type { Announce } from '@chihaya/core'
import { announceTo, sampleAnnounce, samplePeerId, scrapeFrom } from '@chihaya/core/testing'
import { describe, expect, test } from 'vitest'
import { asyncStore } from './async-store.ts'
import { modelStore, setUpTracker, storeWith } from './setup.ts'

describe('a peer that a frontend removes', () => {
  test.each([
    ['at once', modelStore()],
    ['after a promise', asyncStore(modelStore())],
  ])('leaves %s and without asking the hooks that refuse', async (_when, store) => {
    const { tracker } = setUpTracker({}, store)
    let refuses = false
    const left: Announce[] = []
    tracker.addHook('preAnnounce', () => {
      if (refuses) throw new ClientError('unknown token')
    })
    tracker.addHook('postAnnounce', (announce) => void left.push(announce))
    await announceTo(tracker, sampleAnnounce({ left: 0n }))
    await announceTo(tracker, sampleAnnounce({ port: 2000, peerId: samplePeerId(2) }))
    refuses = true
    await tracker.leave(sampleAnnounce({ event: 'stopped', left: 0n }))
    await tracker.drain()
    expect(await scrapeFrom(store, [sampleAnnounce().infoHash])).toMatchObject([
      { complete: 0, incomplete: 1 },
    ])
    expect(left.map(({ event, transition }) => [event, transition])).toEqual([
      ['none', 'seeder'],
      ['none', 'leecher'],
      ['stopped', 'stopped'],
    ])
  })
})

describe('a WebRTC peer', () => {
  const browser = { handle: 9, port: 0 } as const

  test('is refused by a store without WebRTC peers', () => {
    const { tracker } = setUpTracker()
    expect(() => announceTo(tracker, sampleAnnounce(browser))).toThrow(
      'the store keeps no WebRTC peers',
    )
  })

  test('is stored without a port, is not returned to itself, and is not withheld', async () => {
    const told: Announce[] = []
    const store = storeWith({
      keepsWebRtcPeers: true,
      announce: (announce) => void told.push(announce),
    })
    const { tracker } = setUpTracker({}, store)
    const address = Uint8Array.of(8, 8, 8, 8)
    const { peers } = await announceTo(tracker, sampleAnnounce({ ...browser, address }))
    expect(peers.count).toBe(0)
    expect(told).toMatchObject([{ handle: 9, transition: 'leecher', publicOnly: false }])
  })
})
