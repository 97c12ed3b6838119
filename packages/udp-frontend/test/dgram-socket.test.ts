import dgram, { type Socket } from 'node:dgram'
import { Pending, trackerCore } from '@chihaya/core'
import { ModelPeerStore } from '@chihaya/core/testing'
import { udpFrontend, type UdpFrontendOptions } from '@chihaya/udp-frontend'
import fastify, { type FastifyInstance } from 'fastify'
import { describe, expect, test, vi } from 'vitest'
import { DgramSocket } from '../src/sockets/dgram-socket.ts'
import type { Dispatcher } from '../src/dispatcher.ts'
import { connect } from './datagrams.ts'
import { UdpClient } from './udp-client.ts'

/** An application, its one dgram socket, and the lines of its log. */
async function withSocket(
  options: UdpFrontendOptions = {},
): Promise<[app: FastifyInstance, socket: Socket, lines: string[]]> {
  const lines: string[] = []
  const app = fastify({
    logger: { level: 'debug', stream: { write: (line) => void lines.push(line) } },
  })
  app.decorate('peerStore', new ModelPeerStore({ peerLifetime: 60_000, now: Date.now }))
  app.register(trackerCore)
  app.register(udpFrontend, {
    listen: [{ host: '127.0.0.1', port: 0 }],
    transport: 'dgram',
    ...options,
  })
  const created = vi.spyOn(dgram, 'createSocket')
  await app.ready()
  const socket = created.mock.results[0]?.value as Socket
  created.mockRestore()
  return [app, socket, lines]
}

describe('a socket that fails', () => {
  test('continues, and logs that once a second', async () => {
    const [app, socket, lines] = await withSocket()
    for (let round = 0; round < 100; round++)
      socket.emit('error', new Error('recvmsg ECONNREFUSED'))
    await using client = await UdpClient.open(app.udpTracker.addresses()[0])
    expect(await client.connect()).toHaveLength(8)
    await app.close()
    const failures = lines.filter((line) => line.includes('a UDP socket failed'))
    expect(failures[0]).toMatch(/"message":"recvmsg ECONNREFUSED".*"errors":1,/)
    expect(failures.length).toBeLessThan(100)
  })

  test('to send a reply continues', async () => {
    const [app, socket, lines] = await withSocket()
    // Not reachable from loopback.
    const remote = { address: '192.0.2.1', family: 'IPv4' as const, port: 1000, size: 16 }
    socket.emit('message', connect(), remote)
    socket.emit('message', connect(), { ...remote, address: 'nonsense' })
    await using client = await UdpClient.open(app.udpTracker.addresses()[0])
    expect(await client.connect()).toHaveLength(8)
    await app.close()
    expect(lines.filter((line) => line.includes('a UDP socket failed')).length).toBeGreaterThan(0)
  })
})

describe('binding', () => {
  test('sets the size of the receive buffer', async () => {
    const [app, socket] = await withSocket({ receiveBufferSize: 65_536 })
    expect(socket.getRecvBufferSize()).toBeGreaterThanOrEqual(65_536)
    await app.close()
  })

  test('an address that the host does not have is skipped when it was not', async () => {
    const messages: string[] = []
    const record = (_: object, message: string): void => void messages.push(message)
    const dispatcher = { requestRoom: 2048 } as Dispatcher
    const service = {
      dispatcher,
      replies: new Pending(),
      drops: undefined,
      log: { info: record, warn: record },
    }
    const init = {
      port: 0,
      optional: true,
      receiveBufferSize: undefined,
      reusePort: false,
      transport: 'dgram' as const,
      service,
    }
    const socket = new DgramSocket({ host: '2001:db8::1', ...init })
    await socket.bind()
    expect([socket.address(), messages]).toEqual([
      undefined,
      ['the UDP tracker skips an address that this host does not have'],
    ])
    await socket.finishReading(performance.now() + 1000)
    await socket.close()
    const unknown = new DgramSocket({ host: 'no such host', ...init })
    await expect(unknown.bind()).rejects.toThrow('no such host')
  })
})
