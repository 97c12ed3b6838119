import type { ScrapeRequest } from '@chihaya/bittorrent'
import type { PeerStore } from '@chihaya/core'
import { address, sampleInfoHash, sampleRequest } from '@chihaya/core/testing'
import { describe, expect, test } from 'vitest'
import { asyncStore } from './async-store.ts'
import { modelStore, setUpTracker, storeWith } from './setup.ts'

const NOBODY = { complete: 0, incomplete: 0, downloaders: 0, downloaded: 0 }

function scrapeRequest(changes: Partial<ScrapeRequest> = {}): ScrapeRequest {
  const { params } = sampleRequest()
  const infoHashes = [2, 1, 1].map(sampleInfoHash)
  return { protocol: 'udp', infoHashes, address: address('10.0.0.1'), params, ...changes }
}

const stores: Array<[kind: string, create: () => PeerStore]> = [
  ['synchronous', modelStore],
  ['asynchronous', () => asyncStore(modelStore())],
]

describe.each(stores)('a scrape, with %s storage,', (_kind, createStore) => {
  test('is answered row by row in the order asked for', async () => {
    const { tracker } = setUpTracker({}, createStore())
    await tracker.announce(sampleRequest())
    const row = { ...NOBODY, incomplete: 1, downloaders: 1 }
    expect(await tracker.scrape(scrapeRequest())).toEqual({ entries: [NOBODY, row, row], minInterval: 900 })
  })

  test('reads the family of who asks', async () => {
    const { tracker } = setUpTracker({}, createStore())
    await tracker.announce(sampleRequest())
    const { entries } = await tracker.scrape(scrapeRequest({ address: address('2001:db8::1') }))
    expect(entries).toEqual([NOBODY, NOBODY, NOBODY])
  })

  test('passes the hooks, which may change its answer', async () => {
    const { tracker } = setUpTracker({}, createStore())
    tracker.addHook('preScrape', async (_request, response) => void (response.minInterval = 60))
    expect((await tracker.scrape(scrapeRequest())).minInterval).toBe(60)
  })

  test.each(['skipSwarmInteraction', 'skipResponse'] as const)('has zeros for rows that no hook gave under %s', async (skip) => {
    const { tracker } = setUpTracker({}, createStore())
    await tracker.announce(sampleRequest())
    const row = { complete: 5, incomplete: 4, downloaders: 3, downloaded: 2 }
    tracker.addHook('preScrape', (_request, response, context) => {
      context[skip] = true
      response.entries = [row]
    })
    const { entries } = await tracker.scrape(scrapeRequest())
    expect(entries).toEqual([row, NOBODY, NOBODY])
    expect(entries[1]).not.toBe(entries[2])
  })

  test('fails as the store fails', async () => {
    const error = new Error('connection lost')
    const { tracker } = setUpTracker({}, storeWith({ scrape: () => Promise.reject(error) }))
    await expect((async () => tracker.scrape(scrapeRequest()))()).rejects.toBe(error)
  })

  test('is reported to post hooks', async () => {
    const { tracker } = setUpTracker({}, createStore())
    let seen: unknown
    tracker.addHook('postScrape', (request, response) => void (seen = [request.infoHashes.length, response.entries.length]))
    await tracker.scrape(scrapeRequest())
    await tracker.drain()
    expect(seen).toEqual([3, 3])
  })
})

test('the swarms of a store are listed, unless it cannot', async () => {
  const page = [{ infoHash: sampleInfoHash(1), seeders: { ipv4: 1, ipv6: 0 }, leechers: { ipv4: 0, ipv6: 2 }, downloaded: 3 }]
  async function* swarms(): AsyncGenerator<typeof page> {
    yield page
  }
  const pages: unknown[] = []
  for await (const listed of setUpTracker({}, storeWith({ swarms })).tracker.fork().swarms() ?? []) pages.push(listed)
  expect(pages).toEqual([page])
  expect(setUpTracker({}, storeWith({})).tracker.swarms()).toBeUndefined()
})
