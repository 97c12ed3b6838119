import { mkdtemp, rm } from 'node:fs/promises'
import { connect, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bdecode } from '@chihaya/bittorrent'
import type { PeerStore } from '@chihaya/core'
import { recommendedServerOptions } from '@chihaya/http-frontend'
import Fastify, { type FastifyInstance } from 'fastify'
import { afterEach, describe, expect, test } from 'vitest'
import {
  exchange,
  listen,
  parseResponses,
  responsesOn,
  untilClose,
  type RawResponse,
} from './raw-http.ts'
import { announceTarget, modelStore, trackerApp, type AppOptions } from './tracker-app.ts'

const open: FastifyInstance[] = []
afterEach(async () => {
  for (const app of open.splice(0)) await app.close()
})

async function server(options: AppOptions = {}): Promise<number> {
  const app = await trackerApp(options)
  open.push(app)
  return listen(app)
}

function reasonIn({ body }: RawResponse): unknown {
  return (bdecode(Buffer.from(body, 'latin1')) as Map<string, unknown>).get('failure reason')
}

/** The only response to `bytes`, after which the server closed the connection. */
async function onlyResponse(port: number, bytes: string): Promise<RawResponse> {
  const received = await exchange(port, bytes)
  const responses = parseResponses(received)
  expect(responses).toHaveLength(1)
  const [response] = responses as [RawResponse]
  expect(`${response.head}\r\n\r\n${response.body}`).toBe(received)
  return response
}

const TARGET = announceTarget()
const SUCCESS = /^d8:completei0e11:external ip4:.{4}10:incompletei1e/s

describe('an announce', () => {
  test.each([
    ['HTTP/1.0 without Host', `GET ${TARGET} HTTP/1.0\r\n\r\n`],
    ['HTTP/1.1 without Host', `GET ${TARGET} HTTP/1.1\r\n\r\n`],
    ['HTTP/1.1 with a malformed Host', `GET ${TARGET} HTTP/1.1\r\nHost: ::1:7100\r\n\r\n`],
    [
      'HTTP/1.1 that asks to keep the connection',
      `GET ${TARGET} HTTP/1.1\r\nHost: t\r\nConnection: keep-alive\r\n\r\n`,
    ],
    [
      'a target in absolute form',
      `GET http://tracker.example${TARGET} HTTP/1.1\r\nHost: t\r\n\r\n`,
    ],
    [
      'an escaped path',
      `GET ${TARGET.replace('announce', '%61nnounce')} HTTP/1.1\r\nHost: t\r\n\r\n`,
    ],
    [
      'a target of 15,000 bytes',
      `GET ${TARGET}${`&a=${'x'.repeat(1000)}`.repeat(14)} HTTP/1.1\r\nHost: t\r\n\r\n`,
    ],
  ])('over %s is answered, and the connection closed', async (_name, request) => {
    const { status, head, body } = await onlyResponse(await server(), request)
    expect([status, body]).toEqual([200, expect.stringMatching(SUCCESS)])
    expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(head).toMatch(/^connection: close$/im)
    expect(head).toMatch(/^content-type: text\/plain$/im)
    expect(head).not.toMatch(/^transfer-encoding/im)
  })
})

describe('keep-alive', () => {
  const request = `GET ${TARGET} HTTP/1.1\r\nHost: t\r\n\r\n`

  test('serves one request after another on a connection', async () => {
    const port = await server({ http: { keepAlive: true } })
    const socket = connect(port, '127.0.0.1')
    for (let round = 0; round < 3; round++) {
      socket.write(request)
      const [response] = await responsesOn(socket, 1)
      expect(response).toMatchObject({
        status: 200,
        body: expect.stringMatching(SUCCESS) as string,
      })
      expect(response?.head).toMatch(/^connection: keep-alive$/im)
    }
    socket.destroy()
  })

  test('answers pipelined requests in order', async () => {
    const port = await server({ http: { keepAlive: true } })
    const socket = connect(port, '127.0.0.1')
    socket.write(`${request}GET /scrape HTTP/1.1\r\nHost: t\r\n\r\n`)
    const [first, second] = (await responsesOn(socket, 2)) as [RawResponse, RawResponse]
    expect([first.status, SUCCESS.test(first.body), second.status]).toEqual([200, true, 200])
    expect(reasonIn(second)).toBe('no info_hash parameter supplied')
    socket.destroy()
  })

  test('without it, the second of two pipelined requests is not answered', async () => {
    expect((await onlyResponse(await server(), request + request)).body).toMatch(SUCCESS)
  })
})

