import type { Announce } from '@chihaya/core'
import type { HttpFrontendOptions } from '@chihaya/http-frontend'
import { afterEach, describe, expect, test } from 'vitest'
import { announceTarget, escape, failureReason, HASH, PEER_ID, trackerApp } from './tracker-app.ts'

const open: Array<() => Promise<void>> = []
afterEach(async () => {
  for (const close of open.splice(0)) await close()
})

type Changes = Record<string, string | null>

/** What the tracker is given for an announce, or the text that refuses it. */
async function parsed(
  changes: Changes,
  http: HttpFrontendOptions = {},
): Promise<Announce | string> {
  let seen: Announce | undefined
  const app = await trackerApp({
    http,
    hooks: (tracker) => tracker.addHook('preAnnounce', (request) => void (seen = request)),
  })
  open.push(() => app.close())
  const response = await app.inject({ url: announceTarget(changes), remoteAddress: '192.0.2.7' })
  return seen ?? failureReason(response) ?? 'neither seen nor refused'
}

function table(
  key: keyof Announce,
  rows: ReadonlyArray<[changes: Changes, expected: unknown]>,
): void {
  test.each(rows)('%j', async (changes, expected) => {
    const request = await parsed(changes)
    expect(typeof request === 'string' ? request : request[key]).toEqual(expected)
  })
}

describe('info_hash', () => {
  table('infoHash', [
    [{ info_hash: escape('\0\xff'.repeat(10)) }, '\0\xff'.repeat(10)],
    [{ info_hash: escape('\xe9'.repeat(20)).toUpperCase() }, '\xe9'.repeat(20)],
    [{ info_hash: "a+b%2Bc()*~!'.-_01234567890".slice(0, 22) }, "a b+c()*~!'.-_012345"],
    [
      { info_hash: '%A2%A1U7T%2B%22%92Z%D1%04%86%BFz%8B%2A%9CB%F0%D1' },
      '\xa2\xa1U7T+"\x92Z\xd1\x04\x86\xbfz\x8b*\x9cB\xf0\xd1',
    ],
    [{ info_hash: null }, 'no info_hash parameter supplied'],
    [{ info_hash: null, INFO_HASH: HASH }, expect.any(String)],
    [{ info_hash: '' }, 'provided invalid infohash'],
    [{ info_hash: escape('x'.repeat(19)) }, 'provided invalid infohash'],
    [{ info_hash: escape('x'.repeat(21)) }, 'provided invalid infohash'],
    [{ info_hash: 'a'.repeat(40) }, 'provided invalid infohash'],
    [{ info_hash: escape('x'.repeat(32)) }, 'provided invalid infohash'],
    [{ info_hash: `${HASH}&info_hash=${HASH}` }, 'multiple info_hash parameters supplied'],
    [{ info_hash: `${HASH}&info_hash=short` }, 'multiple info_hash parameters supplied'],
    [{ info_hash: `short&info_hash=${HASH}` }, 'multiple info_hash parameters supplied'],
    [{ info_hash: `short&info_hash=` }, 'multiple info_hash parameters supplied'],
    [{ info_hash: `${HASH}&info_hash=%zz` }, 'multiple info_hash parameters supplied'],
    [{ info_hash: `%zz&info_hash=${HASH}` }, 'multiple info_hash parameters supplied'],
    [{ info_hash: `%zz&info_hash=%4` }, 'multiple info_hash parameters supplied'],
    [
      { info_hash: `${HASH}&info_hash=${'x'.repeat(2049)}` },
      'multiple info_hash parameters supplied',
    ],
    [
      { info_hash: null, left: `x&info_hash=${HASH}&info_hash=${HASH}` },
      'multiple info_hash parameters supplied',
    ],
    [{ info_hash: '%0%a' }, 'invalid query escape'],
    [{ info_hash: '%2541'.repeat(4) }, 'provided invalid infohash'],
  ])
})

describe('peer_id', () => {
  table('peerId', [
    [{ peer_id: '-LT2080-sdtOU)UOaL(l' }, '-LT2080-sdtOU)UOaL(l'],
    [{ peer_id: escape('\0'.repeat(20)) }, '\0'.repeat(20)],
    [{ peer_id: null }, 'failed to parse parameter: peer_id'],
    [{ peer_id: '' }, 'failed to provide valid peer_id'],
    [{ peer_id: 'short' }, 'failed to provide valid peer_id'],
    [{ peer_id: 'x'.repeat(21) }, 'failed to provide valid peer_id'],
    [{ peer_id: `short&peer_id=${PEER_ID}` }, expect.stringMatching(/^-TS0001-/)],
  ])
})

