import dgram, { type Socket } from 'node:dgram'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { trackerCore } from '@chihaya/core'
import { ModelPeerStore } from '@chihaya/core/testing'
import { udpFrontend, type ListenAddress, type UdpFrontendOptions } from '@chihaya/udp-frontend'
import { unavailable } from '@chihaya/udp-batch'
import fastify, { type FastifyInstance } from 'fastify'
import { describe, expect, test } from 'vitest'
import { connectionSecret } from '../src/protection/connection-id.ts'
import { announce, errorText, INFO_HASH, NO_ID, readAnnounceReply, scrape } from './datagrams.ts'
import { TrackerUnderTest } from './tracker-under-test.ts'
import { UdpClient } from './udp-client.ts'

/** Batching needs Linux, and a binary or a compiler for it. */
const TRANSPORTS =
  unavailable() === undefined ? (['dgram', 'batch'] as const) : (['dgram'] as const)

const LOOPBACK: ListenAddress[] = [{ host: '127.0.0.1', port: 0 }]

interface Log {
  readonly lines: string[]
  readonly write: (line: string) => void
}

function log(): Log {
  const lines: string[] = []
  return { lines, write: (line) => void lines.push(line) }
}

/** A socket that occupies a free port until it is closed. */
async function occupied(host = '127.0.0.1'): Promise<Socket & AsyncDisposable> {
  const socket = dgram.createSocket('udp4')
  socket.bind(0, host)
  await once(socket, 'listening')
  return socket
}

