import { recommendedServerOptions as server } from '@chihaya/http-frontend'
import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { HttpListener } from '../src/http-listener.ts'
import { HttpService } from '../src/http-service.ts'
import type { HttpListenerOptions } from '../src/options.ts'

const ADDRESS = { host: '127.0.0.1', port: 0, key: 'test' }

const hello: RequestListener = (_request, response) => void response.end('hello')

function serviceOf(handler: RequestListener): HttpService {
  return new HttpService({ routing: handler })
}

async function listen(
  options: Partial<HttpListenerOptions> = {},
  handler = hello,
): Promise<{ listener: HttpListener; port: number }> {
  const listener = new HttpListener({ address: ADDRESS, ...options }, serviceOf(handler), {
    server,
  })
  onTestFinished(() => listener.close())
  return { listener, port: ((await listener.open()) as AddressInfo).port }
}

function open(port: number): Socket {
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  return socket
}

/** All bytes received for `text`, until the connection ends. */
async function exchange(port: number, text: string): Promise<string> {
  const socket = open(port)
  socket.on('error', () => {})
  let answer = ''
  socket.setEncoding('latin1').on('data', (part: string) => (answer += part))
  socket.write(text)
  await once(socket, 'close')
  return answer
}

describe('an HTTP listener', () => {
  it.each([
    ['GET / HTTP/1.0\r\n\r\n', /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nhello$/],
    ['GET / HTTP/1.1\r\nConnection: close\r\n\r\n', /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nhello$/],
    ['GET / HTTP/1.1\r\nHost: ::1:80\r\nConnection: close\r\n\r\n', /^HTTP\/1\.1 200 OK\r\n/],
    ['hello there\r\n\r\n', /^HTTP\/1\.1 400 Bad Request\r\n[^{]*$/],
    [
      `GET /${'a'.repeat(20_000)} HTTP/1.1\r\n\r\n`,
      /^HTTP\/1\.1 431 Request Header Fields Too Large\r\n[^{]*$/,
    ],
    [
      'GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      /^HTTP\/1\.1 400 Bad Request\r\n[^{]*$/,
    ],
  ])('answers %j', async (text, answer) => {
    const { port } = await listen()
    expect(await exchange(port, text)).toMatch(answer)
  })

  it('ends connections if the request does not arrive in time', async () => {
    const { port } = await listen({ readTimeout: '50ms' })
    expect(await exchange(port, 'GET / HTTP/1.1\r\nX-Slow: ')).toMatch(
      /^HTTP\/1\.1 408 Request Timeout\r\n/,
    )
  })

  it('ends connections that stall while they are answered', async () => {
    const { port } = await listen({ writeTimeout: '50ms' }, () => {})
    expect(await exchange(port, 'GET / HTTP/1.1\r\n\r\n')).toBe('')
  })

  it('ends connections without a further request', async () => {
    const { port } = await listen({ idleTimeout: '50ms' })
    expect(await exchange(port, 'GET / HTTP/1.1\r\n\r\n')).toMatch(/hello$/)
  })

  it('accepts timeouts that are too short or too long for a timer', async () => {
    const { port } = await listen({
      readTimeout: '1000h',
      writeTimeout: '1000h',
      idleTimeout: '1ns',
    })
    expect(await exchange(port, 'GET / HTTP/1.1\r\n\r\n')).toMatch(/hello$/)
  })

  it('sends the replies that are due on each connection before it closes', async () => {
    const waiting: Array<() => void> = []
    const { listener, port } = await listen(
      {},
      (_request, response) => void waiting.push(() => response.end('late')),
    )
    const answers = [
      exchange(port, 'GET /a HTTP/1.1\r\n\r\n'),
      exchange(port, 'GET /b HTTP/1.1\r\n\r\n'),
    ]
    await expect.poll(() => waiting.length).toBe(2)
    const closed = listener.close()
    for (const answer of waiting) answer()
    await closed
    expect(await Promise.all(answers)).toEqual([
      expect.stringMatching(/late$/),
      expect.stringMatching(/late$/),
    ])
  })

  it('announces the end of each connection in its last answer when it closes', async () => {
    const waiting = new Map<string | undefined, () => void>()
    let asked = 0
    const { listener, port } = await listen({}, ({ url }, response) => {
      asked++
      if (url === '/now') response.end('now')
      else waiting.set(url, () => response.end('late'))
    })
    const get = (path: string): string => `GET ${path} HTTP/1.1\r\n\r\n`
    const lasts = async (answer: Promise<string>): Promise<boolean[]> => {
      const heads = (await answer).split('HTTP/1.1 200 OK').slice(1)
      return heads.map((head) => /^connection: close$/im.test(head))
    }
    const several = exchange(port, get('/a') + get('/b') + get('/c'))
    const further = open(port)
    let received = ''
    further.setEncoding('latin1').on('data', (part: string) => (received += part))
    further.write(get('/d'))
    await expect.poll(() => waiting.size).toBe(4)
    const closed = listener.close()
    further.write(get('/now') + get('/now'))
    await expect.poll(() => asked).toBe(6)
    for (const answer of waiting.values()) answer()
    await closed
    expect(await lasts(several)).toEqual([false, false, true])
    expect(await lasts(Promise.resolve(received))).toEqual([false, false, true])
  })

  it('can be closed before it is opened, and twice', async () => {
    await new HttpListener({ address: ADDRESS }, serviceOf(hello)).close()
    const { listener } = await listen()
    await Promise.all([listener.close(), listener.close()])
    await expect(listener.close()).resolves.toBeUndefined()
  })

  it('names the address and its key if it cannot listen', async () => {
    const { port } = await listen()
    const second = new HttpListener({ address: { ...ADDRESS, port } }, serviceOf(hello))
    await expect(second.open()).rejects.toThrow(
      `test: cannot listen on http 127.0.0.1:${port}: the port is in use`,
    )
    const elsewhere = new HttpListener(
      { address: { host: '192.0.2.1', port: 0, key: 'test' } },
      serviceOf(hello),
    )
    await expect(elsewhere.open()).rejects.toThrow('this machine does not have the address')
  })
})
