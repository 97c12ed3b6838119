import { ClientError } from '@chihaya/bittorrent'
import type { Announce, PeerStore } from '@chihaya/core'
import { ModelPeerStore } from '@chihaya/core/testing'
import Fastify, { type FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import tracker, { type TrackerOptions } from '../src/index.ts'
import { announcePath, decode } from './announces.ts'
import { temporaryFolder } from '@internal/test-tracker/temporary-folder'

const CLOSED = new ClientError('closed to you')

let app: FastifyInstance = Fastify()
afterEach(() => app.close())

async function appWith(options: TrackerOptions): Promise<FastifyInstance> {
  app = Fastify()
  await app.register(tracker, options)
  return app
}

async function announce(query = {}, path?: string): Promise<Record<string, unknown>> {
  const response = await app.inject(announcePath(query, path))
  return decode(response.rawPayload)
}

describe('trackerPlugin', () => {
  it('is a whole tracker', async () => {
    await appWith({})
    await announce({ port: 1000, left: 0 })
    expect(await announce({ port: 2000 })).toMatchObject({
      complete: 1,
      incomplete: 1,
      interval: 1800,
    })
  })

  it('passes options on to core, frontends and store', async () => {
    await appWith({
      announceInterval: '10m',
      http: { announceRoutes: ['/:passkey/announce'] },
      storage: { name: 'memory', options: { families: 'unified' } },
    })
    expect(await announce({}, '/secret/announce')).toMatchObject({ interval: 600 })
    expect((await app.inject('/announce')).statusCode).toBe(404)
  })

  it('serves UDP if configured', async () => {
    let scope: FastifyInstance | undefined
    const look = async (fastify: FastifyInstance): Promise<void> => {
      scope = fastify
    }
    await appWith({
      http: false,
      udp: { listen: [{ host: '127.0.0.1', port: 0 }] },
      prehooks: [{ plugin: look }],
    })
    await app.ready()
    expect(scope?.udpTracker.addresses()).toEqual([
      { address: '127.0.0.1', family: 'IPv4', port: expect.any(Number) },
    ])
    expect((await app.inject('/announce')).statusCode).toBe(404)
  })

  it('does not affect the application around it', async () => {
    app = Fastify()
    app.setErrorHandler(
      (error: Error, _request, reply) => void reply.code(418).send({ own: error.message }),
    )
    app.setNotFoundHandler((_request, reply) => void reply.code(404).send({ own: 'not found' }))
    app.get('/hello', () => 'hello')
    app.get('/fails', () => {
      throw new Error('as it should')
    })
    await app.register(tracker, {})
    await app.register(tracker, { prefix: '/second' })
    expect((await app.inject('/hello')).body).toBe('hello')
    expect((await app.inject('/fails')).json()).toEqual({ own: 'as it should' })
    expect((await app.inject('/nowhere')).json()).toEqual({ own: 'not found' })
    expect((await app.inject('/second/nowhere')).json()).toEqual({ own: 'not found' })
    expect(app.hasDecorator('tracker')).toBe(false)
    expect(app.hasDecorator('peerStore')).toBe(false)
    expect(await announce({ port: 0 })).toHaveProperty('failure reason')
    expect(await announce({}, '/second/announce')).toMatchObject({ incomplete: 1 })
  })

  it('may be registered twice, with separate swarms and hooks', async () => {
    app = Fastify()
    const refuse = (): never => {
      throw CLOSED
    }
    await app.register(tracker, { prefix: '/public' })
    await app.register(tracker, { prefix: '/private', hooks: { preAnnounce: refuse } })
    await announce({ port: 1000 }, '/public/announce')
    expect(await announce({ port: 2000 }, '/public/announce')).toMatchObject({ incomplete: 2 })
    expect(await announce({ port: 2000 }, '/private/announce')).toEqual({
      'failure reason': 'closed to you',
    })
  })

  it('runs hooks in order: prehooks, posthooks, functions', async () => {
    const order: string[] = []
    const hook =
      (name: string) => (fastify: FastifyInstance, _options: object, done: () => void) => {
        fastify.tracker.addHook('preAnnounce', () => void order.push(name))
        done()
      }
    await appWith({
      hooks: {
        preAnnounce: [
          () => void order.push('first function'),
          () => void order.push('second function'),
        ],
      },
      posthooks: [{ plugin: hook('posthook') }],
      prehooks: [{ plugin: hook('first') }, { plugin: fp(hook('second')) }],
    })
    await announce()
    expect(order).toEqual(['first', 'second', 'posthook', 'first function', 'second function'])
  })

  it('runs every kind of hook', async () => {
    const ran: string[] = []
    const note = (name: string) => () => void ran.push(name)
    await appWith({
      hooks: {
        preAnnounce: note('preAnnounce'),
        postAnnounce: note('postAnnounce'),
        preScrape: note('preScrape'),
        postScrape: note('postScrape'),
      },
    })
    await announce()
    await app.inject('/scrape?info_hash=aaaaaaaaaaaaaaaaaaaa')
    await app.close()
    expect(ran.toSorted()).toEqual(['postAnnounce', 'postScrape', 'preAnnounce', 'preScrape'])
  })

  it('accepts a plain function as a store', async () => {
    const store: PeerStore = new ModelPeerStore({ peerLifetime: 60_000, now: () => 0 })
    await appWith({
      storage: {
        plugin: async (fastify: FastifyInstance) => void fastify.decorate('peerStore', store),
      },
    })
    await announce({ left: 0 })
    expect(await store.stats()).toMatchObject({ swarms: 1 })
  })

  it('resolves stores and hooks from resolveFrom, and passes their options unchanged', async () => {
    const folder = await temporaryFolder({
      'hook.mjs': `export default async (fastify, { greeting }) => {
        fastify.tracker.addHook('preAnnounce', (request, response) => { response.warning = greeting })
      }`,
    })
    await appWith({
      resolveFrom: folder,
      prehooks: [{ name: './hook.mjs', options: { greeting: 'hello' } }],
    })
    expect(await announce()).toMatchObject({ 'warning message': 'hello' })
  })

  it.each<[string, object, RegExp]>([
    [
      'an unknown key',
      { anounceInterval: '1m' },
      /@chihaya\/tracker: options has no key anounceInterval/,
    ],
    [
      'a wrong core option',
      { announceInterval: '1 minute' },
      /@chihaya\/core|@chihaya\/tracker: options\/announceInterval/,
    ],
    [
      'an interval below a second',
      { announceInterval: 10 },
      /@chihaya\/core: options\/announceInterval/,
    ],
    [
      'a wrong HTTP option',
      { http: { maxNumWant: 'x' } },
      /@chihaya\/http-frontend: options\/maxNumWant/,
    ],
    [
      'a wrong UDP option',
      { udp: { maxNumWant: 'x' } },
      /@chihaya\/udp-frontend: options\/maxNumWant/,
    ],
    [
      'a wrong store option',
      { storage: { name: 'memory', options: { x: 1 } } },
      /@chihaya\/storage-memory: options has no key x/,
    ],
    [
      'a store without a name',
      { storage: {} },
      /@chihaya\/tracker: options\/storage must have a name or a plugin/,
    ],
    [
      'a hook that is not installed',
      { prehooks: [{ name: 'nosuchhook' }] },
      /options\/prehooks\/0: the package nosuchhook is not installed/,
    ],
    [
      'a hook without a file',
      { posthooks: [{ name: './x.js' }] },
      /options\/posthooks\/0: there is no file \.\/x\.js/,
    ],
    ['unknown hooks', { hooks: { preannounce: () => {} } }, /unknown hook preannounce/],
    [
      'hooks that are not functions',
      { hooks: { preAnnounce: 1 } },
      /the preAnnounce hook must be a function/,
    ],
  ])('refuses %s when the application starts', async (_what, options, message) => {
    app = Fastify()
    app.register(tracker, options)
    await expect(app.ready()).rejects.toThrow(message)
  })
})

describe('a plugin by its name', () => {
  it.each([
    ['module.exports = (fastify, options, done) => { add(fastify); done() }', 'hook.cjs'],
    ['module.exports = { default: async (fastify) => add(fastify) }', 'hook.cjs'],
    ['export default (fastify, options, done) => { add(fastify); done() }', 'hook.mjs'],
    ['export default async (fastify) => add(fastify)', 'hook.mjs'],
  ])('may be %s', async (text, name) => {
    const add = `const add = (fastify) => fastify.tracker.addHook('preAnnounce', (request, response) => { response.warning = 'here' });`
    const folder = await temporaryFolder({ [name]: `${add}\n${text}` })
    await appWith({ prehooks: [{ name: join(folder, name) }] })
    expect(await announce()).toMatchObject({ 'warning message': 'here' })
  })

  it.each([
    ['export const x = 1', /"\.\/hook\.mjs" has no Fastify plugin as its default export/],
    ['export default {}', /has no Fastify plugin as its default export/],
    ['export default (', /"\.\/hook\.mjs" does not load: /],
    ['import "./gone.mjs"; export default () => {}', /"\.\/hook\.mjs" does not load/],
  ])('cannot be %s', async (text, message) => {
    const folder = await temporaryFolder({ 'hook.mjs': text })
    app = Fastify()
    app.register(tracker, { resolveFrom: folder, prehooks: [{ name: './hook.mjs' }] })
    await expect(app.ready()).rejects.toThrow(message)
  })

  it('rejects the start if it throws, in any style', async () => {
    app = Fastify()
    app.register(tracker, {
      prehooks: [
        {
          plugin: (_fastify: FastifyInstance, _options: object, _done: () => void) => {
            throw new Error('not today')
          },
        },
      ],
    })
    await expect(app.ready()).rejects.toThrow('not today')
  })

  it('sees the requests of the frontends', async () => {
    const seen: Announce[] = []
    await appWith({ hooks: { postAnnounce: (request) => void seen.push(request) } })
    await announce({ port: 7000 })
    await app.close()
    expect(seen.map(({ port }) => port)).toEqual([7000])
  })
})
