import { scrapeFrom } from '@chihaya/core/testing'
import { toHex } from '@chihaya/bittorrent'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { jwkSet, KeyServer } from './key-server.ts'
import {
  AUDIENCE,
  claims,
  EC,
  ED,
  hmacToken,
  OTHER_TORRENT,
  rawToken,
  RSA,
  seconds,
  signingInput,
  testKey,
  token,
  TORRENT,
} from './tokens.ts'
import { PROTOCOLS, Tracker } from './tracker.ts'

const INVALID = 'unapproved request: invalid jwt'
const MISSING = 'unapproved request: missing jwt'

const HEX = toHex(TORRENT)
const STRANGER = testKey('RS256', RSA.kid)

const approved: Array<[what: string, token: string]> = [
  ['signed with RS256', token()],
  ['signed with ES256', token({}, EC)],
  ['signed with EdDSA', token({}, ED)],
  ['with the infohash in capitals', token({ infohash: HEX.toUpperCase() })],
  ['with the infohash of v2', token({ infohash: HEX + 'ab'.repeat(12) })],
  ['with the audience in a list', token({ aud: ['https://other.example', AUDIENCE] })],
  ['that began a while ago', token({ nbf: seconds(-60), iat: seconds(-60) })],
  ['that begins within the skew', token({ nbf: seconds(20) })],
  ['that ended within the skew', token({ exp: seconds(-20) })],
  [
    'with claims of no concern',
    token({ sub: 'someone', jti: 'x', infohashes: 'no list', ['__proto__']: 'x' }),
  ],
]

const refused: Array<[what: string, token: string]> = [
  ['without a signature and alg none', `${signingInput({ alg: 'none' }, claims())}.`],
  ['of alg none', `${signingInput({ alg: 'none', kid: RSA.kid }, claims())}.AAAA`],
  ['of alg None', `${signingInput({ alg: 'None', kid: RSA.kid }, claims())}.AAAA`],
  ['without alg', token({}, RSA, { alg: undefined })],
  ['with a list for alg', token({}, RSA, { alg: ['RS256'] })],
  ['signed with HS256 and the PEM', hmacToken(RSA.pem, { kid: RSA.kid })],
  ['signed with HS256 and the JWK set', hmacToken(jwkSet([RSA, EC, ED]), { kid: RSA.kid })],
  [
    'that says RS256 and was signed with HS256 and the PEM',
    hmacToken(RSA.pem, { kid: RSA.kid, alg: 'RS256' }),
  ],
  ['of RS256 that names an EC key', token({}, RSA, { kid: EC.kid })],
  ['of ES256 that names an RSA key', token({}, EC, { kid: RSA.kid })],
  ['of EdDSA that names an RSA key', token({}, ED, { kid: RSA.kid })],
  ['signed with RS256 that says ES256', token({}, RSA, { alg: 'ES256' })],
  ['signed by a stranger with a known kid', token({}, STRANGER)],
  ['of an algorithm that is not allowed', token({}, RSA, { alg: 'RS512' })],
  ['that brings its key', token({}, STRANGER, { jwk: STRANGER.jwk })],
  ['with jku', token({}, RSA, { jku: 'http://127.0.0.1/' })],
  ['with x5u', token({}, RSA, { x5u: 'http://127.0.0.1/' })],
  ['with x5c', token({}, RSA, { x5c: ['MIIB'] })],
  ['with a critical extension', token({}, RSA, { crit: ['b64'], b64: false })],
  ['whose kid is a number', token({}, RSA, { kid: 1 })],
  ['whose kid is very long', token({}, RSA, { kid: 'k'.repeat(257) })],
  ['whose kid is __proto__', token({}, RSA, { kid: '__proto__' })],
  ['whose kid is a path', token({}, RSA, { kid: '../../../../dev/null' })],
  ['without kid, where there are several keys', token({}, RSA, { kid: undefined })],
  ['that has expired', token({ exp: seconds(-61) })],
  ['without exp', token({ exp: undefined })],
  ['whose exp is text', token({ exp: '9999999999' })],
  ['whose exp is null', token({ exp: null })],
  ['whose exp is infinite', rawToken(JSON.stringify(claims()).replace(/"exp":\d+/, '"exp":1e999'))],
  ['that begins later', token({ nbf: seconds(61) })],
  ['whose nbf is text', token({ nbf: 'now' })],
  ['whose nbf is no moment', token({ nbf: 1e300 })],
  ['of another issuer', token({ iss: 'https://other.example' })],
  ['of an issuer with the same beginning', token({ iss: 'https://registry.example/' })],
  ['of a list of issuers', token({ iss: ['https://registry.example'] })],
  ['without iss', token({ iss: undefined })],
  ['for another tracker', token({ aud: 'https://other.example' })],
  ['for a list of other trackers', token({ aud: ['https://other.example'] })],
  ['for nobody', token({ aud: [] })],
  ['without aud', token({ aud: undefined })],
  ['for another torrent', token({ infohash: toHex(OTHER_TORRENT) })],
  ['for a torrent in a list alone', token({ infohash: undefined, infohashes: [HEX] })],
  ['for no torrent', token({ infohash: undefined })],
  ['whose infohash is short', token({ infohash: HEX.slice(1) })],
  ['whose infohash is long', token({ infohash: `${HEX}00` })],
  ['whose infohash is raw bytes', token({ infohash: TORRENT })],
  ['whose infohash is a list', token({ infohash: [HEX] })],
  [
    'without payload',
    `${signingInput({ alg: 'RS256', kid: RSA.kid }, claims()).split('.')[0]}..AAAA`,
  ],
  ['whose payload is a list', `${signingInput({ alg: 'RS256', kid: RSA.kid }, [])}.AAAA`],
  ['whose header is a list', `${signingInput([], claims())}.AAAA`],
  ['whose header is null', `${signingInput(null, claims())}.AAAA`],
  ['without its signature', token().split('.').slice(0, 2).join('.')],
  ['with an empty signature', `${token().split('.').slice(0, 2).join('.')}.`],
  ['with half its signature', token().slice(0, -100)],
  ['with a part too many', `${token()}.AAAA`],
  ['with padding', `${token()}==`],
  ['in other base64', token().replaceAll(/[-_]/g, (unit) => (unit === '-' ? '%2B' : '/'))],
  ['that is no token', 'abc'],
  ['of dots', '..'],
  ['longer than 2 KiB', token({ pad: 'x'.repeat(1100) })],
]

