import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { ConnectionMeter } from '@chihaya/core'
import { recommendedServerOptions as server } from '@chihaya/http-frontend'
import { pino } from 'pino'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { ConnectionLimits } from '../src/options.ts'
import type { HttpListenerOptions } from '../src/options.ts'
import { HttpListeners } from '../src/http-listeners.ts'
import { HttpService } from '../src/http-service.ts'
import { makeCertificate } from '@internal/test-tracker/certificate'
import { temporaryFolder } from '@internal/test-tracker/temporary-folder'

const ADDRESS = { host: '127.0.0.1', port: 0, key: 'test' }
const REQUEST = 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n'
const KEPT = 'GET / HTTP/1.1\r\n\r\n'

interface Served {
  readonly port: number
  readonly meter: ConnectionMeter
  readonly warnings: () => Array<Record<string, unknown>>
}

async function serve(
  limits: ConnectionLimits,
  handler: RequestListener = (_request, response) => void response.end('hello'),
  options: Partial<HttpListenerOptions> = {},
): Promise<Served> {
  const lines: string[] = []
  const meter = new ConnectionMeter()
  const listeners = new HttpListeners({
    log: pino({}, { write: (line: string) => void lines.push(line) }),
    name: 'tracker',
    meter,
    server,
  })
  onTestFinished(() => listeners.close())
  const service = new HttpService({ routing: handler })
  await (
    await listeners.prepare({ listeners: [{ address: ADDRESS, ...options }], limits, service })
  ).commit()
  const entries = (): Array<Record<string, unknown>> =>
    lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  const port = entries().find(({ msg }) => String(msg).endsWith('listens'))?.['port'] as number
  return { port, meter, warnings: () => entries().filter(({ level }) => level === 40) }
}

async function open(port: number, localAddress = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress }).on('error', () => undefined)
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  return socket
}

async function closed(socket: Socket): Promise<void> {
  if (!socket.closed) await new Promise((resolve) => socket.resume().once('close', resolve))
}

/** All bytes received until the connection ends. */
async function answer(socket: Socket, text = REQUEST): Promise<string> {
  let received = ''
  socket.on('error', () => undefined)
  socket.setEncoding('latin1').on('data', (part: string) => (received += part))
  socket.write(text)
  await closed(socket)
  return received
}

/** Sends a request on a connection that stays open. */
async function ask(socket: Socket): Promise<void> {
  socket.write(KEPT)
  await once(socket, 'data')
}

function dropped(meter: ConnectionMeter): Record<string, number> {
  const drops = meter.drops().filter(({ count }) => count > 0)
  return Object.fromEntries(
    drops.map(({ reason, connection, count }) => [`${reason} ${connection}`, count]),
  )
}