describe('port', () => {
  table('port', [
    [{ port: '1' }, 1],
    [{ port: '80' }, 80],
    [{ port: '6881' }, 6881],
    [{ port: '65535' }, 65_535],
    [{ port: '1&port=2' }, 2],
    [{ port: '0' }, 'invalid port'],
    [{ port: '65536' }, 'invalid port'],
    [{ port: '99999999999999999999' }, 'invalid port'],
    [{ port: null }, 'failed to parse parameter: port'],
    [{ port: '' }, 'failed to parse parameter: port'],
    [{ port: '-1' }, 'failed to parse parameter: port'],
    [{ port: '-0' }, 'failed to parse parameter: port'],
    [{ port: '6881abc' }, 'failed to parse parameter: port'],
    [{ port: '0x1AE1' }, 'failed to parse parameter: port'],
    [{ port: '6881.0' }, 'failed to parse parameter: port'],
    [{ port: '1e3' }, 'failed to parse parameter: port'],
    [{ port: '%006881' }, 'failed to parse parameter: port'],
    [{ port: '+6881' }, 'failed to parse parameter: port'],
    [{ port: '0', cryptoport: '6882' }, 6882],
    [{ port: '0', cryptoport: '0' }, 'invalid port'],
    [{ port: '0', cryptoport: '65536' }, 'invalid port'],
    [{ port: '0', cryptoport: 'x' }, 'invalid port'],
    [{ port: '6881', cryptoport: '6882' }, 6881],
    [{ port: null, cryptoport: '6882' }, 6882],
    [{ port: 'x', cryptoport: '6882' }, 'failed to parse parameter: port'],
    [{ port: '0', event: 'paused' }, 'invalid port'],
    [{ port: '0', event: 'x' }, 'failed to provide valid client event'],
  ])

  test.each([null, '', '0', '-1', 'x', '65536'])(
    '%j does not keep a client from leaving',
    async (port) => {
      for (const allowUnconnectable of [false, true]) {
        expect(await parsed({ port, event: 'Stopped' }, { allowUnconnectable })).toMatchObject({
          port: 0,
          event: 'stopped',
        })
      }
      expect(await parsed({ port, cryptoport: '6882', event: 'stopped' })).toMatchObject({
        port: 6882,
      })
    },
  )

  test.each([null, '', '0'])(
    '%j is let through where unconnectable clients are served',
    async (port) => {
      expect(await parsed({ port }, { allowUnconnectable: true })).toMatchObject({ port: 0 })
      expect(await parsed({ port, cryptoport: '7' }, { allowUnconnectable: true })).toMatchObject({
        port: 7,
      })
      expect(await parsed({ port, cryptoport: 'x' }, { allowUnconnectable: true })).toMatchObject({
        port: 0,
      })
    },
  )

  test.each([
    ['65536', 'invalid port'],
    ['-1', 'failed to parse parameter: port'],
    ['x', 'failed to parse parameter: port'],
  ])('%j is refused there as well', async (port, reason) => {
    expect(await parsed({ port }, { allowUnconnectable: true })).toBe(reason)
  })
})

describe('left', () => {
  table('left', [
    [{ left: '0' }, 0n],
    [{ left: '18446744073709551615' }, 2n ** 64n - 1n],
    [{ left: '00012' }, 12n],
    [{ left: null }, undefined],
    [{ left: '' }, undefined],
    [{ left: '-1' }, 'failed to parse parameter: left'],
    [{ left: '1.5' }, 'failed to parse parameter: left'],
    [{ left: 'many' }, 'failed to parse parameter: left'],
    [{ left: '18446744073709551616' }, 'failed to parse parameter: left'],
    [{ left: '100000000000000000000' }, 'failed to parse parameter: left'],
  ])
})

describe('left, as seeding', () => {
  table('seeding', [
    [{ left: '0' }, true],
    [{ left: '000' }, true],
    [{ left: '1' }, false],
    [{ left: null }, false],
    [{ left: '18446744073709551615' }, false],
  ])
})

describe('uploaded', () => {
  table('uploaded', [
    [{}, 0n],
    [{ uploaded: '' }, 0n],
    [{ uploaded: '18446744073709551615' }, 2n ** 64n - 1n],
    [{ uploaded: '-1' }, 'failed to parse parameter: uploaded'],
  ])
})

describe('downloaded', () => {
  table('downloaded', [
    [{}, 0n],
    [{ downloaded: '9007199254740993' }, 9_007_199_254_740_993n],
    [{ downloaded: 'x' }, 'failed to parse parameter: downloaded'],
  ])
})

describe('event', () => {
  table('event', [
    [{}, 'none'],
    [{ event: '' }, 'none'],
    [{ event: 'empty' }, 'none'],
    [{ event: 'none' }, 'none'],
    [{ event: 'update' }, 'none'],
    [{ event: 'started' }, 'started'],
    [{ event: 'STARTED' }, 'started'],
    [{ event: 'stopped' }, 'stopped'],
    [{ event: 'completed' }, 'completed'],
    [{ event: 'Paused' }, 'paused'],
    [{ event: 'foo' }, 'failed to provide valid client event'],
    [{ event: '__proto__' }, 'failed to provide valid client event'],
  ])
})

