import { bencode, utf8, type Bencodable } from '@chihaya/bittorrent'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readAnnounceBody, readScrapeBody } from '../src/http-answer.ts'
import {
  readAnnounce,
  readConnect,
  readScrape,
  readTransactionId,
  TrackerFailure,
} from '../src/index.ts'
import { ANNOUNCE, endpointText } from './tracker.ts'

function body(...entries: Array<[string, Bencodable]>): Buffer {
  return bencode(new Map(entries))
}

const COUNTERS: Array<[string, Bencodable]> = [
  ['complete', 1],
  ['incomplete', 2],
  ['interval', 1800],
]

describe('the body of an announce', () => {
  test('may hold dictionaries, and peers of both families', () => {
    const peers = [
      new Map<string, Bencodable>([
        ['ip', '192.0.2.7'],
        ['port', 6881],
      ]),
    ]
    const peers6 = Buffer.concat([Buffer.alloc(15), Buffer.of(9, 0x1a, 0xe1)])
    const answer = readAnnounceBody(
      body(...COUNTERS, ['peers', peers], ['peers6', peers6], ['warning message', utf8('full')]),
    )
    expect(answer).toMatchObject({
      complete: 1,
      incomplete: 2,
      interval: 1800,
      warning: 'full',
      minInterval: undefined,
    })
    expect(answer.peers.map(endpointText)).toEqual(['192.0.2.7 6881', '::9 6881'])
  })

  test.each([
    ['peers missing', body(...COUNTERS)],
    ['compact peers of a wrong length', body(...COUNTERS, ['peers', '12345'])],
    [
      'a peer whose ip is a name',
      body(...COUNTERS, [
        'peers',
        [
          new Map<string, Bencodable>([
            ['ip', 'host'],
            ['port', 1],
          ]),
        ],
      ]),
    ],
    [
      'an interval that is a string',
      body(['complete', 1], ['incomplete', 2], ['interval', '1800'], ['peers', '']),
    ],
    ['no dictionary', bencode(['peers'])],
    ['no bencode', Buffer.from('<html>')],
  ])('makes no sense with %s', (_, bytes) => {
    expect(() => readAnnounceBody(bytes)).toThrow(SyntaxError)
  })

  test('is a failure when it says so', () => {
    expect(() => readAnnounceBody(body(['failure reason', 'no']))).toThrow(new TrackerFailure('no'))
  })
})

test('a scrape without one of the infohashes makes no sense', () => {
  expect(() => readScrapeBody(body(['files', new Map()]), [ANNOUNCE.infoHash])).toThrow(SyntaxError)
})

test('a UDP answer that is an error is a failure with its text', () => {
  const error = Buffer.concat([Buffer.of(0, 0, 0, 3, 0, 0, 0, 9), Buffer.from('bad connection ID')])
  expect(() => readConnect(error)).toThrow(new TrackerFailure('bad connection ID'))
  expect(readTransactionId(error)).toBe(9)
})

test('a UDP answer of another kind, or cut short, makes no sense', () => {
  const connect = Buffer.from('00000000112233446b016bee447b71d0', 'hex')
  expect(readConnect(connect)).toBe(0x6b016bee447b71d0n)
  expect(() => readConnect(connect.subarray(0, 15))).toThrow(SyntaxError)
  expect(() => readScrape(connect, 1)).toThrow(SyntaxError)
  expect(readTransactionId(connect.subarray(0, 7))).toBeUndefined()
})

test('no bytes make a reader throw anything else', () => {
  const readers = [
    (bytes: Buffer) => readAnnounceBody(bytes),
    (bytes: Buffer) => readScrapeBody(bytes, [ANNOUNCE.infoHash]),
    (bytes: Buffer) => readConnect(bytes),
    (bytes: Buffer) => readAnnounce(bytes, 'ipv4'),
    (bytes: Buffer) => readAnnounce(bytes, 'ipv6'),
    (bytes: Buffer) => readScrape(bytes, 2),
  ]
  const action = fc.constantFrom(
    '',
    '\0\0\0\0',
    '\0\0\0\x01',
    '\0\0\0\x02',
    '\0\0\0\x03',
    'd8:completei0e',
  )
  fc.assert(
    fc.property(action, fc.uint8Array({ maxLength: 16_384, size: 'max' }), (start, rest) => {
      const bytes = Buffer.concat([Buffer.from(start, 'latin1'), rest])
      for (const read of readers) {
        try {
          read(bytes)
        } catch (error) {
          expect(error instanceof SyntaxError || error instanceof TrackerFailure).toBe(true)
        }
      }
    }),
  )
})