describe('too many connections', () => {
  it('end the longest idle one, and new ones are served', async () => {
    const { port, meter, warnings } = await serve({ maxConnections: 3 })
    const [first, second, third] = [await open(port), await open(port), await open(port)]
    // A client that has sent a request has been idle for less time than a later, silent one.
    await ask(first)
    expect(await answer(await open(port))).toMatch(/hello$/)
    await closed(second)
    expect(await answer(await open(port))).toMatch(/hello$/)
    const fourth = await open(port)
    await open(port)
    await closed(third)
    await ask(first)
    await ask(fourth)
    expect(dropped(meter)).toEqual({ 'max_connections idle': 2 })
    expect(warnings()).toEqual([
      expect.objectContaining({
        ended: 1,
        refused: 0,
        msg: expect.stringMatching(/^max_connections is/),
      }),
    ])
  })

  it('end no busy one, and new ones are refused', async () => {
    const waiting: Array<() => void> = []
    const { port, meter } = await serve(
      { maxConnections: 2 },
      (_request, response) => void waiting.push(() => response.end('late')),
    )
    const answers = [answer(await open(port)), answer(await open(port))]
    await expect.poll(() => waiting.length).toBe(2)
    expect(await answer(await open(port))).toBe('')
    expect(dropped(meter)).toEqual({ 'max_connections new': 1 })
    for (const send of waiting) send()
    for (const text of await Promise.all(answers)) expect(text).toMatch(/late$/)
  })

  it('end one with an incomplete request', async () => {
    const { port, meter } = await serve({ maxConnections: 1 }, (request, response) => {
      request.resume().once('end', () => response.end('hello'))
    })
    const chunked = 'GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n'
    const held = await open(port)
    held.write(chunked)
    await expect.poll(() => meter.open()).toBe(1)
    expect(await answer(await open(port), `${chunked}0\r\n\r\n`)).toMatch(/hello$/)
    await closed(held)
    expect(dropped(meter)).toEqual({ 'max_connections idle': 1 })
  })

  it('of one source end for new ones of that source, and exclude no other source', async () => {
    const { port, meter, warnings } = await serve({ maxConnections: 10, maxConnectionsPerIp: 2 })
    const [first, second] = [await open(port), await open(port)]
    const other = await open(port, '127.0.0.2')
    expect(await answer(await open(port))).toMatch(/hello$/)
    await closed(first)
    await ask(second)
    await ask(other)
    expect(dropped(meter)).toEqual({ 'max_connections_per_ip idle': 1 })
    expect(warnings()).toEqual([
      expect.objectContaining({ ended: 1, msg: expect.stringMatching(/max_connections_per_ip/) }),
    ])
  })

  it('of one source are a tenth of all by default, and unlimited if all are', async () => {
    const { port, meter } = await serve({ maxConnections: 2000 })
    const sockets = await Promise.all(Array.from({ length: 210 }, () => open(port)))
    await expect.poll(() => meter.open()).toBe(200)
    await Promise.all(sockets.slice(0, 10).map(closed))
    const free = await serve({ maxConnections: 0 })
    await Promise.all(Array.from({ length: 210 }, () => open(free.port)))
    await expect.poll(() => free.meter.open()).toBe(210)
  })

  it('do not include unlimited sources', async () => {
    const { port, meter } = await serve({
      maxConnections: 1,
      maxConnectionsPerIp: 1,
      unlimited: ['127.0.0.2'],
    })
    const first = await open(port)
    const unlimited = await Promise.all(Array.from({ length: 5 }, () => open(port, '127.0.0.2')))
    await ask(first)
    for (const socket of unlimited) await ask(socket)
    expect(dropped(meter)).toEqual({})
  })

  it('end over TLS, too, during a handshake and after a request', async () => {
    const folder = await temporaryFolder()
    await makeCertificate(folder, 'c')
    const tls = {
      cert: await readFile(join(folder, 'c.pem')),
      key: await readFile(join(folder, 'c.key')),
    }
    const waiting: Array<() => void> = []
    const { port } = await serve(
      { maxConnections: 2 },
      (request, response) =>
        void (request.url === '/'
          ? response.end('hello')
          : waiting.push(() => response.end('late'))),
      { tls },
    )
    const secure = async (text = REQUEST): Promise<string> => {
      const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
      onTestFinished(() => void socket.destroy())
      return answer(socket, text)
    }
    const late = secure('GET /late HTTP/1.1\r\nConnection: close\r\n\r\n')
    await expect.poll(() => waiting.length).toBe(1)
    const silent = await open(port)
    expect(await secure()).toMatch(/hello$/)
    await closed(silent)
    for (const send of waiting) send()
    expect(await late).toMatch(/late$/)
  })
})

describe('four sources that open silent connections as fast as they can', () => {
  it.each([
    ['each within its share', { maxConnections: 200 }, 'max_connections idle'],
    [
      'each beyond its share',
      { maxConnections: 2000, maxConnectionsPerIp: 50 },
      'max_connections_per_ip idle',
    ],
  ])('exclude no other client, %s', async (_name, limits, reason) => {
    const { port, meter } = await serve(limits)
    for (let round = 0; round < 30; round++) {
      for (let count = 0; count < 100; count++) {
        const silent = connect({
          port,
          host: '127.0.0.1',
          localAddress: `127.0.0.${2 + (count % 4)}`,
        })
        silent.on('error', () => undefined).resume()
        onTestFinished(() => void silent.destroy())
      }
      expect(await answer(await open(port, `127.0.1.${1 + round}`))).toMatch(/hello$/)
    }
    expect(meter.open()).toBeLessThan(300)
    expect(dropped(meter)).toEqual({ [reason]: expect.any(Number) as number })
  })
})
