import { addressFamily, toHex } from '@chihaya/bittorrent'
import {
  Readiness,
  RequestMeter,
  type PeerStore,
  type Scrape,
  type ScrapeAnswer,
  type SwarmEntry,
} from '@chihaya/core'
import { sampleInfoHash } from '@chihaya/core/testing'
import { status, TrackerStatus, type StatusOptions } from '@chihaya/status'
import { array, assert, integer, nat, property } from 'fast-check'
import Fastify, { type FastifyInstance } from 'fastify'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Largest } from '../src/largest.ts'
import { LEECHER, SEEDER, startTracker } from './status-tracker.ts'

const readiness = new Readiness({ error: () => undefined })
const meter = new RequestMeter()

/** A torrent with so many peers: seeders over IPv4, a leecher over IPv6. */
function torrent(number: number, seeders: number, downloaded = 0): SwarmEntry {
  return {
    infoHash: sampleInfoHash(number),
    seeders: { ipv4: seeders, ipv6: 0 },
    leechers: { ipv4: 0, ipv6: 1 },
    downloaded,
  }
}

/** A store that lists its torrents, ten at a time. */
class ListedStore implements PeerStore {
  walks = 0
  readonly #entries: readonly SwarmEntry[]

  constructor(entries: readonly SwarmEntry[]) {
    this.#entries = entries
  }

  async *swarms(): AsyncIterable<readonly SwarmEntry[]> {
    this.walks++
    for (let at = 0; at < this.#entries.length; at += 10) {
      // oxlint-disable-next-line no-await-in-loop
      await new Promise(setImmediate)
      yield this.#entries.slice(at, at + 10)
    }
  }

  announce(): never {
    throw new Error('nobody announces')
  }

  scrape({ infoHashes, address }: Scrape, answer: ScrapeAnswer): void {
    const family = addressFamily(address)
    for (const [index, infoHash] of infoHashes.entries()) {
      const entry = this.#entries.find((each) => each.infoHash === infoHash)
      const incomplete = entry?.leechers[family] ?? 0
      answer.set(index, entry?.seeders[family] ?? 0, incomplete, incomplete, entry?.downloaded ?? 0)
    }
  }

  stats() {
    return { swarms: 0, seeders: { ipv4: 0, ipv6: 0 }, leechers: { ipv4: 0, ipv6: 0 } }
  }
}

async function operationsWith(
  store: PeerStore | undefined,
  options: StatusOptions = {},
): Promise<FastifyInstance> {
  const app = Fastify()
  onTestFinished(() => app.close())
  const source = new TrackerStatus({ store: () => store, meter, readiness: () => readiness })
  await app.register(status, { torrents: true, source, ...options })
  return app
}

describe('a torrent', () => {
  test('has figures by family, and its downloads', async () => {
    await using tracker = await startTracker({ torrents: true })
    await tracker.client('http').announce(LEECHER)
    await tracker.client('http').announce({ ...LEECHER, event: 'completed', left: 0n })
    await tracker.client('http6').announce(LEECHER)
    const hex = toHex(LEECHER.infoHash)
    const response = await fetch(tracker.url('http', `/torrents/${hex}.json`))
    expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store'])
    expect(await response.json()).toEqual({
      infoHash: hex,
      seeders: { ipv4: 1, ipv6: 0 },
      leechers: { ipv4: 0, ipv6: 1 },
      downloaded: 1,
    })
    // Its version 2 form is cut to the 20 bytes that clients announce.
    expect(
      (await fetch(tracker.url('http', `/torrents/${hex.toUpperCase()}${'0'.repeat(24)}.json`)))
        .status,
    ).toBe(200)
  })

  test('is not found if unknown, and refused with an invalid infohash', async () => {
    const app = await operationsWith(new ListedStore([torrent(1, 1)]))
    const unknown = await app.inject(`/torrents/${toHex(sampleInfoHash(2))}.json`)
    expect([unknown.statusCode, unknown.json()]).toEqual([404, { error: 'unknown torrent' }])
    for (const text of ['x', 'a'.repeat(39), 'g'.repeat(40), '%00', 'a'.repeat(90)]) {
      // oxlint-disable-next-line no-await-in-loop
      const { statusCode, json } = await app.inject(`/torrents/${text}.json`)
      expect([statusCode, json()]).toEqual([
        400,
        { error: 'an infohash is 40 hex digits, or 64 for a torrent of version 2' },
      ])
    }
  })

  test('has no route unless configured', async () => {
    await using tracker = await startTracker({ stats: true })
    await tracker.client('http').announce(SEEDER)
    const paths = [`/torrents/${toHex(SEEDER.infoHash)}.json`, '/torrents.json']
    expect(
      await Promise.all(paths.map(async (path) => (await fetch(tracker.url('http', path))).status)),
    ).toEqual([404, 404])
  })

  test('is never in the log', async () => {
    const lines: string[] = []
    const app = Fastify({
      logger: { level: 'trace', stream: { write: (line: string) => void lines.push(line) } },
    })
    onTestFinished(() => app.close())
    const failing: PeerStore = Object.assign(new ListedStore([]), {
      scrape: () => {
        throw new Error('the store fails')
      },
    })
    const source = new TrackerStatus({ store: () => failing, meter, readiness: () => readiness })
    await app.register(status, { torrents: true, stats: true, source })
    const hex = toHex(sampleInfoHash(7))
    expect((await app.inject(`/torrents/${hex}.json`)).statusCode).toBe(500)
    await app.inject('/stats.json')
    expect(lines.join('')).toContain('the store fails')
    expect(lines.join('')).toContain('/stats.json')
    expect(lines.join('')).not.toContain(hex)
  })
})