describe('requests that are not for a tracker', () => {
  test.each([
    [
      'bytes beyond ASCII in the target',
      `GET /announce?info_hash=${'\xff'.repeat(20)} HTTP/1.1\r\nHost: t\r\n\r\n`,
    ],
    ['a space in the target', 'GET /announce?info_hash=a b HTTP/1.1\r\nHost: t\r\n\r\n'],
    ['bare line feeds', `GET ${TARGET} HTTP/1.1\nHost: t\n\n`],
    ['another protocol', '\x13BitTorrent protocol\0\0\0\0\0\0\0\0'],
    [
      'a length beside chunks',
      `GET ${TARGET} HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    [
      'two lengths',
      `GET ${TARGET} HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\nhello`,
    ],
  ])('%s gets a bare 400, and changes nothing', async (_name, bytes) => {
    const store = modelStore()
    const response = await onlyResponse(await server({ store }), bytes)
    expect(response).toMatchObject({ status: 400, body: '' })
    expect(response.head).toMatch(/^connection: close$/im)
    expect(store.stats().swarms).toBe(0)
  })

  test('a header of 17 KiB gets a bare 431', async () => {
    const port = await server()
    for (const request of [
      `GET /announce?a=${'x'.repeat(17_408)} HTTP/1.1\r\n`,
      `GET / HTTP/1.1\r\nA: ${'x'.repeat(17_408)}\r\n`,
    ]) {
      expect(await onlyResponse(port, `${request}\r\n`)).toMatchObject({ status: 431, body: '' })
    }
  })

  test.each([
    ['POST', 'Content-Length: 5\r\nContent-Type: application/json\r\n', '{"a":'],
    ['PUT', 'Transfer-Encoding: chunked\r\n', '5\r\nhello\r\n0\r\n\r\n'],
    ['HEAD', '', ''],
  ])('%s gets a 405, and changes nothing', async (method, headers, body) => {
    const store = modelStore()
    const port = await server({ store, http: { keepAlive: true } })
    const received = await exchange(
      port,
      `${method} ${TARGET} HTTP/1.1\r\nHost: t\r\n${headers}\r\n${body}`,
    )
    expect(received).toMatch(/^HTTP\/1\.1 405 /)
    expect(received).toMatch(/^allow: GET\r$/im)
    expect(received.endsWith('\r\n\r\n')).toBe(method === 'HEAD')
    expect(store.stats().swarms).toBe(0)
  })

  test('a body that smuggles a request is not taken for one', async () => {
    const store = modelStore()
    const port = await server({ store, http: { keepAlive: true } })
    const smuggled = `GET ${TARGET} HTTP/1.1\r\nHost: t\r\n\r\n`
    const received = await exchange(
      port,
      `GET /scrape HTTP/1.1\r\nHost: t\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`,
    )
    expect(parseResponses(received).map(({ status }) => status)).toEqual([413])
    expect(store.stats().swarms).toBe(0)
  })

  test('garbage after a request leaves its answer whole', async () => {
    const port = await server({ http: { keepAlive: true } })
    const [first, ...rest] = parseResponses(
      await exchange(port, `GET ${TARGET} HTTP/1.1\r\nHost: t\r\n\r\n\xff\xff\xff`),
    )
    expect(first?.body).toMatch(SUCCESS)
    expect(rest).toEqual([])
  })

  test('garbage after a request with a pending answer ends the connection without another answer', async () => {
    let reached: (() => void) | undefined
    const waiting = new Promise<void>((resolve) => {
      reached = resolve
    })
    const store: PeerStore = Object.assign(modelStore(), {
      announce: () =>
        new Promise<never>(() => {
          reached?.()
        }),
    })
    const socket = connect(await server({ store, http: { keepAlive: true } }), '127.0.0.1')
    socket.write(`GET ${TARGET} HTTP/1.1\r\nHost: t\r\n\r\n`)
    await waiting
    socket.write('\xff\xff\xff')
    expect(await untilClose(socket)).toBe('')
  })
})

describe('two header lines', () => {
  test('are one list', async () => {
    const port = await server({ http: { realIpHeader: 'x-forwarded-for' } })
    const announced = (lines: string): Promise<RawResponse> =>
      onlyResponse(port, `GET ${TARGET} HTTP/1.1\r\n${lines}\r\n\r\n`)
    expect(
      (await announced('X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 8.8.8.8')).body,
    ).toContain('ip4:\x08\x08\x08\x08')
    expect(
      (await announced('X-Forwarded-For: 8.8.8.8\r\nX-Forwarded-For: 10.0.0.1')).body,
    ).toContain('ip4:\x08\x08\x08\x08')
    expect(reasonIn(await announced('X-Forwarded-For: 8.8.8.8\r\nX-Forwarded-For: unknown'))).toBe(
      'failed to parse peer IP address',
    )
  })
})

describe('slow clients', () => {
  test('are cut off while they send a header, and before they send one', async () => {
    const http = { requireHostHeader: false, headersTimeout: 100, connectionsCheckingInterval: 50 }
    const port = await server({ server: { requestTimeout: 100, http } })
    const dribble = connect(port, '127.0.0.1')
    dribble.write(`GET ${TARGET} HTTP/1.1\r\nA:`)
    expect(await untilClose(dribble)).toMatch(/^HTTP\/1\.1 408 [^{]*\r\n\r\n$/)
    expect(await untilClose(connect(port, '127.0.0.1'))).toMatch(/^HTTP\/1\.1 408 [^{]*\r\n\r\n$/)
  })
})

describe('clients that do not end a TLS handshake', () => {
  test('are cut off', async () => {
    const { http, ...options } = recommendedServerOptions
    await using app = Fastify({ ...options, https: { ...http, handshakeTimeout: 100 } })
    await app.listen({ host: '127.0.0.1', port: 0 })
    const { port } = app.server.address() as AddressInfo
    expect(await untilClose(connect(port, '127.0.0.1'))).toBe('')
    const begun = connect(port, '127.0.0.1')
    begun.write(Buffer.from('16030100c8010000c40303', 'hex'))
    expect(await untilClose(begun)).toBe('')
  })
})

describe('a Unix socket', () => {
  async function overUnixSocket(options: AppOptions, headers = ''): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'tracker-'))
    const path = join(folder, 'socket')
    await using app = await trackerApp(options)
    await app.listen({ path })
    try {
      const socket = connect(path)
      socket.write(`GET ${TARGET} HTTP/1.1\r\n${headers}\r\n`)
      return await untilClose(socket)
    } finally {
      await rm(folder, { recursive: true })
    }
  }

  test('has no source address, and the refusal says what to set', async () => {
    expect(await overUnixSocket({})).toContain('no source address: set realIpHeader or trustProxy')
  })

  test('is a trusted proxy where a header is configured, or where Fastify trusts it', async () => {
    const http = { realIpHeader: 'x-real-ip' }
    expect(await overUnixSocket({ http }, 'X-Real-IP: 8.8.8.8\r\n')).toContain(
      'ip4:\x08\x08\x08\x08',
    )
    expect(await overUnixSocket({ http })).toContain('failed to parse peer IP address')
    const trusting = { server: { trustProxy: true } }
    expect(await overUnixSocket(trusting, 'X-Forwarded-For: 8.8.8.8\r\n')).toContain(
      'ip4:\x08\x08\x08\x08',
    )
  })
})
