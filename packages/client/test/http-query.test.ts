import { Query } from '@chihaya/bittorrent'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { announceQuery, escapeBytes, scrapeQuery, scrapeUrl } from '../src/index.ts'
import { ANNOUNCE } from './announce.ts'

const byteStrings = fc
  .uint8Array({ maxLength: 341 })
  .map((bytes) => Buffer.from(bytes).toString('latin1'))

function parse(query: string): Query {
  return Query.parse(query, 0, query.length, { maxInfoHashes: 10 })
}

describe('escapeBytes', () => {
  test('leaves unreserved characters and escapes all others', () => {
    expect(escapeBytes('aZ09-._~ /?&=%+;\x00\xff')).toBe('aZ09-._~%20%2F%3F%26%3D%25%2B%3B%00%FF')
  })

  test('restores any bytes when parsed', () => {
    fc.assert(
      fc.property(byteStrings, (text) => {
        expect(parse(`a=${escapeBytes(text)}`).get('a')).toBe(text)
      }),
    )
  })
})

test('an announce has the given parameters, and no others', () => {
  expect(announceQuery({ ...ANNOUNCE, left: 0n, event: 'none' })).toMatch(
    /^info_hash=[^&]+&peer_id=[^&]+&port=6881&uploaded=0&downloaded=0&left=0&compact=1$/,
  )
  expect(announceQuery({ ...ANNOUNCE, numWant: 0, event: 'stopped' })).toMatch(
    /&numwant=0&event=stopped$/,
  )
})

test('a scrape names every infohash', () => {
  expect(parse(scrapeQuery([ANNOUNCE.infoHash, ANNOUNCE.infoHash])).infoHashes).toEqual([
    ANNOUNCE.infoHash,
    ANNOUNCE.infoHash,
  ])
})

test.each([
  ['http://host/announce', 'http://host/scrape'],
  ['http://host/x/announce', 'http://host/x/scrape'],
  ['http://host/announce.php', 'http://host/scrape.php'],
  ['http://host/announce?x=2', 'http://host/scrape?x=2'],
  ['http://host/a', undefined],
  ['http://host/announce/x', undefined],
])('the scrape of %s is %s', (announce, scrape) => {
  expect(scrapeUrl(announce)).toBe(scrape)
})
