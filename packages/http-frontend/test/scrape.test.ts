import { byteString, infoHashFrom } from '@chihaya/bittorrent'
import { sampleInfoHash } from '@chihaya/core/testing'
import type { FastifyInstance } from 'fastify'
import { describe, expect, test } from 'vitest'
import { announce, decode, escape, modelStore, trackerApp, type Dictionary } from './tracker-app.ts'

const KNOWN = byteString(Uint8Array.from({ length: 20 }, (_, index) => 0xa0 + index))

function target(infoHashes: readonly string[]): string {
  return `/scrape?${infoHashes.map((infoHash) => `info_hash=${escape(infoHash)}`).join('&')}`
}

async function scrape(
  app: FastifyInstance,
  infoHashes: readonly string[],
  remoteAddress = '192.0.2.7',
): Promise<Dictionary> {
  return decode(await app.inject({ url: target(infoHashes), remoteAddress }))
}

function rows(answer: Dictionary): Array<[string, unknown]> {
  return [...(answer.get('files') as Map<string, Dictionary>)].map(([hash, row]) => [
    hash,
    Object.fromEntries(row),
  ])
}

const nobody = { complete: 0, downloaded: 0, downloaders: 0, incomplete: 0 }

describe('an answer', () => {
  test('is exact to the byte', async () => {
    await using app = await trackerApp({
      hooks: (tracker) =>
        tracker.addHook('preScrape', (_scrape, answer, context) => {
          context.skipSwarmInteraction = true
          answer.set(0, 1, 2, 2, 5)
        }),
    })
    const response = await app.inject(target([KNOWN]))
    expect(byteString(response.rawPayload)).toBe(
      `d5:filesd20:${KNOWN}d8:completei1e10:downloadedi5e11:downloadersi2e10:incompletei2eee` +
        '5:flagsd20:min_request_intervali900eee',
    )
  })

  test('holds each infohash once, in byte order, with zeros for unknown ones', async () => {
    await using app = await trackerApp()
    await announce(app, { info_hash: escape(KNOWN), event: 'completed' })
    await announce(app, { info_hash: escape(KNOWN), event: 'paused' }, '192.0.2.8')
    await announce(app, { info_hash: escape(KNOWN) }, '192.0.2.9')
    const [low, high] = ['\0'.repeat(20), '\xff'.repeat(20)]
    const answer = await scrape(app, [high, KNOWN, low, KNOWN])
    expect(rows(answer)).toEqual([
      [low, nobody],
      [KNOWN, { complete: 1, downloaded: 1, downloaders: 1, incomplete: 2 }],
      [high, nobody],
    ])
    expect(answer.get('flags')).toEqual(new Map([['min_request_interval', 900]]))
  })

  test('holds a row for an infohash that hooks left without an entry', async () => {
    await using app = await trackerApp({
      hooks: (tracker) =>
        tracker.addHook(
          'preScrape',
          (_request, _response, context) => void (context.skipSwarmInteraction = true),
        ),
    })
    expect(rows(await scrape(app, [KNOWN]))).toEqual([[KNOWN, nobody]])
  })

  test('counts the swarms of the family that asks', async () => {
    await using app = await trackerApp({ http: { realIpHeader: 'x-forwarded-for' } })
    const headers = { 'x-forwarded-for': '2001:db8::7' }
    await announce(app, { info_hash: escape(KNOWN) }, '203.0.113.9')
    const asked = async (more: object): Promise<unknown> =>
      rows(decode(await app.inject({ url: target([KNOWN]), ...more })))[0]?.[1]
    expect(await asked({ remoteAddress: '192.0.2.7' })).toMatchObject({ incomplete: 1 })
    expect(await asked({ remoteAddress: '2001:db8::7' })).toMatchObject({ incomplete: 0 })
    expect(await asked({ remoteAddress: '127.0.0.1', headers })).toMatchObject({ incomplete: 0 })
  })

  test('creates no swarm', async () => {
    const store = modelStore()
    await using app = await trackerApp({ store })
    for (let number = 0; number < 20; number++) await scrape(app, [sampleInfoHash(number)])
    expect(store.stats().swarms).toBe(0)
  })
})

describe('a refusal', () => {
  async function reason(query: string, options = {}): Promise<unknown> {
    await using app = await trackerApp({ http: options })
    return decode(await app.inject(`/scrape${query}`)).get('failure reason')
  }

  test('answers a scrape of all swarms', async () => {
    expect(await reason('')).toBe('no info_hash parameter supplied')
    expect(await reason('?')).toBe('no info_hash parameter supplied')
    expect(await reason('?a=b')).toBe('no info_hash parameter supplied')
  })

  test('answers one bad infohash among good ones', async () => {
    expect(await reason(`?info_hash=${escape(KNOWN)}&info_hash=short`)).toBe(
      'provided invalid infohash',
    )
    expect(await reason(`?info_hash=${escape(KNOWN)}&info_hash=%zz`)).toBe('invalid query escape')
  })

  test('answers too many infohashes in words that make Transmission send fewer', async () => {
    const many = (count: number): string =>
      target(Array.from({ length: count }, (_, number) => sampleInfoHash(number))).slice(7)
    expect(await reason(many(100))).toBeUndefined()
    expect(await reason(many(101))).toContain('Request-URI Too Long')
    expect(await reason(many(3), { maxScrapeInfoHashes: 2 })).toContain('Request-URI Too Long')
  })

  test('answers a scrape that a hook refuses', async () => {
    await using app = await trackerApp({
      hooks: (tracker) =>
        tracker.addHook('preScrape', () => {
          throw new Error('secret')
        }),
    })
    expect((await scrape(app, [KNOWN])).get('failure reason')).toBe('internal server error')
  })
})

test('hooks see the infohashes in their order, and the URL', async () => {
  const seen: unknown[] = []
  await using app = await trackerApp({
    http: { announceRoutes: ['/:passkey/announce'] },
    hooks: (tracker) =>
      tracker.addHook('preScrape', ({ infoHashes, params }) => {
        seen.push(infoHashes, params.path, params.route('passkey'), params.get('jwt'))
      }),
  })
  await app.inject(`/s3cret${target([KNOWN, KNOWN])}&jwt=a.b.c`)
  expect(seen).toEqual([
    [infoHashFrom(KNOWN), infoHashFrom(KNOWN)],
    '/s3cret/scrape',
    's3cret',
    'a.b.c',
  ])
})
