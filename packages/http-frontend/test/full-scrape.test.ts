import { infoHashFrom, type InfoHash } from '@chihaya/bittorrent'
import type { PeerStore, SwarmEntry } from '@chihaya/core'
import { sampleInfoHash } from '@chihaya/core/testing'
import { httpFrontend, type HttpFrontendOptions } from '@chihaya/http-frontend'
import type { FastifyInstance } from 'fastify'
import * as fc from 'fast-check'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { FullScrape } from '../src/scrape/full-scrape.ts'
import { exchange, listen, parseResponses, untilClose } from './raw-http.ts'
import {
  decode,
  escape,
  failureReason,
  modelStore,
  trackerApp,
  type AppOptions,
  type Dictionary,
} from './tracker-app.ts'

const open: FastifyInstance[] = []
afterEach(async () => {
  vi.useRealTimers()
  for (const app of open.splice(0)) await app.close()
})

const INDEXER = '192.0.2.7'
const HTTP: HttpFrontendOptions = { fullScrapeFrom: ['192.0.2.0/28', '2001:db8::/32', '127.0.0.1'] }

/** A store that lists `entries`, some at a time, and tells how often it was asked to. */
function listing(
  entries: readonly SwarmEntry[],
  fault?: Error,
): { store: PeerStore; readings: () => number } {
  let readings = 0
  const store: PeerStore = Object.assign(modelStore(), {
    async *swarms(): AsyncGenerator<readonly SwarmEntry[]> {
      readings++
      for (let at = 0; at < entries.length; at += 100) {
        yield entries.slice(at, at + 100)
        // What it lists lies elsewhere, as in Redis.
        await new Promise((resolve) => void setImmediate(resolve))
      }
      if (fault && readings === 1) throw fault
    },
  })
  return { store, readings: () => readings }
}

function swarm(infoHash: InfoHash, number = 1): SwarmEntry {
  const seeders = { ipv4: number, ipv6: number * 10 }
  return {
    infoHash,
    seeders,
    leechers: { ipv4: number + 1, ipv6: number * 10 + 1 },
    downloaded: number + 2,
  }
}

function hash(text: string): InfoHash {
  return infoHashFrom(text) ?? expect.fail(`${text} is no infohash`)
}

const SOME = [
  swarm(hash('\xff'.repeat(20)), 3),
  swarm(hash('\0'.repeat(20)), 1),
  swarm(sampleInfoHash(1), 2),
]

async function tracker(options: AppOptions): Promise<FastifyInstance> {
  const app = await trackerApp({ ...options, http: { ...HTTP, ...options.http } })
  open.push(app)
  return app
}

function rows(answer: Dictionary): Array<[string, unknown]> {
  return [...(answer.get('files') as Map<string, Dictionary>)].map(([infoHash, row]) => [
    infoHash,
    Object.fromEntries(row),
  ])
}

async function scrapeAll(
  app: FastifyInstance,
  remoteAddress = INDEXER,
  url = '/scrape',
): Promise<Dictionary> {
  return decode(await app.inject({ url, remoteAddress }))
}

