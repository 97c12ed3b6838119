import { PeerList, type CoreOptions } from '@chihaya/core'
import {
  address,
  announceTo,
  endpoints,
  sampleAnnounce,
  samplePeerId,
  type AnnounceChanges,
} from '@chihaya/core/testing'
import { describe, expect, test } from 'vitest'
import { setUpTracker, storeWith } from './setup.ts'

const SEEDING = { left: 0n, seeding: true } as const

describe('a lone announcer', () => {
  test.each<[what: string, changes: AnnounceChanges, given: string[]]>([
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
  ])('is returned to itself if it can be dialled: %s', async (_what, changes, given) => {
    const { tracker } = setUpTracker()
    expect(endpoints((await announceTo(tracker, sampleAnnounce(changes))).peers)).toEqual(given)
    const off = setUpTracker({ returnSelfWhenAlone: false })
    expect(endpoints((await announceTo(off.tracker, sampleAnnounce(changes))).peers)).toEqual([])
  })

  test('is counted once', async () => {
    const { tracker } = setUpTracker()
    expect(await announceTo(tracker, sampleAnnounce())).toMatchObject({
      complete: 0,
      incomplete: 1,
    })
    expect(await announceTo(tracker, sampleAnnounce(SEEDING))).toMatchObject({
      complete: 1,
      incomplete: 0,
    })
  })

  test('has its peer id if requested', async () => {
    const { tracker } = setUpTracker()
    const { peers } = await announceTo(tracker, sampleAnnounce({ wantsPeerIds: true }))
    expect(Buffer.from(peers.peerIds ?? []).toString('latin1')).toBe(samplePeerId(1))
    expect((await announceTo(tracker, sampleAnnounce())).peers.peerIds).toBeUndefined()
  })
})

describe('an announcer among others', () => {
  test('is never returned to itself', async () => {
    const { tracker } = setUpTracker()
    await announceTo(tracker, sampleAnnounce({ port: 1001, peerId: samplePeerId(1001) }))
    expect(endpoints((await announceTo(tracker, sampleAnnounce())).peers)).toEqual([
      '10.0.0.1:1001',
    ])
  })

  test.each<[string, CoreOptions, AnnounceChanges, AnnounceChanges]>([
    ['a seeder among seeders', {}, SEEDING, SEEDING],
    ['a public peer among private ones', {}, {}, { address: address('8.8.8.8') }],
  ])('is returned to itself if none of them fits: %s', async (_what, options, other, own) => {
    const { tracker } = setUpTracker(options)
    await announceTo(tracker, sampleAnnounce({ port: 1001, peerId: samplePeerId(1001), ...other }))
    const { peers } = await announceTo(tracker, sampleAnnounce(own))
    expect(endpoints(peers)).toEqual([own.address === undefined ? '10.0.0.1:6881' : '8.8.8.8:6881'])
  })

  test('is not returned to itself if there are peers of the other family', async () => {
    for (const [others, given] of [
      [1, []],
      [0, ['10.0.0.1:6881']],
    ] as const) {
      const store = storeWith({
        announce: (_announce, answer) => {
          answer.otherPeers = new PeerList()
          answer.otherPeers.reserve('ipv6', 1, false)
          if (others > 0) answer.otherPeers.add(address('2001:db8::1'), 1001)
        },
      })
      const answer = await announceTo(setUpTracker({}, store).tracker, sampleAnnounce())
      expect([answer.otherPeers?.count, endpoints(answer.peers)]).toEqual([others, given])
    }
  })
})
