import { ClientError } from '@chihaya/bittorrent'
import core from '@chihaya/core'
import {
  bencodedErrorHandler,
  bencodedNotFoundHandler,
  httpFrontend,
  recommendedServerOptions,
} from '@chihaya/http-frontend'
import Fastify, { type FastifyInstance } from 'fastify'
import { describe, expect, test } from 'vitest'
import { announceTarget, decode, failureReason, modelStore } from './tracker-app.ts'

/** An application with its own routes and handlers, and a tracker under /tracker. */
async function outerApp(
  prepare: (app: FastifyInstance) => void = () => undefined,
): Promise<FastifyInstance> {
  const app = Fastify()
  app.setErrorHandler((error, _request, reply) =>
    reply.code(418).send({ outer: (error as Error).message }),
  )
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ outer: 'not found' }))
  app.get('/broken', () => {
    throw new Error('broken')
  })
  app.post('/echo', (request) => request.body)
  app.get('/query', (request) => request.query)
  prepare(app)
  app.decorate('peerStore', modelStore())
  await app.register(core)
  await app.register(httpFrontend, {
    prefix: '/tracker',
    announceRoutes: ['/announce', '/:passkey/announce'],
  })
  return app
}

describe('an application with a tracker in it', () => {
  test('keeps its routes, its errors and its 404s', async () => {
    await using app = await outerApp()
    expect((await app.inject('/broken')).json()).toEqual({ outer: 'broken' })
    expect((await app.inject('/nothing')).json()).toEqual({ outer: 'not found' })
    expect((await app.inject('/tracker/nothing')).json()).toEqual({ outer: 'not found' })
    expect((await app.inject('/announce')).json()).toEqual({ outer: 'not found' })
    expect((await app.inject({ method: 'POST', url: '/echo', payload: { a: 1 } })).json()).toEqual({
      a: 1,
    })
    expect((await app.inject('/query?a=b')).json()).toEqual({ a: 'b' })
    expect((await app.inject({ method: 'HEAD', url: '/query' })).statusCode).toBe(200)
  })

  test('serves the tracker under its prefix, refusals included', async () => {
    await using app = await outerApp()
    expect(decode(await app.inject(announceTarget({}, '/tracker/announce'))).has('peers')).toBe(
      true,
    )
    expect(
      decode(await app.inject(announceTarget({}, '/tracker/s3cret/announce'))).has('peers'),
    ).toBe(true)
    expect(
      decode(await app.inject(announceTarget({}, '/tracker/s3cret/scrape'))).has('files'),
    ).toBe(true)
    expect(failureReason(await app.inject('/tracker/announce'))).toBe(
      'no info_hash parameter supplied',
    )
    expect(
      (await app.inject({ method: 'POST', url: '/tracker/scrape', payload: 'x' })).statusCode,
    ).toBe(405)
  })

  test('sees no error when the tracker refuses', async () => {
    const errors: unknown[] = []
    await using app = await outerApp((outer) =>
      outer.addHook('onError', (_request, _reply, error, done) => (errors.push(error), done())),
    )
    await app.inject('/tracker/announce')
    await app.inject('/broken')
    expect(errors).toHaveLength(1)
  })

  test('can refuse announces in its own hooks, in bencode with their status', async () => {
    const thrown: unknown[] = [
      Object.assign(new Error('Rate limit exceeded'), { statusCode: 429 }),
      new ClientError('unapproved client', { retryIn: 'never' }),
      new Error('the session store is down'),
      undefined,
      Object.assign(new Error('odd'), { statusCode: 499 }),
    ]
    await using app = await outerApp((outer) =>
      outer.addHook('onRequest', async (request, reply) => {
        if (request.headers['x-code']) reply.code(401)
        const index = Number(request.headers['x-throw'] ?? -1)
        if (index in thrown) throw thrown[index] as Error
      }),
    )
    const answer = async (headers: Record<string, string>): Promise<unknown[]> => {
      const response = await app.inject({ url: announceTarget({}, '/tracker/announce'), headers })
      return [response.statusCode, failureReason(response)]
    }
    expect(await answer({ 'x-throw': '0' })).toEqual([429, 'too many requests'])
    expect(await answer({ 'x-throw': '1' })).toEqual([200, 'unapproved client'])
    expect(await answer({ 'x-throw': '2' })).toEqual([200, 'internal server error'])
    expect(await answer({ 'x-throw': '2', 'x-code': '1' })).toEqual([401, 'unauthorized'])
    expect(await answer({ 'x-throw': '4' })).toEqual([499, 'request refused'])
    expect(await answer({})).toEqual([200, undefined])
  })
})

