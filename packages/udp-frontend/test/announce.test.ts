import { ClientError } from '@chihaya/bittorrent'
import { PeerList, type Announce, type Answer, type PeerStore } from '@chihaya/core'
import { ModelPeerStore } from '@chihaya/core/testing'
import { describe, expect, test } from 'vitest'
import {
  announce,
  errorText,
  EVENT,
  INFO_HASH,
  PEER_ID,
  readAnnounceReply,
  scrape,
  type AnnounceFields,
} from './datagrams.ts'
import { IPV4, IPV6, TrackerUnderTest, type TrackerUnderTestInit } from './tracker-under-test.ts'

const UNKNOWN = 2n ** 64n - 1n

/** The request as the tracker's hooks see it. */
async function seen(
  fields: Partial<AnnounceFields>,
  init: TrackerUnderTestInit = {},
): Promise<Announce> {
  const announces: Announce[] = []
  const tracker = new TrackerUnderTest({
    ...init,
    hooks: { preAnnounce: (request) => void announces.push(request.keep()) },
  })
  await tracker.send(announce(await tracker.connect(), fields))
  return announces.at(0) as Announce
}

describe('an announce request', () => {
  test('has the fields that the client sent', async () => {
    const request = await seen({
      downloaded: 1n,
      left: 2n,
      uploaded: 3n,
      event: EVENT.started,
      numWant: 7,
      port: 6882,
    })
    expect(request).toMatchObject({
      protocol: 'udp',
      port: 6882,
      event: 'started',
      numWant: 7,
      wantsPeerIds: false,
      seeding: false,
    })
    expect([request.downloaded, request.left, request.uploaded]).toEqual([1n, 2n, 3n])
    expect([request.infoHash, request.peerId]).toEqual([
      INFO_HASH.toString('latin1'),
      PEER_ID.toString('latin1'),
    ])
    expect([...request.address]).toEqual([192, 0, 2, 9])
    expect([
      request.params.path,
      request.params.get('port'),
      request.params.route('passkey'),
    ]).toEqual(['', undefined, undefined])
  })

  test.each([
    [0n, 0n, true],
    [1n, 1n, false],
    [2n ** 32n, 2n ** 32n, false],
    [2n ** 53n + 1n, 2n ** 53n + 1n, false],
    [2n ** 63n, 2n ** 63n, false],
    [2n ** 64n - 2n, 2n ** 64n - 2n, false],
    [UNKNOWN, undefined, false],
    [0xffffffffn, 0xffffffffn, false],
    [2n ** 64n - 2n ** 32n, 2n ** 64n - 2n ** 32n, false],
  ])('with %d bytes left says %s, and seeds: %s', async (sent, left, seeding) => {
    expect(await seen({ left: sent })).toMatchObject({ left, seeding })
  })

  test('keeps all 64 bits of its counts', async () => {
    expect(await seen({ uploaded: UNKNOWN, downloaded: 2n ** 63n + 5n })).toMatchObject({
      uploaded: UNKNOWN,
      downloaded: 2n ** 63n + 5n,
    })
  })

  test.each([
    [-1, 50],
    [-(2 ** 31), 50],
    [0, 0],
    [1, 1],
    [100, 100],
    [101, 100],
    [2 ** 31 - 1, 100],
  ])('that wants %d peers wants %d', async (numWant, expected) => {
    expect((await seen({ numWant })).numWant).toBe(expected)
  })

  test('wants what the options allow', async () => {
    expect((await seen({ numWant: -1 }, { options: { defaultNumWant: 30 } })).numWant).toBe(30)
    expect((await seen({ numWant: -1 }, { options: { maxNumWant: 20 } })).numWant).toBe(20)
    expect(
      (await seen({ numWant: 500 }, { options: { maxNumWant: 500, maxReplySize: 508 } })).numWant,
    ).toBe(81)
  })

  test.each(Object.entries(EVENT))('with event %s', async (name, event) => {
    expect((await seen({ event })).event).toBe(name)
  })
})

describe('an announce', () => {
  test('meets the other peers of its family', async () => {
    const tracker = new TrackerUnderTest()
    for (const source of [IPV4, IPV6]) {
      const family = source === IPV4 ? 'ipv4' : 'ipv6'
      const id = await tracker.connect(source)
      const other = { ...source, address: `${source.address}1` }
      await tracker.send(announce(await tracker.connect(other), { left: 0n, port: 7000 }), other)
      expect(readAnnounceReply(await tracker.send(announce(id), source), family)).toEqual({
        action: 1,
        transaction: 0x11223344,
        interval: 1800,
        leechers: 1,
        seeders: 1,
        peers: [`${other.address}:7000`],
      })
    }
  })

  test('of a partial seed counts as a leecher', async () => {
    const tracker = new TrackerUnderTest()
    const reply = await tracker.send(announce(await tracker.connect(), { event: EVENT.paused }))
    expect(readAnnounceReply(reply)).toMatchObject({ leechers: 1, seeders: 0 })
  })

  test('that stops is answered without peers', async () => {
    const tracker = new TrackerUnderTest()
    const id = await tracker.connect()
    await tracker.send(announce(id, { port: 7000, peerId: Buffer.alloc(20, 1) }))
    const reply = await tracker.send(announce(id, { event: EVENT.stopped }))
    expect(readAnnounceReply(reply)).toMatchObject({ leechers: 1, seeders: 0, peers: [] })
  })
})

