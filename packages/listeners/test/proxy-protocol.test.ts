import { recommendedServerOptions as server } from '@chihaya/http-frontend'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import * as fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ConnectionLimit } from '../src/connection-limit.ts'
import type { ConnectionLimits } from '../src/options.ts'
import { HttpListener } from '../src/http-listener.ts'
import { HttpService } from '../src/http-service.ts'
import type { HttpListenerOptions } from '../src/options.ts'
import { makeCertificate } from '@internal/test-tracker/certificate'
import { temporaryFolder } from '@internal/test-tracker/temporary-folder'

const ADDRESS = { host: '127.0.0.1', port: 0, key: 'test' }
const CLOSE = 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n'
const V1 = Buffer.from('PROXY TCP4 198.51.100.7 192.0.2.1 4711 6969\r\n')
const V1_IPV6 = Buffer.from('PROXY TCP6 2001:db8::7 2001:db8::1 4711 6969\r\n')
const SIGNATURE = '0d0a0d0a000d0a515549540a'
const V2 = Buffer.from(`${SIGNATURE}2111000cc6336407c000020112671b39`, 'hex')
const V2_WITH_TLV = Buffer.from(`${SIGNATURE}21110013c6336407c000020112671b3904000400000000`, 'hex')
const V2_IPV6 = Buffer.from(
  `${SIGNATURE}21210024${'20010db8000000000000000000000007'.repeat(2)}12671b39`,
  'hex',
)
const V2_LOCAL = Buffer.from(`${SIGNATURE}20000000`, 'hex')
const OF_IPV4 = '198.51.100.7 IPv4 4711'
const OF_IPV6 = '2001:db8::7 IPv6 4711'

/** Answers with the client's address. */
const who: RequestListener = ({ socket, url }, response) => {
  const { remoteAddress, remoteFamily, remotePort } = socket
  response.end(
    `${url}: ${remoteAddress} ${remoteFamily} ${remoteAddress === '127.0.0.1' ? '' : remotePort};`,
  )
}

interface Listening {
  readonly listener: HttpListener
  readonly port: number
  readonly drops: string[]
}

async function listen(
  options: Partial<HttpListenerOptions> = {},
  limits: ConnectionLimits = {},
): Promise<Listening> {
  const drops: string[] = []
  const limit = new ConnectionLimit((reason, dropped) => drops.push(`${reason} ${dropped}`))
  limit.configure(limits)
  const service = new HttpService({ routing: who })
  const all = { address: ADDRESS, proxyProtocolFrom: ['127.0.0.1'], ...options }
  const listener = new HttpListener(all, service, {
    limit,
    onDrop: (reason, dropped) => drops.push(`${reason} ${dropped}`),
    server,
  })
  onTestFinished(() => listener.close(0))
  return { listener, port: ((await listener.open()) as AddressInfo).port, drops }
}

async function open(port: number, localAddress = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress }).setNoDelay()
  socket.on('error', () => undefined)
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  return socket
}

/** All bytes received until the connection ends. */
async function received(socket: Socket): Promise<string> {
  let text = ''
  socket.setEncoding('latin1').on('data', (part: string) => (text += part))
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve))
  return text
}

/** The bodies or statuses of the answers to `parts`, each sent as a separate segment. */
async function exchange(socket: Socket, ...parts: ReadonlyArray<Buffer | string>): Promise<string> {
  const answer = received(socket)
  for (const part of parts) {
    await new Promise((resolve) => socket.write(part, resolve))
    await new Promise((resolve) => setImmediate(resolve))
  }
  const text = await answer
  return text.startsWith('HTTP/1.1 200')
    ? [...text.matchAll(/\/[a-z]*: [^;]*/g)].join('|')
    : text.slice(0, 12)
}

async function certificate(): Promise<NonNullable<HttpListenerOptions['tls']>> {
  const folder = await temporaryFolder()
  await makeCertificate(folder, 'c')
  return { cert: await readFile(join(folder, 'c.pem')), key: await readFile(join(folder, 'c.key')) }
}

