import type { AddressFamily, ScrapeEntry } from '@chihaya/bittorrent'
import { ScrapeAnswer, type PeerStore, type Tracker } from '@chihaya/core'
import {
  announceTo,
  sampleAnnounce,
  sampleInfoHash,
  sampleScrape,
  scrapeFrom,
} from '@chihaya/core/testing'
import { describe, expect, test } from 'vitest'
import { asyncStore } from './async-store.ts'
import { modelStore, setUpTracker, storeWith } from './setup.ts'

const NOBODY = { complete: 0, incomplete: 0, downloaders: 0, downloaded: 0 }

/** Scrapes a tracker for an unknown infohash, then twice for that of the sample announces. */
async function scrape(tracker: Tracker, family?: AddressFamily): Promise<ScrapeEntry[]> {
  return scrapeFrom(tracker, [2, 1, 1].map(sampleInfoHash), family)
}

const stores: Array<[kind: string, create: () => PeerStore]> = [
  ['synchronous', modelStore],
  ['asynchronous', () => asyncStore(modelStore())],
]

describe.each(stores)('a scrape, with %s storage,', (_kind, createStore) => {
  test('is answered row by row in the order asked for', async () => {
    const { tracker } = setUpTracker({}, createStore())
    await announceTo(tracker, sampleAnnounce())
    const row = { ...NOBODY, incomplete: 1, downloaders: 1 }
    expect(await scrape(tracker)).toEqual([NOBODY, row, row])
  })

  test('counts the address family of the client', async () => {
    const { tracker } = setUpTracker({}, createStore())
    await announceTo(tracker, sampleAnnounce())
    expect(await scrape(tracker, 'ipv6')).toEqual([NOBODY, NOBODY, NOBODY])
  })

  test('passes the hooks, which may change its answer', async () => {
    const { tracker } = setUpTracker({}, createStore())
    tracker.addHook('preScrape', async (_scrape, answer) => void (answer.minInterval = 60))
    const answer = new ScrapeAnswer()
    await tracker.scrape(sampleScrape(), answer)
    expect(answer.minInterval).toBe(60)
  })

  test.each(['skipSwarmInteraction', 'skipResponse'] as const)(
    'has zeros for rows that no hook gave under %s',
    async (skip) => {
      const { tracker } = setUpTracker({}, createStore())
      await announceTo(tracker, sampleAnnounce())
      const row = { complete: 5, incomplete: 4, downloaders: 3, downloaded: 2 }
      tracker.addHook('preScrape', (_scrape, answer, context) => {
        context[skip] = true
        answer.set(0, 5, 4, 3, 2)
      })
      expect(await scrape(tracker)).toEqual([row, NOBODY, NOBODY])
    },
  )

  test.each([
    ['at once', () => undefined],
    ['later', async () => undefined],
  ])('is shown to hooks with its rows, which they may mask %s', async (_when, wait) => {
    const { tracker } = setUpTracker({}, createStore())
    await announceTo(tracker, sampleAnnounce())
    tracker.addHook('onScrape', ({ infoHashes }, answer) => {
      expect(answer.incomplete(1)).toBe(1)
      expect(infoHashes[1]).toBe(sampleInfoHash(1))
      answer.clear(1)
      return wait()
    })
    const row = { ...NOBODY, incomplete: 1, downloaders: 1 }
    expect(await scrape(tracker)).toEqual([NOBODY, NOBODY, row])
  })

  test('fails as the store fails', async () => {
    const error = new Error('connection lost')
    const { tracker } = setUpTracker({}, storeWith({ scrape: () => Promise.reject(error) }))
    await expect((async () => scrape(tracker))()).rejects.toBe(error)
  })

  test('is reported to post hooks', async () => {
    const { tracker } = setUpTracker({}, createStore())
    let seen: unknown
    tracker.addHook(
      'postScrape',
      ({ infoHashes }, { count }) => void (seen = [infoHashes.length, count]),
    )
    await scrape(tracker)
    await tracker.drain()
    expect(seen).toEqual([3, 3])
  })
})

test('the swarms of a store are listed, unless it cannot', async () => {
  const page = [
    {
      infoHash: sampleInfoHash(1),
      seeders: { ipv4: 1, ipv6: 0 },
      leechers: { ipv4: 0, ipv6: 2 },
      downloaded: 3,
    },
  ]
  async function* swarms(): AsyncGenerator<typeof page> {
    yield page
  }
  const pages: unknown[] = []
  for await (const listed of setUpTracker({}, storeWith({ swarms })).tracker.fork().swarms() ?? [])
    pages.push(listed)
  expect(pages).toEqual([page])
  const unlisted: PeerStore = {
    announce: () => undefined,
    scrape: () => undefined,
    stats: () => modelStore().stats(),
  }
  expect(setUpTracker({}, unlisted).tracker.swarms()).toBeUndefined()
})
