import { NO_PEERS, onePeer, type AnnounceRequest } from '@chihaya/bittorrent'
import type { CoreOptions, SwarmView } from '@chihaya/core'
import { address, endpoints, samplePeerId, sampleRequest } from '@chihaya/core/testing'
import { describe, expect, test } from 'vitest'
import { setUpTracker, storeWith } from './setup.ts'

const SEEDING = { left: 0n, seeding: true } as const

describe('a lone announcer', () => {
  test.each<[what: string, changes: Partial<AnnounceRequest>, given: string[]]>([
    ['a leecher', {}, ['10.0.0.1:6881']],
    ['a seeder', SEEDING, ['10.0.0.1:6881']],
    ['a partial seed', { event: 'paused' }, ['10.0.0.1:6881']],
    ['one who has just completed', { event: 'completed' }, ['10.0.0.1:6881']],
    ['one on IPv6', { address: address('2001:db8::1') }, ['2001:db8::1:6881']],
    ['one who wants one peer', { numWant: 1 }, ['10.0.0.1:6881']],
    ['one who wants none', { numWant: 0 }, []],
    ['one who stops', { event: 'stopped' }, []],
    ['one who cannot be reached', { port: 1 }, []],
    ['one without port', { port: 0 }, []],
    ['one on the first port that can be dialled', { port: 2 }, ['10.0.0.1:2']],
  ])('is given itself, if it is of use: %s', async (_what, changes, given) => {
    const { tracker } = setUpTracker()
    expect(endpoints((await tracker.announce(sampleRequest(changes))).peers)).toEqual(given)
    const off = setUpTracker({ returnSelfWhenAlone: false })
    expect(endpoints((await off.tracker.announce(sampleRequest(changes))).peers)).toEqual([])
  })

  test('is counted once', async () => {
    const { tracker } = setUpTracker()
    expect(await tracker.announce(sampleRequest())).toMatchObject({ complete: 0, incomplete: 1 })
    expect(await tracker.announce(sampleRequest(SEEDING))).toMatchObject({ complete: 1, incomplete: 0 })
  })

  test('is named by its peer id when that was asked for', async () => {
    const { tracker } = setUpTracker()
    const { peers } = await tracker.announce(sampleRequest({ wantsPeerIds: true }))
    expect(Buffer.from(peers.peerIds ?? []).toString('latin1')).toBe(samplePeerId(1))
    expect((await tracker.announce(sampleRequest())).peers.peerIds).toBeUndefined()
  })
})

describe('an announcer among others', () => {
  test('is never given itself beside them', async () => {
    const { tracker } = setUpTracker()
    await tracker.announce(sampleRequest({ port: 1001, peerId: samplePeerId(1001) }))
    expect(endpoints((await tracker.announce(sampleRequest())).peers)).toEqual(['10.0.0.1:1001'])
  })

  test.each<[string, CoreOptions, Partial<AnnounceRequest>, Partial<AnnounceRequest>]>([
    ['a seeder among seeders', {}, SEEDING, SEEDING],
    ['a public peer among private ones', {}, {}, { address: address('8.8.8.8') }],
  ])('is given itself when none of them is of use: %s', async (_what, options, other, own) => {
    const { tracker } = setUpTracker(options)
    await tracker.announce(sampleRequest({ port: 1001, peerId: samplePeerId(1001), ...other }))
    const { peers } = await tracker.announce(sampleRequest(own))
    expect(peers).toEqual(onePeer(own.address ?? address('10.0.0.1'), 6881))
  })

  test('is not given itself when there are peers of the other family', async () => {
    const other = onePeer(address('2001:db8::1'), 1001)
    const view: SwarmView = { complete: 0, incomplete: 2, downloaded: 0, peers: NO_PEERS.ipv4, otherPeers: other }
    for (const [otherPeers, given] of [
      [other, []],
      [NO_PEERS.ipv6, ['10.0.0.1:6881']],
    ] as const) {
      const { tracker } = setUpTracker({}, storeWith({ announce: () => ({ ...view, otherPeers }) }))
      const response = await tracker.announce(sampleRequest())
      expect(response.otherPeers).toBe(otherPeers)
      expect(endpoints(response.peers)).toEqual(given)
    }
  })
})
