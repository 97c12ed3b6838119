import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { connect, type AddressInfo, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { ConnectionMeter } from '@chihaya/core'
import { recommendedServerOptions as server } from '@chihaya/http-frontend'
import { pino } from 'pino'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ConnectionLimit } from '../src/connection-limit.ts'
import { HttpListener } from '../src/http-listener.ts'
import { HttpService } from '../src/http-service.ts'
import type { HttpListenerOptions } from '../src/options.ts'
import { HttpListeners } from '../src/http-listeners.ts'
import { makeCertificate } from '@internal/test-tracker/certificate'
import { temporaryFolder } from '@internal/test-tracker/temporary-folder'

const ADDRESS = { host: '127.0.0.1', port: 0, key: 'test' }
const REQUEST = 'GET / HTTP/1.1\r\n\r\n'
const CLIENT_HELLO = Buffer.from('16030100c8010000c40303', 'hex')

interface Listening {
  readonly listener: HttpListener
  readonly service: HttpService
  readonly port: number
}

async function listen(
  options: Partial<HttpListenerOptions> = {},
  handler: RequestListener = (_request, response) => void response.end('hello'),
): Promise<Listening> {
  const limit = new ConnectionLimit()
  limit.configure({ maxConnections: 20 })
  const service = new HttpService({ routing: handler })
  const listener = new HttpListener({ address: ADDRESS, ...options }, service, {
    limit,
    server,
    refuse: (response) => void response.writeHead(503).end('slow down'),
  })
  onTestFinished(() => listener.close(0))
  return { listener, service, port: ((await listener.open()) as AddressInfo).port }
}

async function certificate(): Promise<NonNullable<HttpListenerOptions['tls']>> {
  const folder = await temporaryFolder()
  await makeCertificate(folder, 'c')
  return { cert: await readFile(join(folder, 'c.pem')), key: await readFile(join(folder, 'c.key')) }
}

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined)
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  return socket
}

async function closed(socket: Socket): Promise<void> {
  socket.resume()
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve))
}

describe('TLS handshakes that do not end', () => {
  it('are cut off, and their connections no longer count', async () => {
    const { port } = await listen({ tls: await certificate(), readTimeout: '500ms' })
    const silent = await Promise.all(Array.from({ length: 10 }, () => open(port)))
    const begun = await Promise.all(Array.from({ length: 10 }, () => open(port)))
    for (const socket of begun) socket.write(CLIENT_HELLO)
    await Promise.all([...silent, ...begun].map(closed))
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
    onTestFinished(() => void socket.destroy())
    socket.write(REQUEST)
    const [answer] = (await once(socket, 'data')) as [Buffer]
    expect(answer.toString('latin1')).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
  })

  it('do not delay a listener that closes', async () => {
    const { listener, port } = await listen({ tls: await certificate(), readTimeout: '1h' })
    const sockets = await Promise.all([open(port), open(port)])
    sockets[0].write(CLIENT_HELLO)
    // Answered after the others have been accepted.
    const plain = await open(port)
    plain.write(REQUEST)
    await closed(plain)
    await listener.close()
    await Promise.all(sockets.map(closed))
    expect(listener.address()).toBe(null)
  })
})

describe('clients that do not read', () => {
  const body = Buffer.alloc(1 << 20)
  const large: RequestListener = (_request, response) => void response.end(body)

  it.each([
    ['and ask for more in one go', REQUEST.repeat(20_000), ''],
    ['and go on asking', REQUEST.repeat(10), REQUEST],
    ['and never end their next request', `${REQUEST.repeat(10)}GET / HTTP/1.1\r\n`, 'A: b\r\n'],
    ['and send garbage', REQUEST.repeat(10), '\0\0\0\0'],
  ])('%s are gone within the write timeout', async (_name, first, further) => {
    const { listener, port } = await listen({ writeTimeout: '1s', readTimeout: '1s' }, large)
    const socket = (await open(port)).pause()
    const timer = setInterval(() => void (further !== '' && socket.write(further)), 100)
    onTestFinished(() => clearInterval(timer))
    socket.write(first)
    await expect.poll(() => listener.connections).toBe(1)
    // One check per second, and at least a second without progress.
    await expect.poll(() => listener.connections, { timeout: 4000 }).toBe(0)
  })

  it('are disconnected at their hundredth request if the answers are too short to fill buffers', async () => {
    const { listener, port } = await listen()
    const socket = (await open(port)).pause()
    const timer = setInterval(() => socket.write(REQUEST), 5)
    onTestFinished(() => clearInterval(timer))
    await expect.poll(() => listener.connections).toBe(1)
    // The last reply, and two seconds to read it.
    await expect.poll(() => listener.connections, { timeout: 4000 }).toBe(0)
  })

  it('are distinguished from slow readers, which get everything', async () => {
    const { port } = await listen(
      { writeTimeout: '1s' },
      (_request, response) => void response.end(Buffer.alloc(4 << 20)),
    )
    const socket = await open(port)
    let received = 0
    socket.on('data', (part: Buffer) => {
      received += part.length
      socket.pause()
      setTimeout(() => socket.resume(), 20)
    })
    socket.write('GET / HTTP/1.0\r\n\r\n')
    await new Promise((resolve) => socket.once('close', resolve))
    expect(received).toBeGreaterThan(4 << 20)
  })
})

