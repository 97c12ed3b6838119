import { once } from 'node:events'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ConnectionLimit, type ConnectionLimits } from '../src/connection-limit.ts'
import { HttpListener, type HttpListenerOptions } from '../src/http-listener.ts'
import { InFlight } from '../src/in-flight.ts'
import { makeCertificate } from './certificate.ts'
import { temporaryFolder } from './temporary-folder.ts'

const ADDRESS = { host: '127.0.0.1', port: 0, key: 'test' }
const REQUEST = 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n'

async function listen(options: Partial<HttpListenerOptions> = {}, limits: ConnectionLimits = {}): Promise<number> {
  const limit = new ConnectionLimit()
  limit.configure(limits)
  const service = {
    handler: (_: unknown, response: { end(text: string): void }) => response.end('hello'),
    requests: new InFlight(),
  }
  const listener = new HttpListener({ address: ADDRESS, ...options }, service, limit)
  onTestFinished(() => listener.close())
  return ((await listener.open()) as AddressInfo).port
}

async function open(port: number, localAddress = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress })
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  return socket
}

/** All that comes back until the connection ends; '' when it is ended at once. */
async function answer(socket: Socket, text = REQUEST): Promise<string> {
  let received = ''
  socket.on('error', () => {})
  socket.setEncoding('latin1').on('data', (part: string) => (received += part))
  socket.write(text)
  // Not `once`, which rejects where a connection is reset.
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve))
  return received
}

/** Writes a byte a second until the connection ends. */
async function dribble(socket: Socket): Promise<string> {
  const timer = setInterval(() => socket.write('a'), 1000)
  try {
    return await answer(socket, 'GET /')
  } finally {
    clearInterval(timer)
  }
}

describe('clients that take their time', () => {
  it('are cut off, and nobody waits for them', async () => {
    const port = await listen({ readTimeout: '2s', writeTimeout: '3s' })
    const idle = await Promise.all(Array.from({ length: 200 }, () => open(port)))
    const slow = await Promise.all(Array.from({ length: 20 }, () => open(port)))
    const ends = Promise.all([...idle.map((socket) => answer(socket, '')), ...slow.map(dribble)])
    const over = new AbortController()
    void ends.then(() => over.abort())
    let served = 0
    for (; !over.signal.aborted; served++) {
      // Of these, the good ones, none may wait for the others.
      // oxlint-disable-next-line no-await-in-loop
      expect(await answer(await open(port))).toMatch(/hello$/)
    }
    expect(served).toBeGreaterThan(0)
    const answers = await ends
    expect(answers.slice(200)).toEqual(Array<string>(20).fill(expect.stringMatching(/^HTTP\/1\.1 408 /) as string))
  })
})

describe('connections that are too many', () => {
  it('are ended at once, until others have closed', async () => {
    const port = await listen({}, { maxConnections: 2 })
    const [first] = [await open(port), await open(port)]
    expect(await answer(await open(port))).toBe('')
    expect(await answer(first)).toMatch(/hello$/)
    await expect.poll(async () => answer(await open(port))).toMatch(/hello$/)
  })

  it('from one address do not keep others out', async () => {
    const port = await listen({}, { maxConnectionsPerIp: 1 })
    await open(port)
    expect(await answer(await open(port))).toBe('')
    expect(await answer(await open(port, '127.0.0.2'))).toMatch(/hello$/)
  })

  it('do not count for those without limit, nor where there is none', async () => {
    const port = await listen({}, { maxConnections: 1, maxConnectionsPerIp: 1, unlimited: ['127.0.0.2'] })
    await open(port)
    await open(port, '127.0.0.2')
    expect(await answer(await open(port, '127.0.0.2'))).toMatch(/hello$/)
    expect(await answer(await open(port, '127.0.0.3'))).toBe('')
    const free = await listen({}, { maxConnections: 0 })
    await Promise.all(Array.from({ length: 50 }, () => open(free)))
    expect(await answer(await open(free))).toMatch(/hello$/)
  })

  it('are ended over TLS, too, and counted until they close', async () => {
    const folder = await temporaryFolder()
    await makeCertificate(folder, 'c')
    const tls = { cert: await readFile(join(folder, 'c.pem')), key: await readFile(join(folder, 'c.key')) }
    const port = await listen({ tls }, { maxConnections: 1 })
    const secure = async (): Promise<string> => {
      const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
      onTestFinished(() => void socket.destroy())
      return answer(socket)
    }
    for (let round = 0; round < 3; round++) await expect.poll(secure).toMatch(/hello$/)
    const plain = await open(port)
    expect(await secure()).toBe('')
    plain.destroy()
    await expect.poll(secure).toMatch(/hello$/)
  })
})
