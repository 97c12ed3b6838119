import { Readiness, RequestMeter, type PeerStore } from '@chihaya/core'
import { ModelPeerStore } from '@chihaya/core/testing'
import { status, TrackerStatus, type StatusOptions } from '@chihaya/status'
import Fastify, { type FastifyInstance } from 'fastify'
import { describe, expect, onTestFinished, test } from 'vitest'

const ORIGIN = 'https://example.org'

async function appWith(options: StatusOptions, prefix = ''): Promise<FastifyInstance> {
  const app = Fastify()
  onTestFinished(() => app.close())
  const store: PeerStore = new ModelPeerStore({ peerLifetime: 1000, now: () => 0 })
  const readiness = new Readiness({ error: () => undefined })
  const source = new TrackerStatus({
    store: () => store,
    meter: new RequestMeter(),
    readiness: () => readiness,
  })
  await app.register(status, { stats: true, source, ...options, ...(prefix !== '' && { prefix }) })
  return app
}

/** What a browser is told of a request from an origin. */
async function told(
  app: FastifyInstance,
  origin?: string,
  url = '/stats.json',
  method: 'GET' | 'HEAD' | 'OPTIONS' = 'GET',
) {
  const { statusCode, headers } = await app.inject({
    method,
    url,
    headers: origin === undefined ? {} : { origin },
  })
  return [statusCode, headers['access-control-allow-origin'], headers.vary]
}

describe('the statistics as JSON', () => {
  test('are for pages of the same origin, unless others are named', async () => {
    const app = await appWith({})
    expect(await told(app, ORIGIN)).toEqual([200, undefined, undefined])
    expect(await told(app, ORIGIN, '/stats.json', 'OPTIONS')).toEqual([404, undefined, undefined])
  })

  test('are for pages of the origins that are named', async () => {
    const app = await appWith({ statsOrigins: [ORIGIN, 'HTTP://Localhost:3000'] })
    expect(await told(app, ORIGIN)).toEqual([200, ORIGIN, 'Origin'])
    expect(await told(app, ORIGIN, '/stats.json', 'HEAD')).toEqual([200, ORIGIN, 'Origin'])
    expect(await told(app, 'http://localhost:3000')).toEqual([
      200,
      'http://localhost:3000',
      'Origin',
    ])
    for (const origin of [
      undefined,
      'null',
      'https://example.org.evil',
      'http://example.org',
      'https://example.org:8443',
    ])
      // oxlint-disable-next-line no-await-in-loop
      expect(await told(app, origin)).toEqual([200, undefined, 'Origin'])
    for (const other of ['/stats', '/healthz', '/readyz'])
      // oxlint-disable-next-line no-await-in-loop
      expect((await told(app, ORIGIN, other)).slice(1)).toEqual([undefined, undefined])
  })

  test('are for every page where that is said, and never with credentials', async () => {
    const app = await appWith({ statsOrigins: ['*'] })
    expect(await told(app, ORIGIN)).toEqual([200, '*', undefined])
    expect(await told(app)).toEqual([200, '*', undefined])
    const { headers } = await app.inject({ url: '/stats.json', headers: { origin: ORIGIN } })
    expect(headers).not.toHaveProperty('access-control-allow-credentials')
  })

  test('answer preflight requests for custom headers', async () => {
    const app = await appWith({ statsOrigins: [ORIGIN] })
    const { statusCode, headers, body } = await app.inject({
      method: 'OPTIONS',
      url: '/stats.json',
      headers: { origin: ORIGIN, 'access-control-request-method': 'GET' },
    })
    expect([statusCode, body]).toEqual([204, ''])
    expect(headers).toMatchObject({
      'access-control-allow-origin': ORIGIN,
      'access-control-allow-methods': 'GET, HEAD',
      'access-control-max-age': '86400',
      vary: 'Origin',
    })
    expect(await told(app, 'https://evil.example', '/stats.json', 'OPTIONS')).toEqual([
      204,
      undefined,
      'Origin',
    ])
  })

  test('are so at another path and below a prefix', async () => {
    const app = await appWith({ statsOrigins: [ORIGIN], statsPath: '/figures' }, '/ops')
    expect(await told(app, ORIGIN, '/ops/figures.json')).toEqual([200, ORIGIN, 'Origin'])
    expect(await told(app, ORIGIN, '/ops/figures.json', 'OPTIONS')).toEqual([204, ORIGIN, 'Origin'])
  })

  test.each(['example.org', 'https://example.org/', 'https://', ''])(
    'are refused to an invalid origin: %j',
    async (origin) => {
      await expect(appWith({ statsOrigins: [origin] })).rejects.toThrow(
        /statsOrigins\/0 must be written like https:\/\/example\.org, \*/,
      )
    },
  )
})