describe('the largest torrents', () => {
  const entries = Array.from({ length: 1500 }, (_, index) =>
    torrent(index, (index * 7) % 1500, 1500 - index),
  )

  test.each([
    ['', 'peers', 100],
    ['?sort=seeders&limit=3', 'seeders', 3],
    ['?sort=leechers&limit=1', 'leechers', 1],
    ['?sort=downloaded&limit=1000', 'downloaded', 1000],
  ])('%s', async (query, sort, length) => {
    const app = await operationsWith(new ListedStore(entries))
    const { torrents, ...rest } = (await app.inject(`/torrents.json${query}`)).json()
    expect(rest).toEqual({ time: expect.stringMatching(/^\d{4}-.*Z$/), swarms: 1500, sort })
    const size = ({ seeders, downloaded }: SwarmEntry) =>
      sort === 'downloaded' ? downloaded : sort === 'leechers' ? 1 : seeders.ipv4
    const largest = [...entries].sort((a, b) => size(b) - size(a)).slice(0, length)
    expect(torrents.map(size)).toEqual(largest.map(size))
    if (sort !== 'leechers')
      expect(torrents[0]).toEqual({ ...largest[0], infoHash: toHex(largest[0]?.infoHash ?? '') })
  })

  test('are counted once at a time, however many ask', async () => {
    const store = new ListedStore(entries)
    const app = await operationsWith(store)
    await Promise.all(Array.from({ length: 50 }, () => app.inject('/torrents.json?sort=seeders')))
    await app.inject('/torrents.json?sort=downloaded&limit=5')
    expect(store.walks).toBe(1)
  })

  test('are there once, though a store may list a torrent twice', async () => {
    const app = await operationsWith(new ListedStore([torrent(1, 5), torrent(2, 4), torrent(1, 5)]))
    expect((await app.inject('/torrents.json')).json().torrents).toHaveLength(2)
  })

  test.each([
    'sort=size',
    'limit=0',
    'limit=1001',
    'limit=ten',
    'limit=1.5',
    'limit=-1',
    'sort=peers&sort=peers',
    'limit=',
  ])('are not those of %s', async (query) => {
    const app = await operationsWith(new ListedStore([]))
    const { statusCode, json } = await app.inject(`/torrents.json?${query}`)
    expect(statusCode).toBe(400)
    expect(json().error).toMatch(
      /^(sort is one of peers, seeders, leechers, downloaded|limit is a whole number from 1 to 1000)$/,
    )
  })

  test('are unavailable from a store that cannot list them', async () => {
    const app = await operationsWith(
      Object.assign(new ListedStore([]), { swarms: undefined }) as PeerStore,
    )
    const { statusCode, json } = await app.inject('/torrents.json')
    expect([statusCode, json()]).toEqual([501, { error: 'this store cannot list its torrents' }])
  })

  test('are empty without a store', async () => {
    const app = await operationsWith(undefined)
    expect((await app.inject('/torrents.json')).json().torrents).toEqual([])
    expect((await app.inject(`/torrents/${toHex(sampleInfoHash(1))}.json`)).statusCode).toBe(404)
  })

  test('match a full sort', () => {
    assert(
      property(array(nat(20)), integer({ min: 1, max: 12 }), (sizes, limit) => {
        const largest = new Largest<number>(limit)
        for (const size of sizes) largest.add(size, size)
        expect(largest.sorted()).toEqual([...sizes].sort((a, b) => b - a).slice(0, limit))
      }),
    )
  })
})
