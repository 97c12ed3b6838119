import websocket from '@fastify/websocket'
import Fastify, { type FastifyInstance } from 'fastify'
import { getEventListeners } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { pino } from 'pino'
import { describe, expect, it, onTestFinished } from 'vitest'
import { HttpListeners, HttpService, type ConnectionLimits } from '@chihaya/listeners'
import { makeCertificate } from '@internal/test-tracker/certificate'
import { temporaryFolder } from '@internal/test-tracker/temporary-folder'

const HOST = '127.0.0.1'
const NEVER = /(?!)/
const UPGRADE = 'Connection: Upgrade\r\nUpgrade: websocket\r\n'
const HANDSHAKE = `GET /echo HTTP/1.1\r\nHost: x\r\n${UPGRADE}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`

/** An application that answers with its name over HTTP, and echoes over WebSocket if wanted. */
async function application(name: string, withSockets = true): Promise<HttpService> {
  const app: FastifyInstance = Fastify()
  if (withSockets) await app.register(websocket)
  app.get('/', async () => name)
  if (withSockets) {
    app.get('/echo', { websocket: true }, (socket) => {
      socket.on('message', (text: Buffer) => socket.send(`${name}: ${text.toString()}`))
    })
  } else app.get('/echo', async () => `${name} has no sockets`)
  await app.ready()
  onTestFinished(() => app.close())
  return new HttpService(app)
}

interface Serving {
  readonly listeners: HttpListeners
  readonly ports: readonly number[]
  readonly serve: (service: HttpService, limits?: ConnectionLimits) => Promise<void>
}

async function serve(service: HttpService, limits: ConnectionLimits = {}): Promise<Serving> {
  const folder = await temporaryFolder()
  await makeCertificate(folder, 'c')
  const cert = await readFile(join(folder, 'c.pem'))
  const key = await readFile(join(folder, 'c.key'))
  const listeners = new HttpListeners({ log: pino({ level: 'silent' }) })
  onTestFinished(() => listeners.close())
  const address = { host: HOST, port: 0 }
  const serveAll = (next: HttpService, others = limits): Promise<void> =>
    listeners.serve({
      listeners: [{ address }, { address, tls: { cert, key } }],
      limits: others,
      service: next,
    })
  await serveAll(service)
  const ports = listeners.addresses().map((at) => (at as AddressInfo).port)
  return { listeners, ports, serve: serveAll }
}

/** A WebSocket client, and what it has received. */
class Client {
  readonly received: string[] = []
  readonly socket: WebSocket
  closed: object | undefined

  constructor(port: number | undefined, path = '/echo') {
    this.socket = new WebSocket(`ws://${HOST}:${port}${path}`)
    this.socket.addEventListener('message', ({ data }) => void this.received.push(String(data)))
    this.socket.addEventListener('close', ({ wasClean }) => void (this.closed = { wasClean }))
    onTestFinished(() => this.socket.close())
  }

  static async open(port: number | undefined): Promise<Client> {
    const client = new Client(port)
    await new Promise((resolve, reject) => {
      client.socket.addEventListener('open', resolve)
      client.socket.addEventListener('error', reject)
    })
    return client
  }

  async echo(text: string): Promise<string | undefined> {
    const count = this.received.length
    this.socket.send(text)
    await expect.poll(() => this.received.length).toBeGreaterThan(count)
    return this.received.at(-1)
  }
}

/** The bytes received for `text` until the connection ends, or until `enough` matches. */
async function exchange(socket: Socket, text: string, enough = NEVER): Promise<string> {
  onTestFinished(() => void socket.destroy())
  let received = ''
  socket.on('error', () => undefined)
  socket.setEncoding('latin1').on('data', (part: string) => (received += part))
  socket.write(text)
  await expect.poll(() => socket.closed || enough.test(received), { timeout: 20_000 }).toBe(true)
  return received
}

const body = async (port: number | undefined): Promise<string> =>
  (await fetch(`http://${HOST}:${port}/`)).text()

