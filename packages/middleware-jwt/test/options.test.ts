import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { JwtApprovalOptions } from '@chihaya/middleware-jwt'
import { jwkSet, KeyServer } from './key-server.ts'
import { EC, ED, RSA, seconds, testKey, token } from './tokens.ts'
import { Tracker } from './tracker.ts'

const INVALID = 'unapproved request: invalid jwt'

async function temporaryFile(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'chihaya-jwt-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'keys'), text)
  return join(folder, 'keys')
}

describe('options are refused', () => {
  test.each<[options: Record<string, unknown>, message: string]>([
    [{}, 'options must have one of jwkSetUrl, keys and keyFile'],
    [{ keys: RSA.pem, keyFile: '/x' }, 'options must have one of jwkSetUrl, keys and keyFile'],
    [{ keys: RSA.pem, issuer: undefined }, "must have required property 'issuer'"],
    [{ keys: RSA.pem, issuer: '' }, 'options/issuer'],
    [{ keys: RSA.pem, audience: '' }, 'options/audience'],
    [{ keys: RSA.pem, jwk_set_url: 'https://x' }, 'options has no key jwk_set_url'],
    [{ jwkSetUrl: 'keys' }, 'options/jwkSetUrl must be written like https://issuer.example/keys'],
    [{ jwkSetUrl: 'https://' }, 'options/jwkSetUrl must be a URL'],
    [
      { jwkSetUrl: 'https://user:secret@issuer.example/' },
      'options/jwkSetUrl must not have a password',
    ],
    [
      { jwkSetUrl: 'http://issuer.example/keys' },
      'options/jwkSetUrl must begin with https://, unless allowHttp is set',
    ],
    [{ jwkSetUrl: 'http://127.0.0.1.example/keys' }, 'options/jwkSetUrl must begin with https://'],
    [{ jwkSetUrl: 'file:///keys' }, 'options/jwkSetUrl must be written like'],
    [{ keys: RSA.pem, algorithms: [] }, 'options/algorithms'],
    [{ keys: RSA.pem, algorithms: ['HS256'] }, 'options/algorithms/0 must be one of RS256'],
    [{ keys: RSA.pem, algorithms: ['none'] }, 'options/algorithms/0'],
    [{ keys: RSA.pem, maxClockSkew: '61s' }, 'options/maxClockSkew must be at most 1m'],
    [
      { keys: RSA.pem, jwkSetUpdateInterval: '10ms' },
      'options/jwkSetUpdateInterval must be at least 1s',
    ],
    [
      { keys: RSA.pem, jwkSetMinUpdateInterval: 0 },
      'options/jwkSetMinUpdateInterval must be at least 1s',
    ],
    [{ keys: RSA.pem, parameter: 'a b' }, 'options/parameter must be written like jwt'],
    [{ keys: RSA.pem, pathSegment: 0 }, 'options/pathSegment'],
  ])('%j', async (options, message) => {
    const error = (await Tracker.start(options as Partial<JwtApprovalOptions>).catch(
      (reason: unknown) => reason,
    )) as Error
    expect(error).toMatchObject({ code: 'TRK_ERR_OPTIONS' })
    expect(error.message).toContain('@chihaya/middleware-jwt')
    expect(error.message).toContain(message)
    expect(error.message).not.toContain('secret')
  })
})

describe('a tracker without keys', () => {
  test('does not start, and says why', async () => {
    await using keys = await KeyServer.start(RSA)
    const refusal = async (options: Partial<JwtApprovalOptions>): Promise<unknown> =>
      Tracker.start(options).catch((error: unknown) => error)
    keys.say(404, 'no')
    expect(await refusal({ jwkSetUrl: `${keys.url}?secret=1` })).toMatchObject({
      code: 'TRK_ERR_JWT_KEYS',
      message: `@chihaya/middleware-jwt: no keys from ${keys.url}: answered HTTP 404`,
    })
    expect(await refusal({ jwkSetUrl: 'http://127.0.0.1:1/' })).toMatchObject({
      message: expect.stringMatching(
        /^@chihaya\/middleware-jwt: no keys from http:\/\/127\.0\.0\.1:1\/: fetch failed: ./,
      ),
    })
    expect(await refusal({ keyFile: '/nowhere/keys' })).toMatchObject({
      message: expect.stringContaining('ENOENT'),
    })
    expect(await refusal({ keys: 'no keys', startWithoutKeys: true })).toMatchObject({
      message:
        '@chihaya/middleware-jwt: no keys from the option keys: holds neither a JWK set nor PEM',
    })
  })

  test('does not start when the server stalls', async () => {
    await using keys = await KeyServer.start()
    keys.stall()
    await expect(Tracker.start({ jwkSetUrl: keys.url })).rejects.toThrow(
      'gave no answer within 5000 ms',
    )
  })

  test('starts when it may, and has them as soon as a token asks', async () => {
    await using keys = await KeyServer.start(RSA)
    keys.say(503, 'not yet')
    await using tracker = await Tracker.start({ jwkSetUrl: keys.url, startWithoutKeys: true })
    keys.serve(RSA)
    expect(await tracker.announce('http', token())).toBe('approved')
  })

  test('asks for them before long', async () => {
    await using keys = await KeyServer.start(RSA)
    keys.say(503, 'not yet')
    const options = { startWithoutKeys: true, jwkSetMinUpdateInterval: '1s' }
    await using tracker = await Tracker.start({ jwkSetUrl: keys.url, ...options })
    keys.serve(RSA)
    while (!tracker.log.join('').includes('the keys of tokens were loaded')) await sleep(10)
    expect(await tracker.announce('http', token())).toBe('approved')
  })
})