describe('two frontends in one application', () => {
  test('share a swarm, and have their own hooks and options', async () => {
    await using app = Fastify()
    app.decorate('peerStore', modelStore())
    await app.register(core)
    await app.register(async (scope) => {
      scope.tracker.addHook('preAnnounce', () => {
        throw new ClientError('members only')
      })
      await scope.register(httpFrontend, { prefix: '/private' })
    })
    await app.register(httpFrontend, { prefix: '/public', compactDefault: false })
    await app.register(httpFrontend, { prefix: '/other', keepAlive: true })
    expect(failureReason(await app.inject(announceTarget({}, '/private/announce')))).toBe(
      'members only',
    )
    const inPublic = await app.inject({
      url: announceTarget({}, '/public/announce'),
      remoteAddress: '192.0.2.8',
    })
    expect([decode(inPublic).get('incomplete'), inPublic.headers.connection]).toEqual([1, 'close'])
    expect(decode(inPublic).get('peers')).toHaveLength(1)
    const inOther = await app.inject({
      url: announceTarget({}, '/other/announce'),
      remoteAddress: '192.0.2.9',
    })
    expect([decode(inOther).get('incomplete'), inOther.headers.connection]).toEqual([
      2,
      'keep-alive',
    ])
    expect(decode(inOther).get('peers')).toBe('\xc0\0\x02\x08\x1a\xe1')
  })

  test('can have a tracker each', async () => {
    await using app = Fastify()
    for (const prefix of ['/one', '/two']) {
      await app.register(async (scope) => {
        scope.decorate('peerStore', modelStore())
        await scope.register(core, { announceInterval: prefix === '/one' ? '30m' : '10m' })
        await scope.register(httpFrontend, { prefix })
      })
    }
    const answer = async (url: string): Promise<unknown[]> => {
      const body = decode(
        await app.inject({ url: announceTarget({}, url), remoteAddress: '192.0.2.7' }),
      )
      return [body.get('interval'), body.get('incomplete')]
    }
    expect(await answer('/one/announce')).toEqual([1800, 1])
    expect(await answer('/two/announce')).toEqual([600, 1])
  })
})

describe('a server that is only a tracker', () => {
  test('answers only in bencode', async () => {
    const lines: string[] = []
    const logger = {
      level: 'info',
      stream: { write: (line: string): void => void lines.push(line) },
    }
    await using app: FastifyInstance = Fastify({ ...recommendedServerOptions, logger })
    app.setErrorHandler(bencodedErrorHandler)
    app.setNotFoundHandler(bencodedNotFoundHandler)
    app.get('/broken', () => {
      throw new Error('the disk is full')
    })
    app.get('/forbidden', () => {
      throw Object.assign(new Error('s3cret'), { statusCode: 403 })
    })
    const answer = async (url: string): Promise<unknown[]> => {
      const response = await app.inject(url)
      expect(response.headers).toMatchObject({
        'content-type': 'text/plain',
        connection: 'close',
        'cache-control': 'no-store',
      })
      return [response.statusCode, failureReason(response)]
    }
    expect(await answer('/nothing?passkey=s3cret')).toEqual([404, 'not found'])
    expect(await answer('/%FF')).toEqual([400, 'bad request'])
    expect(await answer('/forbidden')).toEqual([403, 'forbidden'])
    expect(await answer('/broken')).toEqual([500, 'internal server error'])
    expect(lines.join('')).toContain('the disk is full')
    expect(lines.join('')).not.toContain('s3cret')
  })
})
