import Fastify from 'fastify'
import { describe, expect, test } from 'vitest'
import { ApprovalCache } from '../src/approval.ts'
import type { Approval } from '../src/approval.ts'
import { jwtLibrary } from '../src/jwt-library.ts'
import { KeyRing } from '../src/key-ring.ts'
import { NO_KEYS } from '../src/key-set.ts'
import { readKeys } from '../src/key-set.ts'
import { TokenVerifier } from '../src/token-verifier.ts'
import { AUDIENCE, ISSUER, RSA, seconds, token } from './tokens.ts'

const silent = { info: () => undefined, warn: () => undefined, debug: () => undefined }

function approval(until: number): Approval {
  return { infoHash: undefined, infoHashes: new Set(), until }
}

describe('cached approvals', () => {
  test('are bounded, and those in use stay', () => {
    const cache = new ApprovalCache(100)
    cache.set('in use', approval(1))
    for (let number = 0; number < 10_000; number++) {
      cache.set(`token ${number}`, approval(number))
      expect(cache.get('in use')).toEqual(approval(1))
      expect(cache.size).toBeLessThanOrEqual(100)
    }
    expect(cache.get('token 9999')).toEqual(approval(9999))
    expect(cache.get('token 0')).toBeUndefined()
    cache.clear()
    expect([cache.size, cache.get('in use')]).toEqual([0, undefined])
  })

  test.each([0, 1])('are not kept with a size of %d', (size) => {
    const cache = new ApprovalCache(size)
    cache.set('token', approval(1))
    expect(cache.get('token')).toBeUndefined()
  })
})

/** A verifier whose library counts verifications. */
async function countingVerifier(
  cacheSize: number,
): Promise<{ verifier: TokenVerifier; time: { now: number }; verified: () => number }> {
  const app = Fastify()
  const maxClockSkew = 30_000
  const jwt = await jwtLibrary(app, { issuer: ISSUER, audience: AUDIENCE, maxClockSkew })
  await app.ready()
  const keys = new KeyRing({
    source: { place: 'here', updates: false, load: async () => readKeys(RSA.pem, ['RS256']) },
    interval: 1000,
    minInterval: 1000,
    log: silent,
  })
  await keys.start(false)
  let count = 0
  const counting: typeof jwt = {
    decode: jwt.decode,
    verify: ((...args: Parameters<typeof jwt.verify>) => (
      count++,
      jwt.verify(...args)
    )) as typeof jwt.verify,
  }
  const time = { now: Date.now() }
  const verifier = new TokenVerifier({
    jwt: counting,
    keys,
    algorithms: ['RS256'],
    maxClockSkew,
    cacheSize,
    log: silent,
    now: () => time.now,
  })
  return { verifier, time, verified: () => count }
}

describe('a token', () => {
  test('is verified once, until it ends', async () => {
    const { verifier, time, verified } = await countingVerifier(100)
    const jwt = token({ exp: seconds(100) })
    for (let round = 0; round < 3; round++)
      expect(verifier.verify(jwt)).toMatchObject({ until: expect.any(Number) })
    expect(verified()).toBe(1)
    time.now += 129_000
    void verifier.verify(jwt)
    expect(verified()).toBe(1)
    time.now += 2000
    // The library has its own clock, by which the token is valid. It is called again.
    void verifier.verify(jwt)
    expect(verified()).toBe(2)
  })

  test('is verified every time without a cache', async () => {
    const { verifier, verified } = await countingVerifier(0)
    const jwt = token()
    for (let round = 0; round < 3; round++) void verifier.verify(jwt)
    expect(verified()).toBe(3)
  })
})

describe('tokens with unknown keys', () => {
  test('wait in a bounded number', async () => {
    let release: () => void = () => undefined
    const gate = new Promise<void>((resolve) => (release = resolve))
    let loads = 0
    const load = async () => {
      if (loads++ > 0) await gate
      return readKeys(JSON.stringify(RSA.jwk), ['RS256'])
    }
    const keys = new KeyRing({
      source: { place: 'here', updates: true, load },
      interval: 60_000,
      minInterval: 60_000,
      log: silent,
    })
    await keys.start(false)
    const asked = Array.from({ length: 1500 }, (_, number) =>
      keys.candidates(`unknown ${number}`, 'RS256'),
    )
    expect(asked.filter((answer) => answer instanceof Promise)).toHaveLength(1000)
    expect(asked.at(-1)).toEqual([])
    release()
    expect(
      new Set(
        (await Promise.all(asked.map(async (answer) => answer))).map((found) => found.length),
      ),
    ).toEqual(new Set([0]))
    expect(loads).toBe(2)
    expect(keys.candidates('one more', 'RS256')).toEqual([])
    keys.stop()
  })

  test('get nothing while there are no keys, and cause nothing once the tracker has stopped', () => {
    let loads = 0
    const load = async () => (loads++, NO_KEYS)
    const keys = new KeyRing({
      source: { place: 'here', updates: true, load },
      interval: 1,
      minInterval: 0,
      log: silent,
    })
    expect(keys.candidates(undefined, 'RS256')).toEqual([])
    keys.stop()
    expect(keys.candidates('x', 'RS256')).toEqual([])
    expect(loads).toBe(0)
  })

  test('wait no longer than the time for an update, whatever the source does', async () => {
    let loads = 0
    const warnings: object[] = []
    const load = () =>
      loads++ === 0
        ? Promise.resolve(readKeys(JSON.stringify(RSA.jwk), ['RS256']))
        : new Promise<never>(() => undefined)
    const log = { info: () => undefined, warn: (details: object) => void warnings.push(details) }
    const keys = new KeyRing({
      source: { place: 'here', updates: true, load },
      interval: 60_000,
      minInterval: 60_000,
      log,
      timeout: 10,
    })
    await keys.start(false)
    expect(await keys.candidates('x', 'RS256')).toEqual([])
    expect(warnings).toMatchObject([{ err: { message: 'gave no answer within 10 ms' } }])
    keys.stop()
  })
})