describe('an upgrade', () => {
  it('reaches the application, beside requests', async () => {
    const { ports } = await serve(await application('one'))
    const client = await Client.open(ports[0])
    expect(await client.echo('hello')).toBe('one: hello')
    expect(await body(ports[0])).toBe('one')
  })

  it('reaches it over TLS', async () => {
    const { ports } = await serve(await application('one'))
    const secured = connectTls({ port: ports[1] ?? 0, host: HOST, rejectUnauthorized: false })
    expect(await exchange(secured, HANDSHAKE, /\r\n\r\n/)).toMatch(/^HTTP\/1\.1 101 /)
  })

  it('is answered like any other request by an application without WebSockets', async () => {
    const { ports } = await serve(await application('one', false))
    const answer = await exchange(connect(ports[0] ?? 0, HOST), HANDSHAKE, /sockets$/)
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*one has no sockets$/)
  })

  it('of a route without WebSockets is answered by their plugin', async () => {
    const { ports } = await serve(await application('one'))
    const client = new Client(ports[0], '/')
    await expect.poll(() => client.closed).toMatchObject({ wasClean: true })
  })

  it('that the application ignores does not keep its connection open forever', async () => {
    const app = Fastify()
    app.server.on('upgrade', () => undefined)
    await app.ready()
    const listeners = new HttpListeners({ log: pino({ level: 'silent' }) })
    onTestFinished(() => listeners.close())
    const address = { host: HOST, port: 0 }
    await listeners.serve({
      listeners: [{ address, writeTimeout: '100ms' }],
      service: new HttpService(app),
    })
    const [at] = listeners.addresses() as AddressInfo[]
    expect(await exchange(connect(at?.port ?? 0, HOST), HANDSHAKE)).toBe('')
  })
})

describe('an upgraded connection', () => {
  it('stays with its application when another takes over, until its grace is over', async () => {
    const one = await application('one')
    const { ports, serve: takeOver } = await serve(one)
    const client = await Client.open(ports[0])
    await takeOver(await application('two'))
    expect(await client.echo('still')).toBe('one: still')
    expect(await (await Client.open(ports[0])).echo('new')).toBe('two: new')
    expect(await body(ports[0])).toBe('two')
    await one.close({ grace: 100 })
    await expect.poll(() => client.closed).toMatchObject({ wasClean: true })
  })

  it('lets its application close as soon as it ends', async () => {
    const one = await application('one')
    const { ports, serve: takeOver } = await serve(one)
    const client = await Client.open(ports[0])
    await takeOver(await application('two', false))
    const closed = one.close({ grace: 1_000_000 })
    expect(await client.echo('still')).toBe('one: still')
    client.socket.close()
    await closed
    // No application accepts upgrades any more.
    await expect(Client.open(ports[0])).rejects.toBeDefined()
  })

  it('loses its grace when the process stops', async () => {
    const one = await application('one')
    const { ports, listeners } = await serve(one)
    const client = await Client.open(ports[0])
    const stopping = new AbortController()
    const closed = one.close({ grace: 1_000_000, signal: stopping.signal })
    expect(await client.echo('still')).toBe('one: still')
    await listeners.close()
    stopping.abort()
    await closed
    await expect.poll(() => client.closed).toMatchObject({ wasClean: true })
  })

  it('leaves nothing on a signal that outlives its application', async () => {
    const one = await application('one')
    const { ports, listeners } = await serve(one)
    const client = await Client.open(ports[0])
    const { signal } = new AbortController()
    const closed = one.close({ grace: 1_000_000, signal })
    await expect.poll(() => getEventListeners(signal, 'abort')).toHaveLength(1)
    client.socket.close()
    await closed
    expect(getEventListeners(signal, 'abort')).toEqual([])
    await listeners.close()
  })

  it('is ended with its application even if the client does not answer the goodbye', async () => {
    const one = await application('one')
    const { ports, listeners } = await serve(one)
    const rude = connect(ports[0] ?? 0, HOST)
    expect(await exchange(rude, HANDSHAKE, /\r\n\r\n/)).toMatch(/^HTTP\/1\.1 101 /)
    await listeners.close()
    await one.close()
    await expect.poll(() => rude.closed).toBe(true)
  })

  it('is not idle, so it is not closed for new connections', async () => {
    const { ports } = await serve(await application('one'), { maxConnections: 1 })
    const client = await Client.open(ports[0])
    await expect(body(ports[0])).rejects.toThrow('fetch failed')
    expect(await client.echo('still')).toBe('one: still')
  })
})
