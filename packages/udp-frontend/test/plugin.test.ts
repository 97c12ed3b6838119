import { setTimeout as sleep } from 'node:timers/promises'
import { ClientError } from '@chihaya/bittorrent'
import { trackerCore, type CoreOptions } from '@chihaya/core'
import { ModelPeerStore } from '@chihaya/core/testing'
import fastify, { type FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { describe, expect, test } from 'vitest'
import { optionsSchema, udpFrontend, type UdpFrontendOptions } from '@chihaya/udp-frontend'
import { announce, connect, errorText } from './datagrams.ts'
import { IPV4 } from './tracker-under-test.ts'

const NEVER_BOUND: UdpFrontendOptions = { bind: false }

function store(scope: FastifyInstance): void {
  scope.decorate('peerStore', new ModelPeerStore({ peerLifetime: 60_000, now: Date.now }))
}

function application(
  options: UdpFrontendOptions = NEVER_BOUND,
  core: CoreOptions = {},
): FastifyInstance {
  const app = fastify()
  store(app)
  app.register(trackerCore, core)
  app.register(udpFrontend, options)
  return app
}

/** Connects and announces by injection. Returns the text of the reply. */
async function tryAnnounce(scope: FastifyInstance): Promise<string> {
  const id = (await scope.udpTracker.inject(connect(), IPV4)) as Buffer
  return errorText(await scope.udpTracker.inject(announce(id.subarray(8)), IPV4))
}

describe('the plugin', () => {
  test('closes after the post hooks, and before their middleware', async () => {
    const app = fastify()
    const happened: string[] = []
    store(app)
    app.register(trackerCore)
    app.register(
      fp(async (scope: FastifyInstance) => {
        scope.tracker.addHook('postAnnounce', async () => {
          await sleep(20)
          happened.push('post hook')
        })
        scope.addHook('onClose', async () => void happened.push('middleware closed'))
      }),
    )
    app.register(udpFrontend, NEVER_BOUND)
    await app.ready()
    await tryAnnounce(app)
    await app.close()
    expect(happened).toEqual(['post hook', 'middleware closed'])
  })

  test('handles datagrams without a socket', async () => {
    await using app = application()
    await app.ready()
    expect(await tryAnnounce(app)).toBe('(action 1)')
    expect(app.udpTracker.addresses()).toEqual([])
  })

  test('requires core', async () => {
    const app = fastify()
    app.register(udpFrontend, NEVER_BOUND)
    await expect(app.ready()).rejects.toThrow(
      /dependency '@chihaya\/core' of plugin '@chihaya\/udp-frontend'/,
    )
  })

  test('runs only the hooks of its scope', async () => {
    await using app = fastify()
    store(app)
    app.register(trackerCore)
    const scopes: FastifyInstance[] = []
    for (const reason of ['first', 'second']) {
      app.register((scope, _, done) => {
        scopes.push(scope)
        scope.register(udpFrontend, NEVER_BOUND)
        scope.tracker.addHook('preAnnounce', () => {
          throw new ClientError(reason)
        })
        done()
      })
    }
    await app.ready()
    expect(await Promise.all(scopes.map((scope) => tryAnnounce(scope)))).toEqual([
      'first',
      'second',
    ])
    expect(app.hasDecorator('udpTracker')).toBe(false)
  })

  test('has a schema with a description of every option', () => {
    for (const option of Object.values(optionsSchema.properties))
      expect(option.description).toMatch(/\.$/)
  })
})

describe('options', () => {
  const wrong: Array<[options: object, message: string]> = [
    [{ listen: [] }, 'options/listen must NOT have fewer than 1 items'],
    [
      { listen: [{ host: '', port: 1 }] },
      'options/listen/0/host must NOT have fewer than 1 characters',
    ],
    [{ listen: [{ host: '::', port: 65_536 }] }, 'options/listen/0/port must be <= 65535'],
    [{ listen: [{ host: '::' }] }, "options/listen/0 must have required property 'port'"],
    [{ privateKey: 123_456_789 }, 'options/privateKey must be string'],
    [{ allowIpSpoofing: 'yes' }, 'options/allowIpSpoofing must be boolean,array'],
    [
      { allowIpSpoofing: ['10.0.0.0/33'] },
      'options/allowIpSpoofing: "10.0.0.0/33" is neither an address nor a CIDR range',
    ],
    [{ proxyProtocolFrom: '10.0.0.1' }, 'options/proxyProtocolFrom must be array'],
    [
      { proxyProtocolFrom: ['proxy'] },
      'options/proxyProtocolFrom: "proxy" is neither an address nor a CIDR range',
    ],
    [{ connectionIdLifetime: 'soon' }, 'options/connectionIdLifetime'],
    [{ maxReplySize: 0 }, 'options/maxReplySize must be >= 128'],
    [{ dropSourcePorts: [-1] }, 'options/dropSourcePorts/0 must be >= 0'],
    [{ bind: 'onListen' }, 'options/bind must be one of onReady, false'],
    [{ addr: '0.0.0.0:6969' }, 'options has no key addr'],
  ]
  test.each(wrong)('%o are refused', async (options, message) => {
    const app = application(options)
    const refusal = app.ready()
    await expect(refusal).rejects.toMatchObject({ code: 'TRK_ERR_OPTIONS' })
    await expect(refusal).rejects.toThrow(`@chihaya/udp-frontend: ${message}`)
    await expect(refusal).rejects.not.toThrow('123456789')
  })
})