/** TLS on a connection that has begun. */
function secure(socket: Socket): Socket {
  const secured = connectTls({ socket, rejectUnauthorized: false }).on('error', () => undefined)
  onTestFinished(() => void secured.destroy())
  return secured
}

describe('a connection of a proxy that speaks the PROXY protocol', () => {
  const headers = [
    ['version 1', V1, OF_IPV4],
    ['version 1 with IPv6', V1_IPV6, OF_IPV6],
    [
      'version 1 without a client',
      Buffer.from('PROXY UNKNOWN ffff::1 what ever\r\n'),
      '127.0.0.1 IPv4 ',
    ],
    ['version 2', V2, OF_IPV4],
    ['version 2 with IPv6', V2_IPV6, OF_IPV6],
    ['version 2 with TLVs', V2_WITH_TLV, OF_IPV4],
    ['version 2 for itself', V2_LOCAL, '127.0.0.1 IPv4 '],
  ] as const

  it.each(headers)('is that of the client, with %s', async (_name, header, client) => {
    const { port } = await listen()
    expect(await exchange(await open(port), Buffer.concat([header, Buffer.from(CLOSE)]))).toBe(
      `/: ${client}`,
    )
    const pipelined = `GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n${CLOSE}`
    expect(await exchange(await open(port), header, pipelined)).toBe(
      `/a: ${client}|/b: ${client}|/: ${client}`,
    )
    expect(await exchange(await open(port), Buffer.concat([header, Buffer.from(pipelined)]))).toBe(
      `/a: ${client}|/b: ${client}|/: ${client}`,
    )
  })

  it.each(headers)(
    'may come in segments that end at any byte, with %s',
    async (_name, header, client) => {
      const { port } = await listen()
      const whole = Buffer.concat([header, Buffer.from(CLOSE)])
      const ends = Array.from({ length: header.length + 5 }, (_, index) => index + 1)
      const answers = ends.map(async (end) =>
        exchange(await open(port), whole.subarray(0, end), whole.subarray(end)),
      )
      expect(new Set(await Promise.all(answers))).toEqual(new Set([`/: ${client}`]))
      expect(
        await exchange(await open(port), ...Array.from(whole, (byte) => Buffer.of(byte))),
      ).toBe(`/: ${client}`)
    },
  )

  it.each(headers)('precedes the TLS handshake, with %s', async (_name, header, client) => {
    const { port } = await listen({ tls: await certificate() })
    for (const end of [header.length, 1]) {
      const socket = await open(port)
      socket.write(header.subarray(0, end))
      if (end < header.length) await new Promise((resolve) => setTimeout(resolve, 20))
      socket.write(header.subarray(end))
      expect(await exchange(secure(socket), CLOSE)).toBe(`/: ${client}`)
    }
  })

  it('is that of the client in the same segment as the beginning of a TLS handshake', async () => {
    const { port } = await listen({ tls: await certificate() })
    const socket = await open(port)
    // Held back until the first bytes of the handshake follow.
    socket.cork()
    socket.write(V2)
    const secured = secure(socket)
    setImmediate(() => socket.uncork())
    expect(await exchange(secured, CLOSE)).toBe(`/: ${OF_IPV4}`)
  })

  it('is that of the client over a Unix socket, for any trusted networks', async () => {
    const path = join(await temporaryFolder(), 'http.sock')
    await listen({ address: { path, key: 'test' }, proxyProtocolFrom: [] })
    const socket = connect(path)
    onTestFinished(() => void socket.destroy())
    expect(await exchange(socket, V1, CLOSE)).toBe(`/: ${OF_IPV4}`)
  })

  it('is refused without a header, and counted', async () => {
    const { port, drops } = await listen()
    expect(await exchange(await open(port), CLOSE)).toBe('HTTP/1.1 400')
    expect(await exchange(await open(port), 'PROXY TCP4 what\r\n', CLOSE)).toBe('HTTP/1.1 400')
    expect(drops).toEqual(['proxy_header new', 'proxy_header new'])
    const secured = await listen({ tls: await certificate() })
    expect(await exchange(secure(await open(secured.port)), CLOSE)).toBe('')
    expect(secured.drops).toEqual(['proxy_header new'])
  })

  it('ends if the header does not arrive in time, and delays no others', async () => {
    const { listener, port, drops } = await listen({ readTimeout: '100ms' })
    expect(await exchange(await open(port))).toBe('')
    expect(await exchange(await open(port), 'PROXY TC')).toBe('HTTP/1.1 400')
    expect(drops).toEqual(['proxy_header new'])
    const patient = await listen({ readTimeout: '1h' })
    const silent = await open(patient.port)
    await expect.poll(() => patient.listener.connections).toBe(1)
    await patient.listener.close()
    expect(await received(silent)).toBe('')
    expect(listener.connections).toBe(0)
  })

  it('may end before its header, which is not logged', async () => {
    const { listener, port, drops } = await listen()
    for (const part of ['', 'PROXY TC']) {
      const socket = await open(port)
      if (part !== '') await new Promise((resolve) => socket.write(part, resolve))
      socket.resetAndDestroy()
      // A check that the port is open.
      if (part === '') (await open(port)).end()
    }
    await expect.poll(() => listener.connections).toBe(0)
    expect(drops).toEqual([])
  })

  it('counts for its client, and not at all if the proxy speaks for itself', async () => {
    const { port, drops } = await listen({}, { maxConnections: 10, maxConnectionsPerIp: 1 })
    const of = async (header: Buffer): Promise<Socket> => {
      const socket = await open(port)
      socket.write(Buffer.concat([header, Buffer.from('GET / HTTP/1.1\r\n\r\n')]))
      await once(socket, 'data')
      return socket
    }
    const first = await of(V1)
    const others = [await of(V1_IPV6), await of(V2_LOCAL), await of(V2_LOCAL)]
    expect(drops).toEqual([])
    await of(V2)
    await received(first)
    expect(drops).toEqual(['max_connections_per_ip idle'])
    expect(others.every(({ closed }) => !closed)).toBe(true)
  })

  it('survives arbitrary bytes', async () => {
    const { listener, port } = await listen()
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc
        .tuple(fc.constantFrom(V1, V2, V2_LOCAL), fc.uint8Array({ maxLength: 100 }))
        .map((parts) => Buffer.concat(parts)),
    )
    await fc.assert(
      fc.asyncProperty(bytes, fc.nat(), async (text, cut) => {
        const socket = await open(port)
        const at = cut % (text.length + 1)
        socket.write(text.subarray(0, at))
        socket.end(text.subarray(at))
        expect(await received(socket)).toMatch(/^(HTTP\/1\.1 [24]|$)/)
      }),
      { numRuns: 200 },
    )
    await expect.poll(() => listener.connections).toBe(0)
  })
})

describe('a header of the PROXY protocol', () => {
  it.each([V1, V2])('is not a request if the sender is not a trusted proxy', async (header) => {
    const { port, drops } = await listen()
    expect(await exchange(await open(port, '127.0.0.2'), header, CLOSE)).toBe('HTTP/1.1 400')
    expect(await exchange(await open(port, '127.0.0.2'), CLOSE)).toMatch(/^\/: 127\.0\.0\.2 /)
    expect(drops).toEqual([])
  })

  it('is not a request if no proxy is configured', async () => {
    const listener = new HttpListener({ address: ADDRESS }, new HttpService({ routing: who }), {
      server,
    })
    onTestFinished(() => listener.close(0))
    const { port } = (await listener.open()) as AddressInfo
    expect(await exchange(await open(port), V1, CLOSE)).toBe('HTTP/1.1 400')
  })

  it('is expected from the next connection on when the options change', async () => {
    const { listener, port } = await listen()
    listener.serve({ address: ADDRESS }, new HttpService({ routing: who }))
    expect(await exchange(await open(port), CLOSE)).toMatch(/^\/: 127\.0\.0\.1 /)
    expect(await exchange(await open(port), V1, CLOSE)).toBe('HTTP/1.1 400')
  })
})
