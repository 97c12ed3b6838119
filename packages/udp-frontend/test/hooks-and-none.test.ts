import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { announce, readAnnounceReply, scrape } from './datagrams.ts'
import { TrackerUnderTest, type Source } from './tracker-under-test.ts'

const SOURCES: Source[] = [
  ...[1, 2, 3].map((host) => ({ address: `10.0.0.${host}`, port: 40_000 })),
  { address: '8.8.8.8', port: 40_000 },
  { address: '2001:db8::1', port: 40_000 },
  { address: 'fd00::1', port: 40_000 },
]

/** The first has no peers. */
const INFO_HASHES = [0, 1, 2].map((byte) => Buffer.alloc(20, byte))

const step = fc.record({
  source: fc.constantFrom(...SOURCES),
  infoHash: fc.constantFrom(...INFO_HASHES.slice(1)),
  peerId: fc.constantFrom(1, 2, 3).map((byte) => Buffer.alloc(20, byte)),
  event: fc.nat(5),
  left: fc.constantFrom(0n, 1n, 2n ** 63n, 2n ** 64n - 1n),
  numWant: fc.constantFrom(-1, 0, 1, 50),
  port: fc.constantFrom(0, 1, 6881, 6882),
  length: fc.constantFrom(97, 98, 98, 98, 98),
})

test('announces and scrapes are answered equally with and without hooks', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 60 }),
      fc.boolean(),
      fc.boolean(),
      async (steps, all, allowUnconnectable) => {
        const core = {
          seedersReceive: all ? 'all' : 'leechers',
          rejectPrivatePeers: false,
        } as const
        const options = { allowUnconnectable }
        const short = new TrackerUnderTest({ core, options })
        const long = new TrackerUnderTest({
          core,
          options,
          hooks: { preAnnounce: () => undefined, preScrape: () => undefined },
        })
        for (const { source, length, ...fields } of steps) {
          const [one, other] = [short, long].map(async (tracker) =>
            tracker.send(
              announce(await tracker.connect(source), fields).subarray(0, length),
              source,
            ),
          )
          const [reply, expected] = [await one, await other]
          expect(reply?.subarray(0, 20)).toEqual(expected?.subarray(0, 20))
          expect(reply?.length).toBe(expected?.length)
          const [row, expectedRow] = await Promise.all(
            [short, long].map(async (tracker) =>
              tracker.send(scrape(await tracker.connect(source), INFO_HASHES), source),
            ),
          )
          expect(row).toHaveLength(8 + 12 * INFO_HASHES.length)
          expect(row).toEqual(expectedRow)
          if (reply?.readInt32BE(0) !== 1 || fields.numWant === 1) continue
          const family = source.address.includes(':') ? 'ipv6' : 'ipv4'
          expect(readAnnounceReply(reply, family).peers.sort()).toEqual(
            readAnnounceReply(expected, family).peers.sort(),
          )
        }
      },
    ),
    { numRuns: 200 },
  )
})

test('private peers are refused with rejectPrivatePeers', async () => {
  const tracker = new TrackerUnderTest({ core: { rejectPrivatePeers: true } })
  const [source] = SOURCES
  const reply = await tracker.send(announce(await tracker.connect(source)), source)
  expect(reply?.subarray(8).toString()).toBe('invalid IP')
})