describe('a scrape without an infohash', () => {
  test('lists all swarms in byte order, with the peers of the family that asks', async () => {
    const app = await tracker({ store: listing(SOME).store })
    const answer = await scrapeAll(app)
    expect(rows(answer)).toEqual([
      ['\0'.repeat(20), { complete: 1, downloaded: 3, incomplete: 2 }],
      [sampleInfoHash(1), { complete: 2, downloaded: 4, incomplete: 3 }],
      ['\xff'.repeat(20), { complete: 3, downloaded: 5, incomplete: 4 }],
    ])
    expect(answer.get('flags')).toEqual(new Map([['min_request_interval', 300]]))
    expect(rows(await scrapeAll(app, '2001:db8::7')).map(([, row]) => row)).toEqual([
      { complete: 10, downloaded: 3, incomplete: 11 },
      { complete: 20, downloaded: 4, incomplete: 21 },
      { complete: 30, downloaded: 5, incomplete: 31 },
    ])
  })

  test('of a store without swarms has an empty answer', async () => {
    const app = await tracker({ store: listing([]).store })
    expect(rows(await scrapeAll(app))).toEqual([])
  })

  test.each(['/scrape', '/scrape?', '/scrape?&&', '/scrape?a=b', '/scrape#info_hash=x'])(
    'may be written as %s',
    async (url) => {
      const app = await tracker({ store: listing(SOME).store })
      expect(rows(await scrapeAll(app, INDEXER, url))).toHaveLength(3)
    },
  )

  test('is not a scrape with an infohash, regardless of its bytes', async () => {
    const { store, readings } = listing(SOME)
    const app = await tracker({ store })
    expect(
      rows(await scrapeAll(app, INDEXER, `/scrape?%69nfo_hash=${escape(sampleInfoHash(1))}`)),
    ).toHaveLength(1)
    for (const [query, reason] of [
      ['info_hash=', 'provided invalid infohash'],
      ['info_hash=%zz', 'invalid query escape'],
      ['%zz', 'invalid query escape'],
    ]) {
      expect((await scrapeAll(app, INDEXER, `/scrape?${query}`)).get('failure reason')).toBe(reason)
    }
    expect(readings()).toBe(0)
  })

  test('with a body is refused', async () => {
    const app = await tracker({ store: listing(SOME).store })
    const response = await app.inject({ url: '/scrape', remoteAddress: INDEXER, payload: 'x' })
    expect([response.statusCode, failureReason(response)]).toEqual([
      413,
      'request body not allowed',
    ])
  })

  test('holds each swarm once, with its last counters, for any infohashes', async () => {
    // Few bytes, mostly alike: an attacker chooses infohashes that are hard to tell apart.
    const infoHash = fc
      .tuple(fc.nat(19), fc.nat(3), fc.constantFrom(0, 127, 128, 255))
      .map(([at, byte, rest]) =>
        hash(String.fromCharCode(...new Uint8Array(20).fill(rest).fill(byte, at))),
      )
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(infoHash, fc.nat(2 ** 31))), async (listed) => {
        await using app = await trackerApp({
          http: HTTP,
          store: listing(listed.map(([name, number]) => swarm(name, number))).store,
        })
        const expected = new Map(listed.map(([name, number]) => [String(name), number]))
        const found = rows(await scrapeAll(app))
        expect(found.map(([name, row]) => [name, (row as { complete: number }).complete])).toEqual(
          [...expected].sort(([one], [other]) => (one < other ? -1 : 1)),
        )
      }),
      { numRuns: 50 },
    )
  })
})

describe('a scrape without an infohash is refused', () => {
  const NO_INFO_HASH = 'no info_hash parameter supplied'

  test('from all networks except the allowed ones', async () => {
    const { store, readings } = listing(SOME)
    const app = await tracker({ store })
    for (const address of ['192.0.2.16', '10.0.0.1', '2001:db9::1']) {
      expect((await scrapeAll(app, address)).get('failure reason')).toBe(NO_INFO_HASH)
    }
    expect(readings()).toBe(0)
  })

  test('is not granted by a claimed address, but by one that a proxy names', async () => {
    const http = {
      ...HTTP,
      fullScrapeFrom: ['9.9.9.9'],
      allowIpSpoofing: true,
      realIpHeader: 'x-real-ip',
    }
    const app = await tracker({ store: listing(SOME).store, http })
    expect((await scrapeAll(app, '10.0.0.1', '/scrape?ip=9.9.9.9')).get('failure reason')).toBe(
      NO_INFO_HASH,
    )
    expect((await scrapeAll(app, '9.9.9.9')).has('files')).toBe(true)
    const proxied = {
      url: '/scrape',
      remoteAddress: '10.0.0.1',
      headers: { 'x-real-ip': '9.9.9.9' },
    }
    expect(decode(await app.inject(proxied)).has('files')).toBe(true)
  })

  test('where the store cannot list its swarms', async () => {
    const model = modelStore()
    const store: PeerStore = {
      announce: (announce, answer) => model.announce(announce, answer),
      scrape: (scrape, answer) => model.scrape(scrape, answer),
      stats: () => model.stats(),
    }
    const app = await tracker({ store })
    expect((await scrapeAll(app)).get('failure reason')).toBe('full scrape not supported')
  })

  test('only while the store fails', async () => {
    const app = await tracker({ store: listing(SOME, new Error('secret')).store })
    expect((await scrapeAll(app)).get('failure reason')).toBe('internal server error')
    expect(rows(await scrapeAll(app))).toHaveLength(3)
  })
})