describe.each(PROTOCOLS)('an announce over %s', (protocol) => {
  let keys: KeyServer
  let tracker: Tracker

  beforeAll(async () => {
    keys = await KeyServer.start(RSA, EC, ED)
    tracker = await Tracker.start({ jwkSetUrl: keys.url })
  })

  afterAll(async () => {
    await tracker[Symbol.asyncDispose]()
    await keys[Symbol.asyncDispose]()
  })

  test.each(approved)('with a token %s is approved', async (_what, good) => {
    expect(await tracker.announce(protocol, good)).toBe('approved')
    // The second time it is remembered.
    expect(await tracker.announce(protocol, good)).toBe('approved')
    expect(await tracker.announce(protocol, good, OTHER_TORRENT)).toBe(INVALID)
  })

  test.each(refused)('with a token %s is refused, again and again', async (_what, bad) => {
    // Frontends already refuse longer ones, with other texts.
    const refusals = [
      INVALID,
      ...(bad.length > 2048 ? [MISSING, 'query parameter value too long'] : []),
    ]
    expect(refusals).toContain(await tracker.announce(protocol, bad))
    expect(refusals).toContain(await tracker.announce(protocol, bad))
  })

  test('without a token is refused', async () => {
    expect(await tracker.announceTo(protocol, '/announce')).toBe(MISSING)
    expect(await tracker.announceTo(protocol, '/announce?jwt=')).toBe(MISSING)
    expect(await tracker.announceTo(protocol, '/announce?JWT')).toBe(MISSING)
  })

  test('leaves nothing behind when it is refused', async () => {
    await tracker.announce(protocol, token({ infohash: toHex(OTHER_TORRENT) }), TORRENT)
    expect((await scrapeFrom(tracker.app.peerStore, [OTHER_TORRENT]))[0]).toMatchObject({
      incomplete: 0,
    })
  })

  test('says in the log why it was refused, and not with which token', async () => {
    const secret = token({ iss: 'https://other.example' })
    await tracker.announce(protocol, secret)
    const log = tracker.log.join('')
    expect(log).toContain('"reason":"FAST_JWT_INVALID_CLAIM_VALUE"')
    expect(log).toContain('"reason":"its algorithm is not allowed"')
    for (const part of secret.split('.')) expect(log).not.toContain(part)
  })
})

test('a token of 100 KiB does no harm', async () => {
  await using tracker = await Tracker.start({ keys: RSA.pem })
  const long = token({ pad: 'x'.repeat(100_000) })
  await expect(tracker.announce('http', long)).rejects.toThrow('HTTP status 431')
  // No datagram is that long.
  expect(await tracker.inject(`/announce?jwt=${long.slice(0, 50_000)}`)).not.toBe('approved')
  for (const protocol of PROTOCOLS)
    expect(await tracker.announce(protocol, token())).toBe('approved')
})
