import { once } from 'node:events'
import { connect } from 'node:net'
import { RequestMeter } from '@chihaya/core'
import type { FastifyInstance } from 'fastify'
import { afterEach, describe, expect, test } from 'vitest'
import { exchange, listen, parseResponses, untilClose } from './raw-http.ts'
import { announceTarget, modelStore, trackerApp, type AppOptions } from './tracker-app.ts'

const open: FastifyInstance[] = []
afterEach(async () => {
  for (const app of open.splice(0)) await app.close()
})

async function server(options: AppOptions = {}): Promise<number> {
  const app = await trackerApp({ http: { keepAlive: true }, ...options })
  open.push(app)
  return listen(app)
}

const TARGET = announceTarget()
const SCRAPE = TARGET.replace('announce', 'scrape')
const CLOSE = `GET ${SCRAPE} HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n`
const CHUNKED = 'Host: t\r\nTransfer-Encoding: chunked\r\n\r\n'

/** A GET framed as given, with a second request behind it. */
async function statuses(port: number, target: string, framed: string): Promise<number[]> {
  const received = await exchange(port, `GET ${target} HTTP/1.1\r\n${framed}${CLOSE}`)
  const responses = parseResponses(received)
  // All of it has a length: nothing is sent in chunks.
  expect(received).toBe(responses.map(({ head, body }) => `${head}\r\n\r\n${body}`).join(''))
  return responses.map(({ status }) => status)
}

describe.each([
  ['an announce', TARGET],
  ['a scrape', SCRAPE],
])('%s', (_kind, target) => {
  test.each([
    ['an empty chunked body', `${CHUNKED}0\r\n\r\n`],
    ['an empty chunked body with extensions', `${CHUNKED}000;a=b;c="d e"\r\n\r\n`],
    ['an empty chunked body with trailers', `${CHUNKED}0\r\nA: b\r\nHost: GET / HTTP/1.1\r\n\r\n`],
    ['a length of 0', 'Host: t\r\nContent-Length: 0\r\n\r\n'],
    ['a length of 00', 'Host: t\r\nContent-Length: 00\r\n\r\n'],
  ])('with %s is served, and so is what follows', async (_name, framed) => {
    expect(await statuses(await server(), target, framed)).toEqual([200, 200])
  })

  test.each([
    ['a chunked body', `${CHUNKED}5\r\nhello\r\n0\r\n\r\n`],
    ['a chunked body of one byte', `${CHUNKED}1;a=b\r\nh\r\n0\r\nA: b\r\n\r\n`],
    ['a length', 'Host: t\r\nContent-Length: 005\r\n\r\nhello'],
  ])('with %s gets a 413 and no more', async (_name, framed) => {
    const store = modelStore()
    expect(await statuses(await server({ store }), target, framed)).toEqual([413])
    expect(store.stats().swarms).toBe(0)
  })

  test.each([
    ['that are none', `${CHUNKED}hello\r\n`, 400],
    ['with a trailer that frames', `${CHUNKED}0\r\nContent-Length: 9\r\n\r\n${CLOSE}`, 400],
    ['with extensions without end', `${CHUNKED}0;${'a'.repeat(20_000)}`, 413],
    ['with trailers without end', `${CHUNKED}0\r\n${`A: ${'b'.repeat(1000)}\r\n`.repeat(20)}`, 431],
  ])('with chunks %s gets a bare status', async (_name, framed, status) => {
    const received = await exchange(await server(), `GET ${target} HTTP/1.1\r\n${framed}`)
    expect(parseResponses(received)).toEqual([
      { status, head: expect.stringMatching(/^connection: close$/im), body: '' },
    ])
  })

  test('with an empty chunked body that arrives byte by byte is served', async () => {
    const socket = connect(await server(), '127.0.0.1').setNoDelay()
    const request = `GET ${target} HTTP/1.1\r\nConnection: close\r\n${CHUNKED}0;a=b\r\nA: b\r\n\r\n`
    for (const byte of request) {
      await new Promise((resolve) => {
        socket.write(byte, resolve)
      })
    }
    expect(await untilClose(socket)).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
  })

  test('with a chunked body that does not end is cut off', async () => {
    const http = { requireHostHeader: false, headersTimeout: 100, connectionsCheckingInterval: 50 }
    const port = await server({ server: { requestTimeout: 100, http } })
    const received = await exchange(port, `GET ${target} HTTP/1.1\r\n${CHUNKED}`)
    expect(parseResponses(received)).toMatchObject([{ status: 408, body: '' }])
  })
})

describe('answers of Node itself', () => {
  test.each([
    ['an expectation', `GET ${TARGET} HTTP/1.1\r\nExpect: a cake\r\n\r\n`, 417],
    ['a second protocol', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
  ])('to %s has an empty body and ends the connection', async (_name, request, status) => {
    const received = await exchange(await server(), request + CLOSE)
    expect(parseResponses(received)).toMatchObject([{ status, body: '' }])
    expect(received).toMatch(/^connection: close\r$/im)
    expect(received).not.toMatch(/transfer-encoding/i)
  })
})

describe('the hundredth request', () => {
  const request = `GET ${TARGET} HTTP/1.1\r\nHost: t\r\n\r\n`

  test('is the last of a connection', async () => {
    const socket = connect(await server(), '127.0.0.1')
    socket.on('data', () => socket.write(request))
    socket.write(request)
    const responses = parseResponses(await untilClose(socket))
    expect(responses.map(({ status }) => status)).toEqual(Array<number>(100).fill(200))
    expect(responses.map(({ head }) => /^connection: close$/im.test(head)).indexOf(true)).toBe(99)
  })

  test.each([0, 50])(
    'is the last of 1000 that come at once, answered after %i ms',
    async (delay) => {
      const port = await server({
        hooks: (tracker) =>
          tracker.addHook('preAnnounce', () =>
            delay === 0 ? undefined : new Promise((resolve) => setTimeout(resolve, delay)),
          ),
      })
      const received = await exchange(port, request.repeat(1000))
      const responses = parseResponses(received)
      expect(responses.map(({ status }) => status)).toEqual(Array<number>(100).fill(200))
      expect(responses.at(-1)?.head).toMatch(/^connection: close$/im)
      expect(received.endsWith(responses.at(-1)?.body as string)).toBe(true)
    },
  )
})

describe('a request followed at once by a reset of the connection', () => {
  test.each([[{}], [{ realIpHeader: 'x-real-ip' }]])(
    'is not blamed on the options %o',
    async (http) => {
      const meter = new RequestMeter()
      const app = await trackerApp({ http, meter })
      open.push(app)
      const port = await listen(app)
      const errors = (): string[] => meter.counts().map(({ error }) => error)
      // The system forgets where a connection came from when it is reset, and still hands over what
      // was sent before.
      await expect
        .poll(async () => {
          const socket = connect(port, '127.0.0.1').on('error', () => undefined)
          await once(socket, 'connect')
          socket.write(`GET ${TARGET} HTTP/1.1\r\n\r\n`, () => socket.resetAndDestroy())
          await once(socket, 'close')
          return errors()
        })
        .toContain('failed to parse peer IP address')
      expect(errors()).not.toContain('no source address: set realIpHeader or trustProxy')
    },
  )
})
