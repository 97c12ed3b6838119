import { bdecode } from '@chihaya/bittorrent'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { FastifyInstance } from 'fastify'
import {
  announceTarget,
  failureReason,
  HASH,
  modelStore,
  PEER_ID,
  trackerApp,
} from './tracker-app.ts'

// What a request line can hold beside the space that ends it.
const visible = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  maxLength: 15_360,
  size: 'max',
})

const KEYS = [
  'info_hash',
  'peer_id',
  'port',
  'left',
  'uploaded',
  'downloaded',
  'event',
  'compact',
  'no_peer_id',
  'numwant',
  'ip',
  'ipv6',
]
const value = fc.oneof(
  fc.constantFrom(
    '',
    '0',
    '1',
    '-1',
    '65536',
    'started',
    'stopped',
    HASH,
    PEER_ID,
    '%',
    '%zz',
    '[::1]:80',
    '10.0.0.1',
    '2001:db8::1',
  ),
  fc.string({
    unit: fc.constantFrom('%', '0', 'f', '&', ';', '=', '+', '?', '#', 'a'),
    maxLength: 80,
  }),
)
const pair = fc.tuple(
  fc.oneof(fc.constantFrom(...KEYS), fc.constantFrom('__proto__', 'constructor', 'x')),
  value,
)
const query = fc
  .array(pair, { maxLength: 40 })
  .map((pairs) => pairs.map(([key, text]) => `${key}=${text}`).join('&'))

describe('for any target', () => {
  let app: FastifyInstance
  beforeAll(async () => {
    app = await trackerApp({
      http: { allowIpSpoofing: true, realIpHeader: 'x-forwarded-for' },
      server: { routerOptions: {} },
      store: modelStore(),
    })
    await app.ready()
  })
  afterAll(() => app.close())

  async function answered(
    url: string,
    headers: Record<string, string> = { 'x-forwarded-for': '10.0.0.7' },
  ): Promise<void> {
    const response = await app.inject({ url, headers })
    expect(response.statusCode).toBe(200)
    expect(response.headers['content-length']).toBe(String(response.rawPayload.length))
    expect(bdecode(response.rawPayload)).toBeInstanceOf(Map)
    expect(response.rawPayload.toString('latin1')).not.toContain('internal server error')
  }

  test.each(['/announce?', '/scrape?', '/announce?info_hash=', '/announce#'])(
    '%s and any text is answered in bencode',
    async (start) => {
      await fc.assert(
        fc.asyncProperty(visible, (text) => answered(start + text)),
        { numRuns: 150 },
      )
    },
  )

  test('any parameters are answered in bencode', async () => {
    await fc.assert(
      fc.asyncProperty(query, fc.constantFrom('/announce', '/scrape'), (text, path) =>
        answered(`${path}?${text}`),
      ),
      { numRuns: 500 },
    )
  })

  test('changes to a valid announce are answered in bencode', async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.constantFrom(...KEYS), value, { maxKeys: 4 }), (changes) =>
        answered(announceTarget(changes)),
      ),
      { numRuns: 500 },
    )
  })

  test('any list of addresses in the header is answered in bencode', async () => {
    const entry = fc.oneof(
      fc.ipV4(),
      fc.ipV6(),
      fc.string({ unit: 'grapheme-ascii', maxLength: 50 }),
      fc.constant('10.0.0.1'),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 100 }), (entries) =>
        answered(announceTarget(), { 'x-forwarded-for': entries.join(',') }),
      ),
      { numRuns: 300 },
    )
  })

  test.each(['&a', '%', '=', ';', '&', '&a=b', '&info_hash=', 'a', '%41', '&__proto__=x'])(
    '15 KiB of %j change nothing',
    async (unit) => {
      const text = unit.repeat(Math.floor(15_360 / unit.length))
      for (const path of ['/announce', '/scrape']) {
        await answered(`${path}?${text}`)
        await answered(`${path}?a=${text}`)
      }
      expect(({} as Record<string, unknown>)['x']).toBeUndefined()
      expect(
        failureReason(
          await app.inject({ url: announceTarget(), headers: { 'x-forwarded-for': '10.0.0.7' } }),
        ),
      ).toBeUndefined()
    },
  )
})
