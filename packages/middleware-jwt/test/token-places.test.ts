import type { Params } from '@chihaya/bittorrent'
import { isClientError } from '@chihaya/bittorrent'
import { sampleAnnounce } from '@chihaya/core/testing'
import * as fc from 'fast-check'
import Fastify from 'fastify'
import { describe, expect, test } from 'vitest'
import { tokenFinder } from '../src/hooks.ts'
import { announceHook } from '../src/hooks.ts'
import { jwtLibrary } from '../src/jwt-library.ts'
import { KeyRing } from '../src/key-ring.ts'
import { readKeys } from '../src/key-set.ts'
import { TokenVerifier } from '../src/token-verifier.ts'
import { AUDIENCE, claims, ISSUER, RSA, signingInput, token, TORRENT } from './tokens.ts'
import { PROTOCOLS, Tracker } from './tracker.ts'

const MISSING = 'unapproved request: missing jwt'
const INVALID = 'unapproved request: invalid jwt'

async function announceWithHeader(
  tracker: Tracker,
  path: string,
  authorization: string,
): Promise<string> {
  const url = tracker.url(
    'http',
    `${path}${path.includes('?') ? '&' : '?'}info_hash=${encodeURIComponent(TORRENT)}`,
  )
  const response = await fetch(`${url}&peer_id=-TS0001-000000000001&port=6881&left=1`, {
    headers: { authorization },
  })
  const body = await response.text()
  return (
    /failure reason\d+:(.*)e$/.exec(body)?.[1] ?? (body.includes('8:interval') ? 'approved' : body)
  )
}

describe('a token', () => {
  test('may stand in the route, over HTTP', async () => {
    await using tracker = await Tracker.start(
      { keys: RSA.pem },
      { announceRoutes: ['/announce', '/:jwt/announce'] },
    )
    expect(await tracker.announceTo('http', `/${token()}/announce`)).toBe('approved')
    expect(await tracker.announceTo('http', '/x/announce')).toBe(INVALID)
    expect(await tracker.announceTo('udp', `/${token()}/announce`)).toBe(MISSING)
  })

  test.each(PROTOCOLS)('may stand in the path, over %s', async (protocol) => {
    const http = { announceRoutes: ['/announce', '/t/:passkey/announce'] }
    await using tracker = await Tracker.start({ keys: RSA.pem, pathSegment: 2 }, http)
    expect(await tracker.announceTo(protocol, `/t/${token()}/announce`)).toBe('approved')
    expect(await tracker.announceTo(protocol, '/t/x/announce')).toBe(INVALID)
    expect(await tracker.announceTo(protocol, '/announce')).toBe(MISSING)
    expect(await tracker.announce(protocol, token())).toBe('approved')
  })

  test.each(PROTOCOLS)('may have another name, over %s', async (protocol) => {
    await using tracker = await Tracker.start({ keys: RSA.pem, parameter: 'Token' })
    expect(await tracker.announceTo(protocol, `/announce?TOKEN=${token()}`)).toBe('approved')
    expect(await tracker.announce(protocol, token())).toBe(MISSING)
  })

  test('may stand in the Authorization header', async () => {
    await using tracker = await Tracker.start({ keys: RSA.pem })
    expect(await announceWithHeader(tracker, '/announce', `Bearer ${token()}`)).toBe('approved')
    expect(await announceWithHeader(tracker, '/announce', `bearer  ${token()} `)).toBe('approved')
    expect(await announceWithHeader(tracker, '/announce', `Bearer x`)).toBe(INVALID)
    expect(
      await announceWithHeader(tracker, '/announce', `Bearer ${token({ pad: 'x'.repeat(5000) })}`),
    ).toBe(INVALID)
    expect(await announceWithHeader(tracker, '/announce', `Basic ${token()}`)).toBe(MISSING)
    expect(await announceWithHeader(tracker, '/announce', 'Bearer ')).toBe(MISSING)
    expect(await announceWithHeader(tracker, '/announce?jwt=x', `Bearer ${token()}`)).toBe(INVALID)
  })

  test('may be kept out of the header', async () => {
    await using tracker = await Tracker.start({ keys: RSA.pem, authorizationHeader: false })
    expect(await announceWithHeader(tracker, '/announce', `Bearer ${token()}`)).toBe(MISSING)
  })
})

test('any text for a token is refused with a client error', async () => {
  await using app = Fastify()
  const maxClockSkew = 30_000
  const source = { place: 'here', updates: false, load: async () => readKeys(RSA.pem, ['RS256']) }
  const log = { info: () => undefined, warn: () => undefined, debug: () => undefined }
  const keys = new KeyRing({ source, interval: 1, minInterval: 1, log })
  await keys.start(false)
  const jwt = await jwtLibrary(app, { issuer: ISSUER, audience: AUDIENCE, maxClockSkew })
  const verifier = new TokenVerifier({
    jwt,
    keys,
    algorithms: ['RS256'],
    maxClockSkew,
    cacheSize: 10,
    log,
  })
  const findToken = tokenFinder({ parameter: 'jwt', pathSegment: 1, authorizationHeader: true })
  const hook = announceHook(findToken, verifier)
  await app.ready()

  /** What an announce with these parameters is refused with. */
  const refusal = (params: Params): unknown => {
    try {
      return hook(sampleAnnounce({ params }), {} as never, {})
    } catch (error) {
      return error
    }
  }

  const good = token()
  const base64url = fc.string({
    unit: fc.constantFrom('e', 'y', 'J', 'A', '_', '-', '0'),
    maxLength: 200,
  })
  const json = fc.json({ maxDepth: 2 }).map((text) => Buffer.from(text).toString('base64url'))
  const mutated = fc
    .tuple(fc.nat(good.length - 1), fc.string({ maxLength: 3 }))
    .map(([at, text]) => good.slice(0, at) + text + good.slice(at + 1))
    // A change in the last bits of base64 may stand for the same bytes.
    .filter((text) => text.slice(0, -1) !== good.slice(0, -1))
  const anything = fc.oneof(
    fc.string({ maxLength: 16_384 }),
    fc.string({ unit: fc.constantFrom('.', 'e', '\xff', '=', '\0'), maxLength: 16_384 }),
    fc
      .tuple(fc.oneof(base64url, json), fc.oneof(base64url, json), base64url)
      .map((parts) => parts.join('.')),
    fc
      .tuple(json, base64url)
      .map(([payload, signature]) => `${good.split('.')[0]}.${payload}.${signature}`),
    fc
      .dictionary(
        fc.constantFrom('alg', 'kid', 'typ', 'crit', 'b64'),
        fc.constantFrom('RS256', 'none', 1, null, ['b64'], {}),
      )
      .map((header) => `${signingInput(header, claims())}.AAAA`),
    mutated,
  )
  fc.assert(
    fc.property(anything, fc.nat(3), (text, place) => {
      const error = refusal({
        path: place === 2 ? `/${text}/announce` : '/announce',
        get: () => (place === 0 ? text : undefined),
        route: () => (place === 1 ? text : undefined),
        header: () => (place === 3 ? `Bearer ${text}` : undefined),
      })
      expect(isClientError(error)).toBe(true)
    }),
    { numRuns: 2000 },
  )
  expect(refusal({ path: '', get: () => good, route: () => undefined })).toBeUndefined()
})