describe('numwant', () => {
  table('numWant', [
    [{}, 50],
    [{ numwant: '' }, 50],
    [{ numwant: '0' }, 0],
    [{ numwant: '1' }, 1],
    [{ numwant: '100' }, 100],
    [{ numwant: '200' }, 100],
    [{ numwant: '18446744073709551615' }, 100],
    [{ numwant: '-1' }, 50],
    [{ num_want: '7' }, 7],
    [{ numwant: '5', num_want: '7' }, 5],
    [{ numwant: 'abc' }, 'failed to parse parameter: numwant'],
    [{ numwant: '1.0' }, 'failed to parse parameter: numwant'],
    [{ numwant: 'abc', num_want: '7' }, 'failed to parse parameter: numwant'],
    [{ num_want: 'abc' }, 50],
    [{ num_want: '' }, 50],
    [{ num_want: '-1' }, 50],
    [{ num_want: '1.0' }, 50],
    [{ numwant: '', num_want: '7' }, 7],
    [{ numwant: '', num_want: 'abc' }, 50],
    [{ numwant: '5', num_want: 'abc' }, 5],
  ])

  test('keeps within the limits of the options', async () => {
    expect(await parsed({}, { defaultNumWant: 7, maxNumWant: 9 })).toMatchObject({ numWant: 7 })
    expect(await parsed({ numwant: '50' }, { defaultNumWant: 7, maxNumWant: 9 })).toMatchObject({
      numWant: 9,
    })
    expect(await parsed({}, { maxNumWant: 9 })).toMatchObject({ numWant: 9 })
  })
})

describe('compact and no_peer_id', () => {
  table('wantsPeerIds', [
    [{}, false],
    [{ compact: '' }, false],
    [{ compact: '1' }, false],
    [{ compact: '2' }, false],
    [{ compact: '0' }, true],
    [{ compact: '0', no_peer_id: '0' }, true],
    [{ compact: '0', no_peer_id: '' }, true],
    [{ compact: '0', no_peer_id: '1' }, false],
  ])

  test('an absent compact means what the options say', async () => {
    expect(await parsed({}, { compactDefault: false })).toMatchObject({ wantsPeerIds: true })
    expect(await parsed({ compact: '' }, { compactDefault: false })).toMatchObject({
      wantsPeerIds: true,
    })
    expect(await parsed({ compact: '1' }, { compactDefault: false })).toMatchObject({
      wantsPeerIds: false,
    })
  })
})

describe('irrelevant parameters', () => {
  const ignored =
    'corrupt redundant key trackerid ip ipv4 ipv6 supportcrypto requirecrypto azudp azver hide nocache'.split(
      ' ',
    )
  test.each(ignored)('%s may have any value', async (name) => {
    for (const value of ['', '1', 'x'.repeat(2048), escape('<script>\0\r\n')]) {
      expect(await parsed({ [name]: value })).toMatchObject({
        port: 6881,
        address: Uint8Array.of(192, 0, 2, 7),
      })
    }
  })
})

describe('the query as a whole', () => {
  table('left', [
    [{ '': 'no key', left: '5' }, 5n],
    [{ LEFT: '6' }, 6n],
    [{ left: '1&&&left=7&' }, 7n],
    [{ left: '1;left=8' }, 8n],
    [{ left: '9?left=9' }, 'failed to parse parameter: left'],
    [{ left: '9#&left=x' }, 9n],
    [{ left: '9&a=b=c' }, 9n],
    [{ left: '9&a%3' }, 'invalid query escape'],
    [{ left: `9${'&a'.repeat(98)}` }, 'too many query parameters'],
    [{ left: `9&${'k'.repeat(65)}` }, 'query parameter name too long'],
    [{ left: `9&k=${'v'.repeat(2049)}` }, 'query parameter value too long'],
  ])

  test('the query of the announce URL comes first', async () => {
    expect(await parsed({ info_hash: null, 'passkey=1&info_hash': HASH })).toMatchObject({
      port: 6881,
    })
  })

  test('`;` is an ordinary character where the options say so', async () => {
    expect(await parsed({ left: '1;left=8' }, { semicolonSeparators: false })).toBe(
      'failed to parse parameter: left',
    )
  })

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    '%s is a plain key',
    async (key) => {
      const request = await parsed({ [key]: 'polluted', [`${key}[polluted]`]: '1' })
      if (typeof request === 'string') throw new TypeError(request)
      expect(request.params.get(key.toLowerCase())).toBe('polluted')
      expect(request.params.get('polluted')).toBeUndefined()
      expect(request.params.route(key)).toBeUndefined()
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    },
  )
})
