import { bencode, utf8, type Bencodable } from '@chihaya/bittorrent'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  InvalidAnswerError,
  readAnnounceBody,
  readScrapeBody,
  TrackerFailure,
} from '../src/index.ts'
import { ANNOUNCE, endpointText } from './announce.ts'

function body(...entries: Array<[string, Bencodable]>): Buffer {
  return bencode(new Map(entries))
}

function peer(ip: string): Map<string, Bencodable> {
  return new Map<string, Bencodable>([
    ['ip', ip],
    ['port', 6881],
  ])
}

const COUNTERS: Array<[string, Bencodable]> = [
  ['complete', 1],
  ['incomplete', 2],
  ['interval', 1800],
]

describe('the body of an announce', () => {
  test('may hold peers as dictionaries, and of both families', () => {
    const peers6 = Buffer.concat([Buffer.alloc(15), Buffer.of(9, 0x1a, 0xe1)])
    const answer = readAnnounceBody(
      body(
        ...COUNTERS,
        ['peers', [peer('192.0.2.7')]],
        ['peers6', peers6],
        ['warning message', utf8('full')],
      ),
    )
    expect(answer).toMatchObject({
      complete: 1,
      incomplete: 2,
      interval: 1800,
      warning: 'full',
      minInterval: undefined,
      remarks: [],
    })
    expect(answer.peers.map(endpointText)).toEqual(['192.0.2.7 6881', '::9 6881'])
  })

  test('needs no counters, which BEP 3 does not have', () => {
    expect(readAnnounceBody(body(['interval', 9], ['peers', '']))).toMatchObject({
      interval: 9,
      complete: undefined,
      incomplete: undefined,
    })
  })

  test.each([
    ['peers missing', body(...COUNTERS)],
    ['compact peers of a wrong length', body(...COUNTERS, ['peers', '12345'])],
    ['a host name as the ip of a peer', body(...COUNTERS, ['peers', [peer('host')]])],
    ['an interval that is a string', body(['interval', '1800'], ['peers', ''])],
    ['a list', bencode(['peers'])],
    ['HTML', Buffer.from('<html>')],
    ['unsorted keys', Buffer.from('d5:peers0:8:intervali9ee')],
    ['a line end', Buffer.from('d8:intervali9e5:peers0:e\n')],
  ])('is invalid with %s', (_, bytes) => {
    expect(() => readAnnounceBody(bytes)).toThrow(InvalidAnswerError)
  })

  test('may be a failure, with the time to wait', () => {
    expect(() => readAnnounceBody(body(['failure reason', 'no']))).toThrow(new TrackerFailure('no'))
    for (const retryIn of [5, 'never'] as const)
      expect(() => readAnnounceBody(body(['failure reason', 'no'], ['retry in', retryIn]))).toThrow(
        expect.objectContaining({ message: 'no', retryIn }),
      )
  })
})

describe('a lenient reading of an announce', () => {
  test.each<[string, Buffer, string[]]>([
    [
      'unsorted keys',
      Buffer.from('d5:peers0:8:intervali9ee'),
      ['the keys of the answer are not sorted, as BEP 3 requires'],
    ],
    ['a line end', Buffer.from('d8:intervali9e5:peers0:e\r\n'), ['a line end follows the answer']],
    ['missing peers', body(['interval', 9]), []],
    [
      'host names in place of addresses',
      body(['interval', 9], ['peers', [peer('host'), peer('host')]]),
      ["a peer's ip is not an address"],
    ],
  ])('accepts %s', (_, bytes, remarks) => {
    expect(readAnnounceBody(bytes, { lenient: true })).toMatchObject({
      interval: 9,
      peers: [],
      remarks,
    })
  })

  test('assumes a missing interval', () => {
    expect(readAnnounceBody(body(['peers', '']), { lenient: true })).toMatchObject({
      interval: 1800,
      remarks: ['the answer has no interval; 1800 s is assumed'],
    })
  })

  test.each([
    ['a duplicate key', Buffer.from('d8:intervali9e8:intervali9e5:peers0:e')],
    ['missing bytes', Buffer.from('d8:intervali9e5:peers0:')],
    ['an interval that is a string', body(['interval', '9'], ['peers', ''])],
  ])('refuses %s', (_, bytes) => {
    expect(() => readAnnounceBody(bytes, { lenient: true })).toThrow(InvalidAnswerError)
  })
})

test('a scrape without one of the infohashes is invalid', () => {
  expect(() => readScrapeBody(body(['files', new Map()]), [ANNOUNCE.infoHash])).toThrow(
    InvalidAnswerError,
  )
})

test('no bytes make a reader throw anything but a failure or an invalid answer', () => {
  const start = fc.constantFrom('', 'd8:completei0e', 'd8:intervali9e5:peers', 'd14:failure reason')
  const lenient = fc.boolean()
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 16_384, size: 'max' }), lenient, (...input) => {
      const bytes = Buffer.concat([Buffer.from(input[0], 'latin1'), input[1]])
      for (const read of [
        () => readAnnounceBody(bytes, { lenient: input[2] }),
        () => readScrapeBody(bytes, [ANNOUNCE.infoHash], { lenient: input[2] }),
      ]) {
        try {
          read()
        } catch (error) {
          expect(error instanceof InvalidAnswerError || error instanceof TrackerFailure).toBe(true)
        }
      }
    }),
  )
})

test('any bencoded values make a reader throw nothing else either', () => {
  const keys = fc.constantFrom('interval', 'peers', 'peers6', 'failure reason', 'retry in', 'files')
  const values = fc.oneof(
    fc.integer(),
    fc.constantFrom('', 'abcdef'),
    fc.constant([new Map<string, Bencodable>([['ip', '::1']])]),
    fc.constant(new Map<string, Bencodable>([[ANNOUNCE.infoHash, new Map()]])),
  )
  fc.assert(
    fc.property(fc.array(fc.tuple(keys, values)), fc.boolean(), (entries, lenient) => {
      const bytes = bencode(new Map<string, Bencodable>(entries))
      for (const read of [
        () => readAnnounceBody(bytes, { lenient }),
        () => readScrapeBody(bytes, [ANNOUNCE.infoHash], { lenient }),
      ]) {
        try {
          read()
        } catch (error) {
          expect(error instanceof InvalidAnswerError || error instanceof TrackerFailure).toBe(true)
        }
      }
    }),
  )
})
