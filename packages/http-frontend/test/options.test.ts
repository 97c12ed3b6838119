import https from 'node:https'
import {
  httpFrontend,
  optionsSchema,
  recommendedServerOptions,
  type HttpFrontendOptions,
} from '@chihaya/http-frontend'
import Fastify from 'fastify'
import { describe, expect, test } from 'vitest'
import { modelStore, trackerApp } from './tracker-app.ts'

describe('options', () => {
  test.each<[string, object]>([
    ['no key surprise', { surprise: 1 }],
    ['options/announceRoutes must NOT have fewer than 1 items', { announceRoutes: [] }],
    ['options/announceRoutes/0 must match pattern', { announceRoutes: ['announce'] }],
    ['options/announceRoutes/0 must match pattern', { announceRoutes: ['/*rest/announce'] }],
    ['options/announceRoutes/0 must match pattern', { announceRoutes: ['/:a-:b/announce'] }],
    ['options/announceRoutes/0 must match pattern', { announceRoutes: ['/:a(.*)'] }],
    ['options/announceRoutes/0 must match pattern', { announceRoutes: ['/:a?'] }],
    ['options/scrapeRoutes/1 must match pattern', { scrapeRoutes: ['/scrape', '/:'] }],
    ['options/maxNumWant must be integer', { maxNumWant: 1.5 }],
    ['options/defaultNumWant must be >= 0', { defaultNumWant: -1 }],
    ['options/maxScrapeInfoHashes must be >= 1', { maxScrapeInfoHashes: 0 }],
    ['options/realIpHeader must match pattern', { realIpHeader: 'x real ip' }],
    [
      '"proxy.example" is neither an address nor a CIDR range',
      { trustedProxies: ['proxy.example'] },
    ],
    [
      'options/fullScrapeFrom: "nowhere" is neither an address nor a CIDR range',
      { fullScrapeFrom: ['nowhere'] },
    ],
    ['options/fullScrapeCacheTime must be written like 30m', { fullScrapeCacheTime: 'soon' }],
    ['"10.0.0.0/33" is neither an address nor a CIDR range', { allowIpSpoofing: ['10.0.0.0/33'] }],
  ])('%s', async (message, options) => {
    await expect(trackerApp({ http: options })).rejects.toMatchObject({
      code: 'TRK_ERR_OPTIONS',
      message: expect.stringContaining(message) as string,
    })
  })

  test('take every route that Chihaya takes', async () => {
    const announceRoutes = [
      '/announce',
      '/:key/announce',
      '/a-b_c.d~e/announce.php',
      '/user_:name/announce',
      '/announce/*rest',
      '/',
    ]
    await using app = await trackerApp({ http: { announceRoutes, scrapeRoutes: ['/scrape/'] } })
    expect(app.hasRoute({ method: 'GET', url: '/user_:name/scrape' })).toBe(true)
  })

  test('have a schema with their defaults', () => {
    const defaults = Object.entries(optionsSchema.properties).map(([key, schema]) => [
      key,
      schema.default,
    ])
    expect(Object.fromEntries(defaults)).toEqual({
      announceRoutes: ['/announce'],
      scrapeRoutes: ['/scrape'],
      keepAlive: false,
      defaultNumWant: 50,
      maxNumWant: 100,
      maxScrapeInfoHashes: 100,
      fullScrapeFrom: [],
      fullScrapeCacheTime: '5m',
      compactDefault: true,
      semicolonSeparators: true,
      allowIpSpoofing: false,
      realIpHeader: undefined,
      trustedProxies: undefined,
      allowUnconnectable: false,
      requestTiming: false,
    } satisfies Record<keyof HttpFrontendOptions, unknown>)
  })
})

describe('a wrong order of plugins', () => {
  test('is reported at boot', async () => {
    await using app = Fastify()
    app.decorate('peerStore', modelStore())
    await expect(app.register(httpFrontend)).rejects.toMatchObject({
      code: 'FST_ERR_PLUGIN_DEPENDENCY_NOT_REGISTERED',
    })
  })
})

describe('the recommended server options', () => {
  test('work for a plain server and a TLS server', async () => {
    await using plain = Fastify({ ...recommendedServerOptions, logger: false })
    expect(plain.server).toMatchObject({
      requestTimeout: 5000,
      keepAliveTimeout: 5000,
      headersTimeout: 5000,
      timeout: 10_000,
    })
    const { http, ...rest } = recommendedServerOptions
    await using tls = Fastify({ ...rest, https: { ...http } })
    expect(tls.server).toBeInstanceOf(https.Server)
    expect(tls.server).toMatchObject({ requestTimeout: 5000, headersTimeout: 5000 })
  })

  test('give every request the same empty query', async () => {
    await using app = Fastify(recommendedServerOptions)
    app.get('/', (request) => ({
      frozen: Object.isFrozen(request.query),
      keys: Object.keys(request.query as object),
    }))
    expect((await app.inject('/?a=b&__proto__=c')).json()).toEqual({ frozen: true, keys: [] })
  })
})
