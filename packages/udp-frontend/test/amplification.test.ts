import { ClientError } from '@chihaya/bittorrent'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { announce, connect, header, INFO_HASH, NO_ID, scrape } from './datagrams.ts'
import { IPV4, IPV6, TrackerUnderTest, type Source } from './tracker-under-test.ts'

/**
 * Sends a datagram to one tracker, and each reply to the other, until one is silent. Counts
 * replies.
 */
async function bounce(
  first: Buffer,
  trackers: readonly [TrackerUnderTest, TrackerUnderTest],
): Promise<number> {
  let datagram: Buffer | undefined = first
  let replies = -1
  for (; datagram !== undefined && replies < 10; replies++) {
    // Each is the reply to the one before.
    // oxlint-disable-next-line no-await-in-loop
    datagram = await trackers[(replies + 1) % 2 === 0 ? 0 : 1].send(datagram)
  }
  return replies
}

describe('a datagram from an unproven source', () => {
  test('is never answered with more bytes than it has', async () => {
    const tracker = new TrackerUnderTest()
    const stale = await tracker.connect()
    tracker.now += 601_000
    let answered = 0
    for (let length = 0; length <= 1500; length++) {
      // Lets the limit on errors expire, which must not be the reason for short replies.
      tracker.now += 1000
      for (let action = 0; action <= 5; action++) {
        for (const id of [NO_ID, stale, Buffer.alloc(8)]) {
          const datagram = Buffer.concat([announce(id, { action }), Buffer.alloc(1500)]).subarray(
            0,
            length,
          )
          const reply = await tracker.send(datagram)
          if (reply !== undefined) answered++
          if ((reply?.length ?? 0) > length)
            expect.unreachable(`${reply?.length} bytes to ${length} of action ${action}`)
        }
      }
    }
    expect(answered).toBe((1501 - 25) * 2 * 3)
  })

  test('is answered ten times a second for one source', async () => {
    const tracker = new TrackerUnderTest()
    let answered = 0
    for (let round = 0; round < 1000; round++) if (await tracker.send(announce(NO_ID))) answered++
    expect(answered).toBe(10)
    expect(await tracker.send(connect())).toHaveLength(16)
  })
})

describe("a tracker's own replies, sent to a tracker", () => {
  async function replies(tracker: TrackerUnderTest): Promise<Buffer[]> {
    const id = await tracker.connect()
    const requests = [
      connect(),
      announce(id),
      announce(NO_ID),
      header(id, 7),
      scrape(id, [INFO_HASH]),
    ]
    return Promise.all(requests.map(async (request) => (await tracker.send(request)) as Buffer))
  }

  test('are met with silence', async () => {
    const tracker = new TrackerUnderTest()
    for (const reply of await replies(tracker)) expect(await tracker.send(reply)).toBeUndefined()
  })

  test('are met with one error at most when they look like a request', async () => {
    const [one, other] = [new TrackerUnderTest(), new TrackerUnderTest()]
    const id = await one.connect()
    // The number of seeders is where a request has its action.
    await one.send(announce(id, { left: 0n }))
    const rows = (await one.send(scrape(id, [INFO_HASH, INFO_HASH]))) as Buffer
    expect(await bounce(rows, [other, one])).toBe(1)
    for (const reply of await replies(one)) expect(await bounce(reply, [other, one])).toBe(0)
    expect(await bounce(announce(NO_ID), [other, one])).toBe(1)
  })
})

/** The longest valid request: an announce with the longest URL that is read. */
const LONGEST_REQUEST = 2944

