import type { Params } from '@chihaya/bittorrent'
import type { HttpFrontendOptions } from '@chihaya/http-frontend'
import type { FastifyInstance, FastifyServerOptions } from 'fastify'
import { describe, expect, test } from 'vitest'
import { distinctPaths, scrapeTwins } from '../src/routes/route-path.ts'
import {
  announceTarget,
  decode,
  failureReason,
  HASH,
  modelStore,
  trackerApp,
} from './tracker-app.ts'

/** What a path leads to. */
async function leadsTo(app: FastifyInstance, path: string): Promise<string> {
  const response = await app.inject(announceTarget({}, path))
  if (response.statusCode === 404) return 'nothing'
  const body = decode(response)
  return body.has('files') ? 'scrape' : body.has('peers') ? 'announce' : 'failure'
}

describe('the scrape twin of an announce path', () => {
  test.each([
    ['/announce', ['/scrape']],
    ['/x/announce', ['/x/scrape']],
    ['/announce/x', ['/scrape/x']],
    ['/announce.php', ['/scrape.php']],
    ['/announce/:key', ['/scrape/:key']],
    ['/:passkey/announce', ['/:passkey/scrape']],
    ['/:announce/announce', ['/:announce/scrape']],
    ['/announce/announce', ['/scrape/announce', '/announce/scrape']],
    ['/announce/*announce', ['/scrape/*announce']],
    ['/a', []],
    ['/', []],
  ])('of %s is %j', (path, twins) => expect(scrapeTwins(path)).toEqual(twins))
})

test('paths that the router cannot tell apart are one', () => {
  const paths = ['/:a/x', '/:b/x', '/x', '/x/', '/x/*', '/x/*y']
  const urls = (ignoreTrailingSlash: boolean): string[] =>
    distinctPaths(paths, ignoreTrailingSlash).map(({ url }) => url)
  expect(urls(true)).toEqual(['/:a/x', '/x', '/x/*'])
  expect(urls(false)).toEqual(['/:a/x', '/x', '/x/', '/x/*'])
  expect(distinctPaths(['/x/*', '/y/*rest'], true).map(({ catchAll }) => catchAll)).toEqual([
    '*',
    'rest',
  ])
})

describe('paths', () => {
  const options: HttpFrontendOptions = {
    announceRoutes: [
      '/announce',
      '/:passkey/announce',
      '/announce/:key',
      '/announce.php',
      '/deep/announce/*rest',
      '/announce',
    ],
  }

  test.each([
    ['/announce', 'announce'],
    ['/announce/', 'announce'],
    ['//announce', 'announce'],
    ['/%61nnounce', 'announce'],
    ['http://tracker.example/announce', 'announce'],
    ['/announce.php', 'announce'],
    ['/s3cret/announce', 'announce'],
    ['/announce/s3cret', 'announce'],
    ['/deep/announce/a/b/c', 'announce'],
    [`/${'k'.repeat(4096)}/announce`, 'announce'],
    ['/scrape', 'scrape'],
    ['/scrape/', 'scrape'],
    ['/scrape.php', 'scrape'],
    ['/s3cret/scrape', 'scrape'],
    ['/scrape/s3cret', 'scrape'],
    ['/deep/scrape/a/b/c', 'scrape'],
    ['/Announce', 'nothing'],
    ['/', 'nothing'],
    ['/announce/a/b', 'nothing'],
    ['/announce.phpx', 'nothing'],
  ])('%.40s leads to %s', async (path, expected) => {
    await using app = await trackerApp({ http: options })
    expect(await leadsTo(app, path)).toBe(expected)
  })

  test('with a trailing slash are different if the server does not ignore it', async () => {
    await using app = await trackerApp({
      http: { announceRoutes: ['/announce', '/announce/'] },
      server: { routerOptions: {} },
    })
    for (const path of ['/announce', '/announce/'])
      expect(await leadsTo(app, path)).toBe('announce')
    for (const path of ['/scrape', '/scrape/']) expect(await leadsTo(app, path)).toBe('scrape')
    expect(await leadsTo(app, '//announce')).toBe('nothing')
  })

  test('scrapes can have their own paths, or none', async () => {
    await using more = await trackerApp({ http: { announceRoutes: ['/a'], scrapeRoutes: ['/b'] } })
    expect([
      await leadsTo(more, '/a'),
      await leadsTo(more, '/b'),
      await leadsTo(more, '/scrape'),
    ]).toEqual(['announce', 'scrape', 'nothing'])
    await using none = await trackerApp({ http: { scrapeRoutes: [] } })
    expect([await leadsTo(none, '/announce'), await leadsTo(none, '/scrape')]).toEqual([
      'announce',
      'nothing',
    ])
  })
})