describe('the reply to an announce', () => {
  function respond(change: (answer: Answer) => void): TrackerUnderTest {
    return new TrackerUnderTest({
      hooks: {
        preAnnounce: (_, answer, context) => {
          context.skipSwarmInteraction = true
          change(answer)
        },
      },
    })
  }

  test('contains the changes of hooks', async () => {
    const tracker = respond((response) => {
      response.interval = 120
      response.complete = 7
      response.incomplete = 8
    })
    const reply = await tracker.send(announce(await tracker.connect()))
    expect(readAnnounceReply(reply)).toMatchObject({
      interval: 120,
      seeders: 7,
      leechers: 8,
      peers: [],
    })
  })

  test.each([
    [IPV4, 'ipv4', Uint8Array.of(192, 0, 2, 1, 0x1a, 0xe1), ['192.0.2.1:6881']],
    [IPV6, 'ipv6', new Uint8Array(18).fill(0x20), ['2020:2020:2020:2020:2020:2020:2020:2020:8224']],
  ] as const)('holds peers of one family: %o', async (source, family, endpoints, peers) => {
    const tracker = respond((answer) => {
      answer.peers.set(endpoints)
      answer.otherPeers = new PeerList()
      answer.otherPeers.reserve(family === 'ipv4' ? 'ipv6' : 'ipv4', 1, false)
      answer.otherPeers.set(new Uint8Array(18))
    })
    const reply = await tracker.send(announce(await tracker.connect(source)), source)
    expect(readAnnounceReply(reply, family).peers).toEqual(peers)
  })
})

describe('refusals and faults', () => {
  const REFUSED = new ClientError('unapproved client')
  const fails: Array<[name: string, hook: () => Promise<void> | void, text: string]> = [
    [
      'a hook that refuses',
      () => {
        throw REFUSED
      },
      'unapproved client',
    ],
    ['a hook that refuses later', () => Promise.reject(REFUSED), 'unapproved client'],
    [
      'a hook that fails',
      () => {
        throw new Error('the database said: secret')
      },
      'internal server error',
    ],
    [
      'a hook that fails later',
      () => Promise.reject(new Error('the database said: secret')),
      'internal server error',
    ],
  ]

  test.each(fails)('%s', async (_, hook, text) => {
    const tracker = new TrackerUnderTest({ hooks: { preAnnounce: hook, preScrape: hook } })
    const id = await tracker.connect()
    expect(errorText(await tracker.send(announce(id)))).toBe(text)
    expect(errorText(await tracker.send(scrape(id, [INFO_HASH])))).toBe(text)
    const messages = tracker.logged.map(({ details, message }) => [
      message,
      (details as { err: Error }).err.message,
    ])
    const fault = ['a UDP request failed', 'the database said: secret']
    expect(messages).toEqual(text === 'internal server error' ? [fault, fault] : [])
  })
})

describe('an asynchronous tracker', () => {
  function later(store: PeerStore): PeerStore {
    const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))
    return {
      announce: async (swarm, answer) => {
        await turn()
        return store.announce(swarm, answer)
      },
      scrape: async (infoHashes, answer) => {
        await turn()
        return store.scrape(infoHashes, answer)
      },
      stats: () => store.stats(),
    }
  }

  test('answers like a synchronous one', async () => {
    const model = (): PeerStore => new ModelPeerStore({ peerLifetime: 60_000, now: () => 0 })
    const trackers = [
      new TrackerUnderTest(),
      new TrackerUnderTest({
        hooks: { preAnnounce: () => Promise.resolve(), preScrape: () => Promise.resolve() },
      }),
      new TrackerUnderTest({ store: later(model()) }),
    ]
    const [first, ...others] = await Promise.all(
      trackers.map(async (tracker) => {
        const id = await tracker.connect()
        const replies: Array<Buffer | undefined> = []
        for (const left of [0n, 1000n]) {
          const fields = {
            left,
            port: 6881 + Number(left),
            peerId: Buffer.alloc(20, Number(left) & 0xff),
          }
          replies.push(await tracker.send(announce(id, fields)))
        }
        replies.push(await tracker.send(scrape(id, [INFO_HASH, Buffer.alloc(20)])))
        return replies
      }),
    )
    expect(first?.map((reply) => reply?.length)).toEqual([26, 26, 32])
    for (const other of others) expect(other).toEqual(first)
  })

  test('does not mix up overlapping requests', async () => {
    const tracker = new TrackerUnderTest({
      store: later(new ModelPeerStore({ peerLifetime: 60_000, now: () => 0 })),
    })
    const id = await tracker.connect()
    const replies = await Promise.all(
      Array.from({ length: 50 }, (_, transaction) =>
        tracker.send(
          announce(id, {
            transaction,
            infoHash: Buffer.alloc(20, transaction),
            port: 7000 + transaction,
          }),
        ),
      ),
    )
    const read = replies.map((reply) => readAnnounceReply(reply))
    expect(read.map(({ transaction }) => transaction)).toEqual(replies.map((_, index) => index))
    expect(read.map(({ peers }) => peers)).toEqual(
      replies.map((_, index) => [`192.0.2.9:${7000 + index}`]),
    )
  })
})
