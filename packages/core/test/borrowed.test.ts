import type { Announce } from '@chihaya/core'
import {
  address,
  announceBorrowed,
  announceTo,
  sampleAnnounce,
  samplePeerId,
} from '@chihaya/core/testing'
import { describe, expect, test } from 'vitest'
import { setUpTracker } from './setup.ts'

const OVER = 'a hook that reads it after the reply has to call keep() before'

describe('a hook that holds on to an announce', () => {
  test.each(['infoHash', 'peerId', 'left', 'uploaded', 'downloaded', 'params'] as const)(
    'gets an error when it reads its %s after the reply',
    async (field) => {
      const { tracker } = setUpTracker()
      let held: Announce | undefined
      tracker.addHook('preAnnounce', (announce) => void (held = announce))
      await announceBorrowed(tracker)
      expect(() => held?.[field]).toThrow(OVER)
      expect(() => held?.copyIds(new Uint32Array(5), new Uint32Array(5))).toThrow(OVER)
    },
  )

  test('never reads data of another client', async () => {
    const { tracker } = setUpTracker()
    const held: Announce[] = []
    tracker.addHook('preAnnounce', (announce) => void held.push(announce))
    await announceBorrowed(tracker, { address: address('192.0.2.1') })
    expect(held[0]?.address).toEqual(Uint8Array.of(255, 255, 255, 255))
  })

  test('may read it at any time if it kept it', async () => {
    const { tracker } = setUpTracker()
    let held: Announce | undefined
    tracker.addHook('preAnnounce', (announce) => void (held = announce.keep()))
    await announceBorrowed(tracker, { peerId: samplePeerId(5), address: address('192.0.2.1') })
    expect(held).toMatchObject({ peerId: samplePeerId(5), address: address('192.0.2.1') })
  })

  test('may read on while its promise is pending', async () => {
    const { tracker } = setUpTracker()
    const read: string[] = []
    tracker.addHook('preAnnounce', async (announce) => {
      await new Promise(setImmediate)
      read.push(announce.peerId)
    })
    await announceBorrowed(tracker, { peerId: samplePeerId(5) })
    expect(read).toEqual([samplePeerId(5)])
  })

  test('after the reply may read its arguments', async () => {
    const { tracker } = setUpTracker()
    const read: string[] = []
    tracker.addHook('postAnnounce', (announce) => void read.push(announce.peerId))
    await announceBorrowed(tracker, { peerId: samplePeerId(5) })
    await tracker.drain()
    expect(read).toEqual([samplePeerId(5)])
  })
})

describe('the owner that a hook sets', () => {
  test('is that of one announce, and never of the next one', async () => {
    const { tracker } = setUpTracker()
    const owners: number[] = []
    let owner = 7
    tracker.addHook('preAnnounce', (announce) => {
      owners.push(announce.owner)
      announce.owner = owner
    })
    const announce = sampleAnnounce()
    await announceTo(tracker, announce)
    expect(announce.owner).toBe(7)
    owner = 0
    await announceTo(tracker, announce)
    expect([...owners, announce.owner]).toEqual([0, 0, 0])
  })

  test('keeps its peers to itself, even when the swarm has nobody else', async () => {
    const { tracker } = setUpTracker()
    tracker.addHook('preAnnounce', (announce) => void (announce.owner = 7))
    const alone = await announceTo(tracker, sampleAnnounce())
    expect(alone.peers.count).toBe(0)
    const other = sampleAnnounce({ port: 2000, peerId: samplePeerId(2) })
    expect((await announceTo(tracker, other)).peers.count).toBe(0)
  })
})