describe('the request as hooks see it', () => {
  async function params(
    http: HttpFrontendOptions,
    url: string,
    headers: Record<string, string> = {},
  ): Promise<Params> {
    let seen: Params | undefined
    await using app = await trackerApp({
      http,
      hooks: (tracker) =>
        tracker.addHook('preAnnounce', ({ params: given }) => void (seen = given)),
    })
    await app.inject({ url: announceTarget({ auth_key: '%ff%00+' }, url), headers })
    return seen as Params
  }

  test('the path as sent', async () => {
    expect((await params({}, '/%61nnounce')).path).toBe('/%61nnounce')
    expect((await params({}, 'http://tracker.example:80/announce')).path).toBe('/announce')
  })

  test('parameters of the query as byte strings, in lower case', async () => {
    const seen = await params({}, '/announce')
    expect([seen.get('auth_key'), seen.get('port'), seen.get('nothing')]).toEqual([
      '\xff\0 ',
      '6881',
      undefined,
    ])
  })

  test('parameters of the route as byte strings', async () => {
    const seen = await params(
      { announceRoutes: ['/:passkey/announce/*rest'] },
      '/caf%C3%A9%2F/announce/a/b%20c',
    )
    expect([
      seen.route('passkey'),
      seen.route('rest'),
      seen.route('toString'),
      seen.route('other'),
    ]).toEqual(['caf\xc3\xa9/', 'a/b c', undefined, undefined])
    expect((await params({ announceRoutes: ['/announce/*'] }, '/announce/a/b')).route('*')).toBe(
      'a/b',
    )
  })

  test('headers, by their names in lower case', async () => {
    const seen = await params({}, '/announce', { Authorization: 'Bearer abc' })
    const names = ['authorization', 'x-other', '__proto__', 'constructor']
    expect(names.map((name) => seen.header?.(name))).toEqual([
      'Bearer abc',
      undefined,
      undefined,
      undefined,
    ])
  })
})

describe('other methods', () => {
  test.each(['HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const)(
    '%s is refused, and changes nothing',
    async (method) => {
      const store = modelStore()
      await using app = await trackerApp({ store })
      for (const path of ['/announce', '/scrape']) {
        const response = await app.inject({ method, url: announceTarget({}, path) })
        expect([response.statusCode, response.headers.allow, response.headers.connection]).toEqual([
          405,
          'GET',
          'close',
        ])
        expect(response.headers['content-type']).toBe('text/plain')
        if (method !== 'HEAD') expect(failureReason(response)).toBe('method not allowed')
      }
      expect(store.stats().swarms).toBe(0)
    },
  )

  test.each([['{"a":'], ['a=b'], ['']])(
    'a body of %j is ignored, regardless of its type',
    async (payload) => {
      await using app = await trackerApp()
      for (const type of [
        'application/json',
        'application/x-www-form-urlencoded',
        'nonsense',
        'multipart/form-data',
      ]) {
        const headers = { 'content-type': type }
        expect(
          (await app.inject({ method: 'POST', url: announceTarget(), payload, headers }))
            .statusCode,
        ).toBe(405)
      }
    },
  )

  test('a GET with a body is refused', async () => {
    const store = modelStore()
    await using app = await trackerApp({ store })
    const payload = 'info_hash=x'
    for (const path of ['/announce', '/scrape']) {
      const response = await app.inject({ method: 'GET', url: announceTarget({}, path), payload })
      expect([response.statusCode, response.headers.connection]).toEqual([413, 'close'])
      expect(failureReason(response)).toBe('request body not allowed')
    }
    expect(store.stats().swarms).toBe(0)
    expect(
      (await app.inject({ url: announceTarget(), headers: { 'content-length': '0' } })).statusCode,
    ).toBe(200)
  })
})

describe('route parameters longer than the server allows', () => {
  async function warnings(server: FastifyServerOptions, announceRoutes: string[]): Promise<string> {
    const lines: string[] = []
    const logger = {
      level: 'warn',
      stream: { write: (line: string): void => void lines.push(line) },
    }
    await using app = await trackerApp({ http: { announceRoutes }, server: { ...server, logger } })
    await app.ready()
    return lines.join('')
  }

  test('are warned of at boot, where a route has parameters', async () => {
    expect(await warnings({ routerOptions: {} }, ['/:passkey/announce'])).toContain(
      'maxParamLength',
    )
    expect(await warnings({ routerOptions: {} }, ['/announce'])).toBe('')
    expect(await warnings({}, ['/:passkey/announce'])).toBe('')
  })

  test('are refused in bencode by the recommended server', async () => {
    await using app = await trackerApp({ http: { announceRoutes: ['/:passkey/announce'] } })
    const response = await app.inject(`/${'k'.repeat(4097)}/announce?info_hash=${HASH}`)
    expect([response.statusCode, failureReason(response)]).toEqual([414, 'uri too long'])
  })
})