describe.each(TRANSPORTS)('over %s', (transport) => {
  function application(
    options: UdpFrontendOptions = { listen: LOOPBACK },
    stream: Log = log(),
  ): FastifyInstance {
    const app = fastify({ logger: { level: 'debug', stream } })
    app.decorate('peerStore', new ModelPeerStore({ peerLifetime: 60_000, now: Date.now }))
    app.register(trackerCore)
    app.register(udpFrontend, { transport, ...options })
    return app
  }

  describe('a tracker on real sockets', () => {
    test('serves several addresses of both families, and replies from the one that was asked', async () => {
      const hosts = ['127.0.0.1', '127.0.0.2', '::1']
      await using app = application({ listen: hosts.map((host) => ({ host, port: 0 })) })
      await app.ready()
      const addresses = app.udpTracker.addresses()
      expect(addresses.map(({ address }) => address)).toEqual(hosts)
      for (const address of addresses) {
        const family = address.family === 'IPv6' ? 'ipv6' : 'ipv4'
        await using client = await UdpClient.open(address)
        const id = await client.connect()
        const reply = readAnnounceReply(await client.request(announce(id, { port: 7000 })), family)
        expect(reply.peers).toContain(address.address === '::1' ? '::1:7000' : '127.0.0.1:7000')
        expect(errorText(await client.request(scrape(id, [INFO_HASH])))).toBe('(action 2)')
      }
    })

    test('puts clients of several addresses into one swarm', async () => {
      await using app = application()
      await app.ready()
      const [tracker] = app.udpTracker.addresses()
      const peers: string[][] = []
      for (const host of ['127.0.0.1', '127.0.0.3', '127.0.0.4']) {
        await using client = await UdpClient.open(tracker, host)
        peers.push(
          readAnnounceReply(await client.request(announce(await client.connect(), { left: 5n })))
            .peers,
        )
      }
      expect(peers).toEqual([
        ['127.0.0.1:6881'],
        ['127.0.0.1:6881'],
        ['127.0.0.1:6881', '127.0.0.3:6881'],
      ])
    })

    test('accepts a connection id from its own address only, at all sockets', async () => {
      await using app = application({ listen: [...LOOPBACK, ...LOOPBACK] })
      await app.ready()
      const [first, second] = app.udpTracker.addresses()
      await using client = await UdpClient.open(first)
      await using elsewhere = await UdpClient.open(second)
      await using stranger = await UdpClient.open(first, '127.0.0.9')
      const id = await client.connect()
      expect(errorText(await elsewhere.request(announce(id)))).toBe('(action 1)')
      expect(errorText(await stranger.request(announce(id)))).toBe('bad connection ID')
    })

    test('answers more requests than one reply buffer holds', async () => {
      await using app = application()
      await app.ready()
      await using client = await UdpClient.open(app.udpTracker.addresses()[0])
      const id = await client.connect()
      const infoHashes = Array.from({ length: 100 }, (_, index) => Buffer.alloc(20, index))
      for (let transaction = 0; transaction < 120; transaction++) {
        const reply = await client.request(scrape(id, infoHashes, transaction))
        expect([reply.length, reply.readUInt32BE(4)]).toEqual([1208, transaction])
      }
    })

    test('resolves names', async () => {
      await using app = application({ listen: [{ host: 'localhost', port: 0 }] })
      await app.ready()
      expect(['127.0.0.1', '::1']).toContain(app.udpTracker.addresses()[0]?.address)
    })

    test('supports two trackers with different hooks in one application', async () => {
      await using app = fastify()
      const scopes: FastifyInstance[] = []
      for (const interval of [60, 120]) {
        app.register((scope, _, done) => {
          scopes.push(scope)
          scope.decorate('peerStore', new ModelPeerStore({ peerLifetime: 60_000, now: Date.now }))
          scope.register(trackerCore)
          scope.register(udpFrontend, { listen: LOOPBACK, transport })
          scope.after(() =>
            scope.tracker.addHook(
              'preAnnounce',
              (_request, response) => void (response.interval = interval),
            ),
          )
          done()
        })
      }
      await app.ready()
      const replies = await Promise.all(
        scopes.map(async (scope) => {
          await using client = await UdpClient.open(scope.udpTracker.addresses()[0])
          return readAnnounceReply(await client.request(announce(await client.connect())))
        }),
      )
      expect(replies.map(({ interval, leechers }) => [interval, leechers])).toEqual([
        [60, 1],
        [120, 1],
      ])
    })
  })

  describe('binding', () => {
    test('a port in use prevents the start, and leaves no socket open', async () => {
      await using taken = await occupied()
      const app = application({
        listen: [...LOOPBACK, { host: '127.0.0.1', port: taken.address().port }],
      })
      await expect(app.ready()).rejects.toMatchObject({ code: 'EADDRINUSE' })
      expect(app.udpTracker.addresses()).toEqual([])
      await app.close()
    })

    test('a configured address that the host does not have is an error', async () => {
      const app = application({ listen: [{ host: '2001:db8::1', port: 0 }] })
      await expect(app.ready()).rejects.toMatchObject({
        code: expect.stringMatching(/EADDRNOTAVAIL|EAFNOSUPPORT/) as string,
      })
      await app.close()
    })

    test('happens when the application is ready, unless bind is false', async () => {
      await using app = application({ listen: LOOPBACK, transport, bind: false })
      await app.ready()
      expect(app.udpTracker.addresses()).toEqual([])
      await using other = application()
      await other.after()
      expect(other.udpTracker.addresses()).toEqual([])
    })
  })

  describe('closing', () => {
    test('answers requests that were received before', async () => {
      const app = application()
      let announced: () => void = () => undefined
      const arrived = new Promise<void>((resolve) => void (announced = resolve))
      let release: () => void = () => undefined
      const released = new Promise<void>((resolve) => void (release = resolve))
      app.after(() => {
        app.tracker.addHook('preAnnounce', async () => {
          announced()
          await released
        })
      })
      await app.ready()
      await using client = await UdpClient.open(app.udpTracker.addresses()[0])
      const id = await client.connect()
      const reply = client.receive()
      await client.send(announce(id))
      await arrived
      const closed = app.close()
      release()
      expect(errorText(await reply)).toBe('(action 1)')
      await closed
      expect(app.udpTracker.addresses()).toEqual([])
    })

    test("answers requests in the system's buffer", async () => {
      const app = application()
      await app.ready()
      await using client = await UdpClient.open(app.udpTracker.addresses()[0])
      const id = await client.connect()
      const reply = client.receive()
      await client.send(announce(id))
      await app.close()
      expect(errorText(await reply)).toBe('(action 1)')
    })

    test('does not wait forever', async () => {
      let release: () => void = () => undefined
      const released = new Promise<void>((resolve) => void (release = resolve))
      const tracker = new TrackerUnderTest({
        options: { listen: LOOPBACK, transport },
        hooks: { preAnnounce: () => released },
        drainTimeout: 20,
      })
      // A socket's clients come from 127.0.0.1, and share its connection ids.
      const id = await tracker.connect({ address: '127.0.0.1', port: 1 })
      await tracker.frontend.bind()
      await using client = await UdpClient.open(tracker.frontend.addresses()[0])
      await client.send(announce(id))
      await tracker.frontend.drain()
      await tracker.frontend.close()
      release()
      await setImmediate()
      expect(tracker.logged.map(({ details, message }) => [details, message]).at(-1)).toEqual([
        { pending: 1 },
        'UDP replies were not ready when the tracker closed',
      ])
    })

    test('frees the port', async () => {
      const app = application()
      await app.ready()
      const address = app.udpTracker.addresses().at(0) as AddressInfo
      await app.close()
      const again = application({ listen: [{ host: '127.0.0.1', port: address.port }] })
      await again.ready()
      expect(again.udpTracker.addresses()).toEqual([address])
      await again.close()
    })
  })

  describe('a log at debug level', () => {
    test('holds neither the key nor a connection id', async () => {
      const privateKey = 'a-key-nobody-may-read'
      const stream = log()
      const app = application({ listen: LOOPBACK, transport, privateKey }, stream)
      app.after(() => {
        app.tracker.addHook('preScrape', () => {
          throw new Error('a fault')
        })
      })
      await app.ready()
      await using client = await UdpClient.open(app.udpTracker.addresses()[0])
      const id = await client.connect()
      for (const datagram of [announce(id), announce(NO_ID), scrape(id, [INFO_HASH])])
        await client.request(datagram)
      await app.close()
      const text = stream.lines.join('')
      const secret = Buffer.from(connectionSecret(privateKey))
      expect(text).toContain('a fault')
      for (const hidden of [
        privateKey,
        secret.toString('hex'),
        secret.toString('base64'),
        id.toString('hex'),
      ]) {
        expect(text).not.toContain(hidden)
      }
    })
  })
})
