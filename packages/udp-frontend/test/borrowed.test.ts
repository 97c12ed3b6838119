import type { Announce, Answer, Scrape } from '@chihaya/core'
import { endpoints } from '@chihaya/core/testing'
import { describe, expect, test } from 'vitest'
import { announce, INFO_HASH, PEER_ID, scrape } from './datagrams.ts'
import { IPV4, TrackerUnderTest } from './tracker-under-test.ts'

const NEXT = { address: '192.0.2.10', port: 40_000 }

/** Announces a peer, then one of another client in another swarm, over the same buffers. */
async function announceTwice(tracker: TrackerUnderTest): Promise<void> {
  await tracker.send(announce(await tracker.connect(), { left: 5n, port: 7000 }))
  const fields = {
    infoHash: Buffer.alloc(20, 9),
    peerId: Buffer.alloc(20, 8),
    left: 0n,
    port: 7001,
  }
  await tracker.send(announce(await tracker.connect(NEXT), fields), NEXT)
}

describe('a hook that stores its announce', () => {
  test('cannot read it after the reply, and never reads another client', async () => {
    const held: Array<{ shown: Announce; answer: Answer }> = []
    const preAnnounce = (shown: Announce, answer: Answer): void => void held.push({ shown, answer })
    await announceTwice(new TrackerUnderTest({ hooks: { preAnnounce } }))
    const [first] = held
    for (const read of [
      'infoHash',
      'peerId',
      'left',
      'uploaded',
      'downloaded',
      'params',
    ] as const) {
      expect(() => first?.shown[read]).toThrow('the announce is over')
    }
    expect([first?.shown.port, first?.answer.peers.count]).toEqual([7000, 0])
  })

  test('can read it at any time if it keeps it', async () => {
    const held: Announce[] = []
    const answers: Answer[] = []
    const hooks = {
      preAnnounce: (shown: Announce) => void held.push(shown.keep()),
      onAnnounce: (_shown: Announce, answer: Answer) => void answers.push(answer.keep()),
    }
    await announceTwice(new TrackerUnderTest({ hooks }))
    const [first, second] = held
    expect([first?.infoHash, first?.peerId]).toEqual([
      INFO_HASH.toString('latin1'),
      PEER_ID.toString('latin1'),
    ])
    expect([first?.left, first?.port, [...(first?.address ?? [])]]).toEqual([
      5n,
      7000,
      [192, 0, 2, 9],
    ])
    expect([second?.left, second?.port, [...(second?.address ?? [])]]).toEqual([
      0n,
      7001,
      [192, 0, 2, 10],
    ])
    expect(answers.map(({ peers }) => endpoints(peers))).toEqual([
      ['192.0.2.9:7000'],
      ['192.0.2.10:7001'],
    ])
  })

  test.each([
    ['postAnnounce', false],
    ['preAnnounce', true],
  ] as const)('may read it until its promise settles: %s', async (name, waits) => {
    const seen: unknown[] = []
    let release: () => void = () => undefined
    const released = new Promise<void>((resolve) => void (release = resolve))
    const hook = async (shown: Announce): Promise<void> => {
      await released
      seen.push([shown.port, shown.peerId, shown.left])
    }
    const tracker = new TrackerUnderTest({ hooks: { [name]: hook } })
    const ids = [await tracker.connect(), await tracker.connect(NEXT)] as const
    const sent = Promise.all([
      tracker.send(announce(ids[0], { left: 5n, port: 7000 })),
      tracker.send(announce(ids[1], { peerId: Buffer.alloc(20, 8), left: 0n, port: 7001 }), NEXT),
    ])
    if (!waits) await sent
    release()
    await sent
    await expect.poll(() => seen).toHaveLength(2)
    expect(seen).toEqual([
      [7000, PEER_ID.toString('latin1'), 5n],
      [7001, '\b'.repeat(20), 0n],
    ])
  })

  test('cannot read a scrape after its reply unless it keeps it', async () => {
    const held: Scrape[] = []
    const tracker = new TrackerUnderTest({
      hooks: { preScrape: (shown) => void held.push(held.length === 0 ? shown : shown.keep()) },
    })
    const id = await tracker.connect()
    for (const byte of [1, 2]) await tracker.send(scrape(id, [Buffer.alloc(20, byte)]))
    await tracker.send(scrape(id, [Buffer.alloc(20, 3)]), IPV4)
    expect(() => held[0]?.infoHashes).toThrow('the scrape is over')
    expect(held[1]?.infoHashes).toEqual(['\u0002'.repeat(20)])
  })
})