describe('keys', () => {
  test.each<[what: string, keys: string | Record<string, unknown>]>([
    ['in PEM', `# ours\n${RSA.pem}`],
    ['in a list of PEM', EC.pem + RSA.pem + testKey('RS256', 'other').pem],
    ['as the text of a JWK set', ` ${jwkSet([EC, RSA])}`],
    ['as a JWK set', { keys: [EC.jwk, RSA.jwk] }],
    ['as a JWK', { ...RSA.jwk }],
    ['as a JWK without a name', { ...RSA.jwk, kid: undefined }],
  ])('may be given %s', async (_what, keys) => {
    await using tracker = await Tracker.start({ keys })
    expect(await tracker.announce('udp', token())).toBe('approved')
    expect(await tracker.announce('udp', token({}, ED))).toBe(INVALID)
  })

  test('without names fit tokens with any name, and with none', async () => {
    await using tracker = await Tracker.start({ keys: RSA.pem })
    expect(await tracker.announce('http', token({}, RSA, { kid: 'whatever' }))).toBe('approved')
    expect(await tracker.announce('http', token({}, RSA, { kid: undefined }))).toBe('approved')
  })

  test('may be a lone one, which tokens need not name', async () => {
    await using tracker = await Tracker.start({ keys: { keys: [RSA.jwk] } })
    expect(await tracker.announce('http', token({}, RSA, { kid: undefined }))).toBe('approved')
    expect(await tracker.announce('http', token({}, RSA, { kid: 'other' }))).toBe(INVALID)
  })

  test.each([
    ['PEM', EC.pem],
    ['a JWK set', jwkSet([EC])],
  ])('may be in a file of %s, which is read again', async (_what, text) => {
    const file = await temporaryFile(RSA.pem)
    await using tracker = await Tracker.start({ keyFile: file, jwkSetUpdateInterval: '1s' })
    expect(await tracker.announce('http', token())).toBe('approved')
    await writeFile(`${file}.new`, text)
    await rename(`${file}.new`, file)
    while ((await tracker.announce('http', token({}, EC))) !== 'approved') await sleep(50)
    expect(await tracker.announce('http', token())).toBe(INVALID)
  })

  test('in a file that is too large are refused', async () => {
    const file = await temporaryFile(jwkSet([RSA]).padEnd(262_145))
    await expect(Tracker.start({ keyFile: file })).rejects.toThrow('is larger than 262144 bytes')
  })

  test('of every kind verify their own algorithm alone', async () => {
    const names = ['RS256', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const
    const keys = names.map((alg) => testKey(alg, alg))
    await using tracker = await Tracker.start({ keys: jwkSet(keys), algorithms: [...names] })
    for (const key of keys) {
      expect(await tracker.announce('http', token({}, key))).toBe('approved')
      for (const { kid } of keys) {
        if (kid !== key.kid)
          expect(await tracker.announce('http', token({}, key, { kid }))).toBe(INVALID)
      }
    }
  })

  test.each<[what: string, keys: string | Record<string, unknown>, reason: string]>([
    [
      'a private key',
      RSA.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
      'holds a private key',
    ],
    [
      'a private key of RSA',
      RSA.privateKey.export({ type: 'pkcs1', format: 'pem' }) as string,
      'holds a private key',
    ],
    [
      'broken PEM',
      '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----',
      'holds PEM that is not a public key',
    ],
    [
      'a private JWK',
      { ...RSA.privateKey.export({ format: 'jwk' }) },
      'holds no public key that fits',
    ],
    ['a secret', { keys: [{ kty: 'oct', k: 'AAAA', kid: 'x' }] }, 'holds no public key that fits'],
    ['a short key', testKey('RS256', 'short', 1024).pem, 'holds no public key that fits'],
    [
      'another curve',
      {
        ...generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey.export({
          format: 'jwk',
        }),
      },
      'holds no public key that fits',
    ],
    ['a key for encryption', { ...RSA.jwk, use: 'enc' }, 'holds no public key that fits'],
    [
      'a key for something else',
      { ...RSA.jwk, key_ops: ['encrypt'] },
      'holds no public key that fits',
    ],
    ['a key for another algorithm', { ...RSA.jwk, alg: 'RS512' }, 'holds no public key that fits'],
    ['a key whose name is a number', { ...RSA.jwk, kid: 1 }, 'holds no public key that fits'],
    ['a key of the future', { keys: [{ kty: 'XYZ' }, null, 'x'] }, 'holds no public key that fits'],
    ['five keys without names', EC.pem.repeat(5), 'holds more than 4 keys without a kid'],
    ['a list that is none', { keys: 'x' }, 'holds no JWK set: it has no keys'],
  ])('are refused when there is nothing but %s', async (_what, keys, reason) => {
    await expect(Tracker.start({ keys })).rejects.toThrow(reason)
  })
})

test('an interval of 0 means the default, with a warning', async () => {
  await using keys = await KeyServer.start(RSA)
  await using tracker = await Tracker.start({ jwkSetUrl: keys.url, jwkSetUpdateInterval: 0 })
  expect(tracker.log.join('')).toContain(
    '"default":"5m","msg":"jwkSetUpdateInterval is 0, so its default applies"',
  )
  expect(await tracker.announce('http', token())).toBe('approved')
  expect(keys.requests).toHaveLength(1)
})

test('the clocks may differ by as much as the options say', async () => {
  await using tracker = await Tracker.start({ keys: RSA.pem, maxClockSkew: 0 })
  expect(await tracker.announce('http', token({ exp: seconds(-5) }))).toBe(INVALID)
  expect(await tracker.announce('http', token({ nbf: seconds(5) }))).toBe(INVALID)
})
