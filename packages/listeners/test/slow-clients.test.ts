import { recommendedServerOptions as server } from '@chihaya/http-frontend'
import { once } from 'node:events'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { HttpListener } from '../src/http-listener.ts'
import { HttpService } from '../src/http-service.ts'
import type { HttpListenerOptions } from '../src/options.ts'

const ADDRESS = { host: '127.0.0.1', port: 0, key: 'test' }
const REQUEST = 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n'

async function listen(options: Partial<HttpListenerOptions> = {}): Promise<number> {
  const service = new HttpService({ routing: (_request, response) => void response.end('hello') })
  const listener = new HttpListener({ address: ADDRESS, ...options }, service, { server })
  onTestFinished(() => listener.close())
  return ((await listener.open()) as AddressInfo).port
}

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  return socket
}

/** All bytes received until the connection ends. */
async function answer(socket: Socket, text = REQUEST): Promise<string> {
  let received = ''
  socket.on('error', () => {})
  socket.setEncoding('latin1').on('data', (part: string) => (received += part))
  socket.write(text)
  // Not `once`, which rejects when a connection is reset.
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

describe('slow clients', () => {
  it('are cut off, and delay no others', async () => {
    const port = await listen({ readTimeout: '2s', writeTimeout: '3s' })
    const idle = await Promise.all(Array.from({ length: 200 }, () => open(port)))
    const slow = await Promise.all(Array.from({ length: 20 }, () => open(port)))
    const ends = Promise.all([...idle.map((socket) => answer(socket, '')), ...slow.map(dribble)])
    const over = new AbortController()
    void ends.then(() => over.abort())
    let served = 0
    for (; !over.signal.aborted; served++) {
      // Other clients must not wait for them.
      // oxlint-disable-next-line no-await-in-loop
      expect(await answer(await open(port))).toMatch(/hello$/)
    }
    expect(served).toBeGreaterThan(0)
    const answers = await ends
    expect(answers.slice(200)).toEqual(
      Array<string>(20).fill(expect.stringMatching(/^HTTP\/1\.1 408 /) as string),
    )
  })
})
