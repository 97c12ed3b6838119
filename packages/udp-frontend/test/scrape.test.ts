import type { Scrape, ScrapeAnswer, TrackerHooks } from '@chihaya/core'
import { ModelPeerStore } from '@chihaya/core/testing'
import { describe, expect, test } from 'vitest'
import { announce, errorText, EVENT, scrape } from './datagrams.ts'
import { IPV4, IPV6, TrackerUnderTest } from './tracker-under-test.ts'

const hash = (number: number): Buffer => Buffer.alloc(20, number)

/** Rows of a scrape reply: seeders, downloads, leechers. */
function rows(reply: Buffer | undefined): number[][] {
  if (reply?.readUInt32BE() !== 2) throw new TypeError(errorText(reply))
  const numbers = Array.from({ length: (reply.length - 8) / 4 }, (_, index) =>
    reply.readUInt32BE(8 + index * 4),
  )
  return Array.from({ length: numbers.length / 3 }, (_, index) =>
    numbers.slice(index * 3, index * 3 + 3),
  )
}

describe('a scrape', () => {
  test('has a row for each infohash in the requested order, even for repeated and unknown ones', async () => {
    const tracker = new TrackerUnderTest()
    const id = await tracker.connect()
    await tracker.send(announce(id, { infoHash: hash(1), event: EVENT.completed }))
    await tracker.send(announce(id, { infoHash: hash(1), port: 7000 }))
    await tracker.send(announce(id, { infoHash: hash(2), event: EVENT.paused }))
    const reply = await tracker.send(scrape(id, [hash(2), hash(9), hash(1), hash(2)]))
    expect(rows(reply)).toEqual([
      [0, 0, 1],
      [0, 0, 0],
      [1, 1, 1],
      [0, 0, 1],
    ])
  })

  test('reads the swarms of its family', async () => {
    const tracker = new TrackerUnderTest()
    await tracker.send(announce(await tracker.connect(IPV6), { infoHash: hash(1) }), IPV6)
    expect(rows(await tracker.send(scrape(await tracker.connect(IPV4), [hash(1)])))).toEqual([
      [0, 0, 0],
    ])
    expect(rows(await tracker.send(scrape(await tracker.connect(IPV6), [hash(1)]), IPV6))).toEqual([
      [0, 0, 1],
    ])
  })

  test('ignores bytes after the last whole infohash', async () => {
    const tracker = new TrackerUnderTest()
    const id = await tracker.connect()
    expect(rows(await tracker.send(scrape(id, [hash(1), Buffer.alloc(19)])))).toHaveLength(1)
  })

  test.each([
    [undefined, 100, '(action 2)'],
    [undefined, 101, 'Request-URI Too Long: too many infohashes'],
    [74, 75, 'Request-URI Too Long: too many infohashes'],
    [10, 74, '(action 2)'],
    [10, 75, 'Request-URI Too Long: too many infohashes'],
    [300, 300, '(action 2)'],
    [300, 301, 'Request-URI Too Long: too many infohashes'],
    [undefined, 146, 'Request-URI Too Long: too many infohashes'],
    [undefined, 147, 'Request-URI Too Long: too many infohashes'],
    [undefined, 3274, 'Request-URI Too Long: too many infohashes'],
    [300, 3274, 'Request-URI Too Long: too many infohashes'],
  ])(
    'with a limit of %s and %d infohashes is answered with %s',
    async (maxScrapeInfoHashes, count, answer) => {
      const tracker = new TrackerUnderTest({
        options: maxScrapeInfoHashes === undefined ? {} : { maxScrapeInfoHashes },
      })
      const infoHashes = Array.from({ length: count }, (_, index) => hash(index & 0xff))
      const reply = await tracker.send(scrape(await tracker.connect(), infoHashes))
      expect(errorText(reply)).toBe(answer)
      if (answer === '(action 2)') expect(rows(reply)).toHaveLength(count)
    },
  )

  test.each(['a hook', 'the store'])('has zeros where %s left rows out', async (who) => {
    const model = new ModelPeerStore({ peerLifetime: 60_000, now: () => 0 })
    const store = {
      announce: model.announce.bind(model),
      scrape: (_scrape: Scrape, answer: ScrapeAnswer) => answer.set(0, 1, 2, 2, 3),
      stats: model.stats.bind(model),
    }
    const preScrape: TrackerHooks['preScrape'] = (_, answer, context) => {
      context.skipSwarmInteraction = true
      answer.set(0, 1, 2, 2, 3)
    }
    const tracker = new TrackerUnderTest(who === 'a hook' ? { hooks: { preScrape } } : { store })
    const reply = await tracker.send(scrape(await tracker.connect(), [hash(1), hash(2)]))
    expect(rows(reply)).toEqual([
      [1, 3, 2],
      [0, 0, 0],
    ])
  })

  test('creates no swarm', async () => {
    const tracker = new TrackerUnderTest()
    const id = await tracker.connect()
    await tracker.send(scrape(id, [hash(1)]))
    expect(rows(await tracker.send(scrape(id, [hash(1)])))).toEqual([[0, 0, 0]])
  })
})
