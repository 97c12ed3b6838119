import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { jwkSet, KeyServer } from './key-server.ts'
import { EC, ED, RSA, testKey, token } from './tokens.ts'
import { PROTOCOLS, Tracker } from './tracker.ts'

const INVALID = 'unapproved request: invalid jwt'
const NEW = testKey('RS256', 'new')

describe.each(PROTOCOLS)('keys of a server, over %s', (protocol) => {
  test('are found by tokens with a new key, without a restart', async () => {
    await using keys = await KeyServer.start(RSA)
    await using tracker = await Tracker.start({ jwkSetUrl: keys.url })
    expect(await tracker.announce(protocol, token({}, NEW))).toBe(INVALID)
    expect(keys.requests).toHaveLength(2)
    keys.serve(RSA, NEW)
    await using later = await Tracker.start({ jwkSetUrl: keys.url })
    keys.serve(NEW, ED)
    expect(await later.announce(protocol, token({}, ED))).toBe('approved')
    expect(await later.announce(protocol, token({}, NEW))).toBe('approved')
    // The first of them is withdrawn.
    expect(await later.announce(protocol, token({}, RSA))).toBe(INVALID)
  })

  test('withdrawn by the issuer approve nothing, not even cached tokens', async () => {
    await using keys = await KeyServer.start(RSA)
    await using tracker = await Tracker.start({ jwkSetUrl: keys.url, jwkSetUpdateInterval: '1s' })
    const old = token()
    expect(await tracker.announce(protocol, old)).toBe('approved')
    keys.serve(EC)
    while ((await tracker.announce(protocol, old)) !== INVALID) await sleep(50)
    expect(await tracker.announce(protocol, token({}, EC))).toBe('approved')
  })

  test('are fetched once for a thousand tokens with unknown keys', async () => {
    await using keys = await KeyServer.start(RSA)
    await using tracker = await Tracker.start({ jwkSetUrl: keys.url })
    const unknown = (number: number): string => token({}, RSA, { kid: `unknown ${number}` })
    for (let round = 0; round < 20; round++) {
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, index) =>
          tracker.announce(protocol, unknown(round * 50 + index)),
        ),
      )
      expect(new Set(answers)).toEqual(new Set([INVALID]))
    }
    expect(keys.requests).toHaveLength(2)
    expect(await tracker.announce(protocol, token())).toBe('approved')
  })

  test('that are known are used without waiting for a stalled server', async () => {
    await using keys = await KeyServer.start(RSA)
    await using tracker = await Tracker.start({ jwkSetUrl: keys.url })
    let stalled: (path: string) => void = () => undefined
    const asked = new Promise<string>((resolve) => (stalled = resolve))
    keys.answer = (_response, path) => stalled(path)
    const waits = tracker.announce(protocol, token({}, NEW))
    await asked
    // These come back while that one still waits.
    expect(await tracker.announce(protocol, token())).toBe('approved')
    expect(await tracker.announce(protocol, token({ sub: 'other' }))).toBe('approved')
    expect(await Promise.race([waits, Promise.resolve('still waits')])).toBe('still waits')
    expect(await waits).toBe(INVALID)
    expect(tracker.log.join('')).toContain('gave no answer within 5000 ms')
    expect(await tracker.announce(protocol, token())).toBe('approved')
  })
})

describe('a tracker that replaces another', () => {
  test('has its keys, though the server is away', async () => {
    await using keys = await KeyServer.start(RSA)
    const options = { jwkSetUrl: keys.url }
    {
      await using former = await Tracker.start(options)
      expect(await former.announce('http', token())).toBe('approved')
      keys.say(503, '')
      await using next = await Tracker.start(options, {}, former)
      expect(await next.announce('http', token())).toBe('approved')
      expect(next.log.join('')).toContain('were not updated; the previous keys stay')
      await expect(Tracker.start({ ...options, algorithms: ['ES256'] }, {}, next)).rejects.toThrow(
        'answered HTTP 503',
      )
      keys.serve(EC)
      await using last = await Tracker.start(options, {}, next)
      expect(await last.announce('http', token())).toBe(INVALID)
      expect(await last.announce('http', token({}, EC))).toBe('approved')
      keys.say(503, '')
    }
    // Nobody has keys any more.
    await expect(Tracker.start(options)).rejects.toThrow('answered HTTP 503')
  })
})