describe('the swarms of a full scrape', () => {
  test('are read once for all requests meanwhile and in the next five minutes', async () => {
    const { store, readings } = listing(SOME)
    const app = await tracker({ store })
    await app.ready()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    await Promise.all([scrapeAll(app), scrapeAll(app), scrapeAll(app, '2001:db8::7')])
    vi.advanceTimersByTime(299_999)
    await scrapeAll(app)
    expect(readings()).toBe(1)
    vi.advanceTimersByTime(1)
    await scrapeAll(app)
    expect(readings()).toBe(2)
  })

  test('are read as often as the option says', async () => {
    const { store, readings } = listing(SOME)
    const app = await tracker({ store, http: { fullScrapeCacheTime: '1s' } })
    await app.ready()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    expect((await scrapeAll(app)).get('flags')).toEqual(new Map([['min_request_interval', 1]]))
    vi.advanceTimersByTime(1000)
    await scrapeAll(app)
    expect(readings()).toBe(2)
  })

  test('are kept twice at most, so that a slow reader is cut off', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { store } = listing(SOME)
    const scrape = new FullScrape({ fullScrapeFrom: [], fullScrapeCacheTime: '1s' }, () =>
      store.swarms?.(),
    )
    const { body } = await scrape.answer('ipv4')
    const reader = body[Symbol.asyncIterator]()
    await reader.next()
    vi.advanceTimersByTime(1000)
    await scrape.answer('ipv4')
    await expect(reader.next()).rejects.toThrow('was replaced by a newer one')
    scrape.close()
  })
})

describe('the answer over a connection', () => {
  const MANY = Array.from({ length: 100_000 }, (_, number) => swarm(sampleInfoHash(number), number))

  test('has its exact length, and is the same with and without keep-alive', async () => {
    for (const keepAlive of [false, true]) {
      const app = await tracker({ store: listing(MANY).store, http: { keepAlive } })
      const received = await exchange(
        await listen(app),
        'GET /scrape HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n',
      )
      const [response] = parseResponses(received)
      expect(response?.head).not.toMatch(/^transfer-encoding/im)
      expect(response?.head).toMatch(/^content-type: text\/plain$/im)
      expect(received).toBe(`${response?.head}\r\n\r\n${response?.body}`)
      const answer = decode({
        rawPayload: Buffer.from(response?.body ?? '', 'latin1'),
      } as Parameters<typeof decode>[0])
      expect(rows(answer)).toHaveLength(MANY.length)
    }
  })

  test('waits for a client that does not read', async () => {
    const app = await tracker({ store: listing(MANY).store })
    const port = await listen(app)
    const accepted = once(app.server, 'connection')
    const client = connect(port, '127.0.0.1')
    client.pause()
    client.write('GET /scrape HTTP/1.0\r\n\r\n')
    const [serverSide] = (await accepted) as [Socket]
    await vi.waitUntil(() => serverSide.writableNeedDrain, { timeout: 10_000 })
    // A piece or two, and not the 7 MB of the whole.
    expect(serverSide.writableLength).toBeLessThan(500_000)
    const received = untilClose(client)
    client.resume()
    expect((await received).endsWith('min_request_intervali300eee')).toBe(true)
  })

  test('fails only for a client that leaves', async () => {
    const { store, readings } = listing(MANY)
    const app = await tracker({ store })
    const port = await listen(app)
    for (const leaves of ['at once', 'later']) {
      const client = connect(port, '127.0.0.1')
      client.write('GET /scrape HTTP/1.0\r\n\r\n')
      if (leaves === 'later') await once(client, 'data')
      client.destroy()
    }
    const received = await exchange(port, 'GET /scrape HTTP/1.0\r\n\r\n')
    expect(received.endsWith('min_request_intervali300eee')).toBe(true)
    expect(readings()).toBe(1)
  })
})

test('only the registration with the option allows full scrapes', async () => {
  const app = await tracker({ store: listing(SOME).store })
  await app.register(httpFrontend, { prefix: '/public' })
  expect((await scrapeAll(app, INDEXER, '/public/scrape')).get('failure reason')).toBe(
    'no info_hash parameter supplied',
  )
  expect(rows(await scrapeAll(app))).toHaveLength(3)
})