describe('any datagram', () => {
  test('of up to 16 KiB is handled without a fault, and answered within the rules', async () => {
    const tracker = new TrackerUnderTest({
      options: { opentrackerIpv6: true, allowIpSpoofing: true },
    })
    const body = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.uint8Array({ maxLength: 16_384, size: 'max' }),
    )
    const action = fc.oneof(fc.nat({ max: 6 }), fc.nat({ max: 0xffffffff }))
    const property = fc.asyncProperty(
      fc.constantFrom('valid', 'random', 'raw'),
      fc.uint8Array({ minLength: 8, maxLength: 8 }),
      action,
      body,
      fc.constantFrom(IPV4, IPV6),
      async (kind, random, number, rest, source) => {
        tracker.now += 1000
        const id = kind === 'valid' ? await tracker.connect(source) : random
        const datagram = kind === 'raw' ? rest : Buffer.concat([header(id, number), rest])
        const reply = await tracker.send(datagram, source)
        const proven = kind === 'valid' && number !== 0
        if (proven) {
          expect(reply).toBeDefined()
          if (datagram.length > LONGEST_REQUEST) expect(reply?.readUInt32BE()).toBe(3)
        } else expect(reply?.length ?? 0).toBeLessThanOrEqual(datagram.length)
        expect(reply?.length ?? 0).toBeLessThanOrEqual(1232)
        if (reply) expect(reply.subarray(4, 8)).toEqual(Buffer.from(datagram.subarray(12, 16)))
      },
    )
    await fc.assert(property, { numRuns: 1000 })
    expect(tracker.logged).toEqual([])
  })

  test('of announces and scrapes with any body is answered', async () => {
    const tracker = new TrackerUnderTest()
    const id = await tracker.connect()
    const body = fc.uint8Array({ minLength: 82, maxLength: 400 })
    const property = fc.asyncProperty(fc.constantFrom(1, 2), body, async (action, rest) => {
      const reply = (await tracker.send(Buffer.concat([header(id, action), rest]))) as Buffer
      expect([action, 3]).toContain(reply.readUInt32BE())
      if (action === 2) expect(reply).toHaveLength(8 + 12 * Math.floor(rest.length / 20))
    })
    await fc.assert(property, { numRuns: 500 })
    expect(tracker.logged).toEqual([])
  })
})

describe('the longest replies', () => {
  const families: Array<[family: 'ipv4' | 'ipv6', source: Source, stride: number]> = [
    ['ipv4', IPV4, 6],
    ['ipv6', IPV6, 18],
  ]

  test.each(families)(
    'hold complete peers in 1232 bytes over %s, for any swarm',
    async (_family, source, stride) => {
      const endpoints = new Uint8Array(5000 * stride).fill(9)
      let asked = 0
      const tracker = new TrackerUnderTest({
        options: { maxNumWant: 2 ** 31 - 1 },
        store: {
          announce: (_announce, answer) => {
            asked = answer.want
            answer.peers.set(endpoints)
          },
          scrape: () => undefined,
          stats: () => ({
            swarms: 1,
            seeders: { ipv4: 0, ipv6: 0 },
            leechers: { ipv4: 0, ipv6: 0 },
          }),
        },
      })
      const reply = (await tracker.send(
        announce(await tracker.connect(source), { numWant: 2 ** 31 - 1 }),
        source,
      )) as Buffer
      const room = Math.floor((1232 - 20) / stride)
      expect([asked, reply.length]).toEqual([room, 20 + room * stride])
    },
  )

  test.each(families)(
    'hold random peers of a big swarm over %s',
    async (family, source, stride) => {
      const tracker = new TrackerUnderTest({ options: { maxNumWant: 1000, maxReplySize: 508 } })
      const id = await tracker.connect(source)
      for (let port = 1001; port <= 1300; port++) {
        const peerId = Buffer.from(`-TS0001-${port}`.padEnd(20, 'x'))
        await tracker.send(announce(id, { port, peerId }), source)
      }
      const other = { ...source, address: family === 'ipv4' ? '192.0.2.200' : '2001:db8::200' }
      const reply = (await tracker.send(
        announce(await tracker.connect(other), { numWant: 1000 }),
        other,
      )) as Buffer
      expect(reply).toHaveLength(20 + Math.floor(488 / stride) * stride)
      expect(new Set(peersOf(reply, stride)).size).toBe(Math.floor(488 / stride))
    },
  )

  test('of errors hold 80 bytes of text without truncated characters', async () => {
    const text = `${'x'.repeat(79)}é and more`
    const tracker = new TrackerUnderTest({
      hooks: {
        preAnnounce: () => {
          throw new ClientError(text)
        },
      },
    })
    const reply = (await tracker.send(announce(await tracker.connect()))) as Buffer
    expect(reply.subarray(8).toString()).toBe('x'.repeat(79))
  })
})

function peersOf(reply: Buffer, stride: number): string[] {
  return Array.from({ length: (reply.length - 20) / stride }, (_, index) =>
    reply.subarray(20 + index * stride, 20 + (index + 1) * stride).toString('hex'),
  )
}