describe('an update that fails leaves the keys as they are', () => {
  test.each<[what: string, reason: string, fail: (keys: KeyServer) => unknown]>([
    ['an error', 'answered HTTP 503', (keys) => keys.say(503, jwkSet([EC]))],
    ['an error page', 'it is not JSON', (keys) => keys.say(200, '{<html>')],
    ['a page', 'holds neither a JWK set nor PEM', (keys) => keys.say(200, '<html>')],
    ['other JSON', 'holds no JWK set', (keys) => keys.say(200, '{"error":"x"}')],
    [
      'no keys',
      'holds no public key that fits the algorithms',
      (keys) => keys.say(200, '{"keys":[]}'),
    ],
    [
      'too many keys',
      'holds more than 100 keys',
      (keys) => keys.say(200, JSON.stringify({ keys: Array.from({ length: 101 }, () => EC.jwk) })),
    ],
    [
      'a set that is too large',
      'is larger than 262144 bytes',
      (keys) => keys.say(200, jwkSet([EC]).padEnd(262_145)),
    ],
    [
      'another host',
      'redirects to another host',
      (keys) => keys.say(302, '', { location: `http://localhost:${keys.port}/keys` }),
    ],
    [
      'another port',
      'redirects to another host',
      (keys) => keys.say(302, '', { location: 'http://127.0.0.1:1/keys' }),
    ],
    ['no place', 'redirects to another host', (keys) => keys.say(302, '', { location: 'http://' })],
    ['itself', 'redirects more than 3 times', (keys) => keys.say(307, '', { location: '/keys' })],
    ['nowhere', 'answered HTTP 304', (keys) => keys.say(304, '')],
    [
      'a closed connection',
      'fetch failed',
      (keys) => (keys.answer = (response) => response.destroy()),
    ],
    [
      'half an answer',
      'terminated',
      (keys) =>
        (keys.answer = (response) => {
          response.writeHead(200, { 'content-length': '1000' }).write('{"keys":')
          setImmediate(() => response.destroy())
        }),
    ],
  ])('%s', async (_what, reason, fail) => {
    await using keys = await KeyServer.start(RSA)
    await using tracker = await Tracker.start({ jwkSetUrl: keys.url })
    fail(keys)
    expect(await tracker.announce('http', token({}, EC))).toBe(INVALID)
    expect(await tracker.announce('http', token())).toBe('approved')
    const warning = tracker.log.find((line) => line.includes('the keys of tokens were not updated'))
    expect(warning).toContain(reason)
    expect(warning).toContain(`"place":"${keys.url}","keys":1`)
  })

  test('an endless answer', async () => {
    await using keys = await KeyServer.start(RSA)
    await using tracker = await Tracker.start({ jwkSetUrl: keys.url })
    keys.answer = (response) => {
      const more = (): void =>
        void (response.write(' '.repeat(65_536))
          ? setImmediate(more)
          : response.once('drain', more))
      response.writeHead(200)
      more()
    }
    expect(await tracker.announce('http', token({}, EC))).toBe(INVALID)
    expect(tracker.log.join('')).toContain('is larger than 262144 bytes')
  })
})

describe('a redirect', () => {
  test('within the host is followed', async () => {
    await using keys = await KeyServer.start()
    keys.answer = (response, path) => {
      if (path === '/keys') response.writeHead(302, { location: '/there?x=1' }).end()
      else response.end(jwkSet([RSA]))
    }
    await using tracker = await Tracker.start({ jwkSetUrl: keys.url })
    expect(await tracker.announce('http', token())).toBe('approved')
    expect(keys.requests).toEqual(['/keys', '/there?x=1'])
  })
})

test('keys are fetched again at intervals, whatever happens', async () => {
  await using keys = await KeyServer.start(RSA)
  await using tracker = await Tracker.start({ jwkSetUrl: keys.url, jwkSetUpdateInterval: '1s' })
  keys.say(500, 'no')
  while (keys.requests.length < 3) await sleep(50)
  keys.serve(RSA, EC)
  const asked = keys.requests.length
  while (keys.requests.length < asked + 2) await sleep(50)
  expect(await tracker.announce('http', token({}, EC))).toBe('approved')
})

test('a tracker that stops waits for no keys', async () => {
  await using keys = await KeyServer.start(RSA)
  const tracker = await Tracker.start({ jwkSetUrl: keys.url, jwkSetUpdateInterval: '1s' })
  const asked = new Promise<void>((resolve) => {
    keys.answer = (response) => {
      response.once('close', () => keys.requests.push('closed'))
      resolve()
    }
  })
  await asked
  await tracker[Symbol.asyncDispose]()
  while (!keys.requests.includes('closed')) await sleep(10)
  expect(tracker.log.join('')).not.toContain('were not updated')
})
