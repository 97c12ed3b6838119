import { byteString, ClientError } from '@chihaya/bittorrent'
import type { TrackerHooks } from '@chihaya/core'
import { LogController } from 'fastify'
import { describe, expect, test } from 'vitest'
import {
  announceTarget,
  escape,
  failureReason,
  trackerApp,
  type AppOptions,
} from './tracker-app.ts'

/** The answer, and what was logged, when a hook behaves as given. */
async function refused(
  hook: TrackerHooks['preAnnounce'],
  server: AppOptions['server'] = {},
): Promise<{ body: string; log: string }> {
  const lines: string[] = []
  const logger = {
    level: 'debug',
    stream: { write: (line: string): void => void lines.push(line) },
  }
  await using app = await trackerApp({
    server: { logger, ...server },
    hooks: (tracker) => tracker.addHook('preAnnounce', hook),
  })
  const response = await app.inject(announceTarget({ passkey: 's3cret' }))
  expect(response.statusCode).toBe(200)
  expect(response.headers).toMatchObject({
    'content-type': 'text/plain',
    'cache-control': 'no-store',
    connection: 'close',
  })
  return { body: byteString(response.rawPayload), log: lines.join('') }
}

function throwing(error: unknown): TrackerHooks['preAnnounce'] {
  return () => {
    // oxlint-disable-next-line typescript/only-throw-error
    throw error
  }
}

function rejecting(error: unknown): TrackerHooks['preAnnounce'] {
  return async () => {
    // oxlint-disable-next-line typescript/only-throw-error
    throw error
  }
}

describe('a refusal', () => {
  test.each([
    [new ClientError('hello world'), 'd14:failure reason11:hello worlde'],
    [new ClientError('x', { retryIn: 'never' }), 'd14:failure reason1:x8:retry in5:nevere'],
    [new ClientError('x', { retryIn: 5 }), 'd14:failure reason1:x8:retry ini5ee'],
    [new ClientError('x', { retryIn: 0 }), 'd14:failure reason1:x8:retry ini0ee'],
    [new ClientError('x', { retryIn: 1.2 }), 'd14:failure reason1:x8:retry ini2ee'],
    [new ClientError('x', { retryIn: Number.NaN }), 'd14:failure reason1:xe'],
    [new ClientError('x', { retryIn: -1 }), 'd14:failure reason1:xe'],
    [new ClientError('x', { retryIn: Infinity }), 'd14:failure reason1:xe'],
    [new ClientError('nö 💥'), 'd14:failure reason8:n\xc3\xb6 \xf0\x9f\x92\xa5e'],
  ])('%o is answered with %j, and not logged', async (error, expected) => {
    expect((await refused(throwing(error))).body).toBe(expected)
    const later = await refused(rejecting(error))
    expect(later).toEqual({ body: expected, log: '' })
  })
})

describe('a fault', () => {
  const cause = new Error('connection refused')
  const faults: unknown[] = [
    new Error('no swarm for s3cret-infohash', { cause }),
    'a text',
    undefined,
    null,
    { statusCode: 404 },
  ]

  test.each(faults)('%j is hidden from the client, and logged once', async (fault) => {
    for (const hook of [throwing(fault), rejecting(fault)]) {
      const { body, log } = await refused(hook)
      expect(body).toBe('d14:failure reason21:internal server errore')
      expect(log.trim().split('\n')).toHaveLength(1)
      expect(log).toContain('a tracker request failed')
    }
  })

  test('is logged with its cause', async () => {
    const { log } = await refused(throwing(faults[0]))
    expect(log).toContain('no swarm for')
    expect(log).toContain('connection refused')
  })

  test('never reveals the error of a hook, regardless of its status', async () => {
    const { body } = await refused(
      throwing(Object.assign(new Error('Unauthorized: s3cret'), { statusCode: 401 })),
    )
    expect(body).toBe('d14:failure reason21:internal server errore')
  })

  test('in an answer that a hook has changed counts as one too', async () => {
    const { body, log } = await refused((_request, response) => void (response.interval = 1.5))
    expect(body).toBe('d14:failure reason21:internal server errore')
    expect(log).toContain('1.5 is not a safe integer')
  })
})

describe('the log of a session', () => {
  const SECRETS = ['s3cret', 'eyJhbGciOi', '-TS0001-', '<script>', 'H'.repeat(17), '%48']

  test('holds nothing of a query string', async () => {
    const lines: string[] = []
    const logger = {
      level: 'trace',
      stream: { write: (line: string): void => void lines.push(line) },
    }
    let failing = false
    await using app = await trackerApp({
      server: { logger },
      http: { announceRoutes: ['/announce', '/:passkey/announce'] },
      hooks: (tracker) =>
        tracker.addHook('preAnnounce', () => {
          if (failing) throw new Error('store unavailable')
        }),
    })
    const query = {
      jwt: 'eyJhbGciOi.x',
      passkey: 's3cret',
      peer_id: escape('<script>alert(1)</sc'),
    }
    const targets = [
      announceTarget(query),
      announceTarget({ ...query, info_hash: '%zz' }),
      announceTarget(query, '/s3cret/announce'),
      announceTarget(query, '/s3cret/scrape'),
      announceTarget(query, '/s3cret/nothing'),
      announceTarget(query, '/%FFs3cret/announce'),
      announceTarget(query, `/s3cret${'k'.repeat(4096)}/announce`),
    ]
    for (const round of [false, true]) {
      failing = round
      for (const url of targets)
        await app.inject({ url, headers: { 'user-agent': 's3cret', referer: 's3cret' } })
      await app.inject({ method: 'POST', url: announceTarget(query), payload: 's3cret' })
    }
    const log = lines.join('')
    expect(log).toContain('store unavailable')
    for (const secret of SECRETS) expect(log).not.toContain(secret)
  })

  test('holds nothing of it if the answer is late', async () => {
    const lines: string[] = []
    const logger = {
      level: 'trace',
      stream: { write: (line: string): void => void lines.push(line) },
    }
    const logController = new LogController({ disableRequestLogging: true })
    let release: (() => void) | undefined
    await using app = await trackerApp({
      server: { logger, logController, handlerTimeout: 20 },
      hooks: (tracker) =>
        tracker.addHook(
          'preAnnounce',
          () =>
            new Promise<void>((resolve) => {
              release = resolve
            }),
        ),
    })
    const response = await app.inject(announceTarget({ passkey: 's3cret' }))
    expect(failureReason(response)).toBe('internal server error')
    release?.()
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
    expect(lines.join('')).toContain('a tracker request failed')
    expect(lines.join('')).not.toContain('s3cret')
  })
})

describe('a recommended server', () => {
  test.each([
    ['/%FF/announce', 400, 'bad request'],
    ['/%zz', 400, 'bad request'],
  ])('answers %s with %d in bencode', async (url, status, reason) => {
    await using app = await trackerApp()
    const response = await app.inject(url)
    expect([response.statusCode, failureReason(response)]).toEqual([status, reason])
    expect(response.headers).toMatchObject({ 'content-type': 'text/plain', connection: 'close' })
  })
})