describe('clients that ask for more than they read', () => {
  it('are cut off, and their requests do not stay pending', async () => {
    // More than the system takes for a client that does not read.
    const body = Buffer.alloc(1 << 20)
    const { service, port } = await listen(
      { writeTimeout: '300ms' },
      (_request, response) => void response.end(body),
    )
    const socket = (await open(port)).pause()
    socket.write(REQUEST.repeat(50))
    await expect.poll(() => service.requests.count).toBeGreaterThan(0)
    await service.requests.idle()
    await closed(socket)
  })
})

describe('too many requests under way', () => {
  it('are refused, until others are answered', async () => {
    const { service, port } = await listen()
    const ask = async (): Promise<string> => {
      const response = await fetch(`http://127.0.0.1:${port}/`)
      return `${response.status} ${await response.text()}`
    }
    for (let count = 0; count < 20_000; count++) service.requests.begin()
    expect(await ask()).toBe('503 slow down')
    service.requests.end()
    expect(await ask()).toBe('200 hello')
    expect(service.requests.count).toBeLessThanOrEqual(20_000)
  })
})

describe('several requests at once on a connection', () => {
  const late: RequestListener = (_request, response) =>
    void setTimeout(() => response.end('late'), 50)
  const last: RequestListener = (_request, response) =>
    void response.setHeader('connection', 'close').end('last')
  const never: RequestListener = () => undefined

  it.each([
    [
      'that are cut off after the first answer',
      last,
      (socket: Socket) => socket.write(REQUEST.repeat(5)),
    ],
    [
      'beyond the limit of requests per connection',
      last,
      (socket: Socket) => socket.write(REQUEST.repeat(150)),
    ],
    [
      'of a client that disconnects',
      late,
      (socket: Socket) => socket.write(REQUEST.repeat(5), () => void socket.resetAndDestroy()),
    ],
    ['of a client that half-closes', late, (socket: Socket) => socket.end(REQUEST.repeat(5))],
    ['that are never answered', never, (socket: Socket) => socket.write(REQUEST.repeat(5))],
    [
      'followed by garbage',
      late,
      (socket: Socket) => socket.write(`${REQUEST.repeat(3)}\xff\xff\r\n\r\n`, 'latin1'),
    ],
    [
      'that leave HTTP',
      late,
      (socket: Socket) => socket.write(`${REQUEST}CONNECT a:1 HTTP/1.1\r\n\r\n${REQUEST}`),
    ],
  ] as const)('%s do not stay pending', async (_name, handler, send) => {
    let asked = 0
    const { listener, service, port } = await listen(
      { writeTimeout: '500ms' },
      (request, response) => {
        asked++
        handler(request, response)
      },
    )
    const socket = await open(port)
    send(socket)
    await closed(socket)
    await service.requests.idle()
    await listener.close()
    expect(asked).toBeGreaterThan(0)
  })
})

describe('a listener that closes', () => {
  it('does not wait forever for a client that keeps sending requests, or for an answer that never comes', async () => {
    const { listener, service, port } = await listen(
      { writeTimeout: '1h' },
      (request, response) => {
        if (request.url === '/') setTimeout(() => response.end('hello'), 20)
      },
    )
    const asking = await open(port)
    asking.on('data', () => asking.write(REQUEST))
    asking.write(REQUEST)
    const stuck = await open(port)
    stuck.write('GET /stuck HTTP/1.1\r\n\r\n')
    await expect.poll(() => service.requests.count).toBeGreaterThan(0)
    await listener.close(100)
    await Promise.all([closed(asking), closed(stuck)])
    await service.requests.idle()
    expect(listener.address()).toBe(null)
  })
})

describe('a connection that the system cannot accept', () => {
  it('is logged and counted, and others are served', async () => {
    let listening: Server | undefined
    const service = new HttpService({
      routing: (request, response) => {
        listening = (request.socket as Socket & { server: Server }).server
        response.end('hello')
      },
    })
    const lines: string[] = []
    const meter = new ConnectionMeter()
    const listeners = new HttpListeners({
      log: pino({}, { write: (line: string) => void lines.push(line) }),
      name: 'tracker',
      meter,
      server,
    })
    onTestFinished(() => listeners.close())
    await (
      await listeners.prepare({ listeners: [{ address: ADDRESS }], limits: {}, service })
    ).commit()
    const port = Number(/"port":(\d+)/.exec(lines.join(''))?.[1])
    const ask = async (): Promise<string> => (await fetch(`http://127.0.0.1:${port}/`)).text()
    expect(await ask()).toBe('hello')
    // As if without file descriptors, not even the one that is reserved to refuse connections.
    for (let count = 0; count < 3; count++)
      listening?.emit('error', Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' }))
    expect(await ask()).toBe('hello')
    listening?.emit('error', Object.assign(new Error('accept EPERM'), { code: 'EPERM' }))
    const warnings = lines
      .map((line) => JSON.parse(line) as { level: number })
      .filter(({ level }) => level === 40)
    expect(warnings).toEqual([
      expect.objectContaining({
        err: expect.objectContaining({ code: 'EMFILE' }) as object,
        refused: 1,
        ended: 0,
        port,
        msg: 'file descriptors run out, so new connections replace idle ones: raise the limit of open files',
      }),
      expect.objectContaining({
        err: expect.objectContaining({ code: 'EPERM' }) as object,
        msg: 'a connection was not accepted',
      }),
    ])
    expect(meter.drops().filter(({ count }) => count > 0)).toEqual([
      { reason: 'open_files', connection: 'new', count: 3 },
      { reason: 'accept', connection: 'new', count: 1 },
    ])
  })
})
