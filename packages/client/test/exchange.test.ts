import { describe, expect, onTestFinished, test } from 'vitest'
import {
  HttpTrackerClient,
  InvalidAnswerError,
  NoAnswerError,
  randomPeerId,
  readTransactionId,
  trackerClient,
  TrackerFailure,
  UdpSocket,
  UdpTrackerClient,
  writeConnect,
} from '../src/index.ts'
import { ANNOUNCE } from './announce.ts'
import { respond, stubHttp, stubUdp } from './stub-tracker.ts'

const CONNECT = 0
const ANNOUNCED = Buffer.from('000000090000000200000003', 'hex')

function actionOf(request: Buffer): number {
  return request.readUInt32BE(8)
}

function open(...parameters: Parameters<typeof trackerClient>): ReturnType<typeof trackerClient> {
  const client = trackerClient(...parameters)
  onTestFinished(() => client.close())
  return client
}

describe('over UDP', () => {
  test('requests to a silent tracker are repeated until the timeout', async () => {
    const requests: string[] = []
    const url = await stubUdp((request) => void requests.push(request.toString('hex')))
    const client = open(url, { timeout: 900, retransmission: 20 })
    await expect(client.announce(ANNOUNCE)).rejects.toThrow(
      new NoAnswerError('no answer within 0.9 s'),
    )
    expect(requests.length).toBeGreaterThan(2)
    expect(new Set(requests).size).toBe(1)
  })

  test('a request is given up after eight retransmissions', async () => {
    let asked = 0
    const { port, hostname } = new URL(await stubUdp(() => asked++))
    await using socket = await UdpSocket.open(hostname, Number(port))
    await expect(socket.request(writeConnect, { retransmission: 1 })).rejects.toThrow(
      new NoAnswerError('no answer to 9 transmissions'),
    )
    expect(asked).toBe(9)
  })

  test('a lost announce is sent again with the same transaction id', async () => {
    const announces: Buffer[] = []
    const url = await stubUdp((request, reply) => {
      if (actionOf(request) === CONNECT) reply(respond(request, Buffer.alloc(8, 7)))
      else if (announces.push(request) === 2) reply(respond(request, ANNOUNCED))
    })
    expect(await open(url, { retransmission: 20 }).announce(ANNOUNCE)).toMatchObject({
      interval: 9,
      incomplete: 2,
      complete: 3,
    })
    expect(announces[0]).toEqual(announces[1])
  })

  test('a connection id is reused until the tracker refuses', async () => {
    const actions: number[] = []
    const url = await stubUdp((request, reply) => {
      actions.push(actionOf(request))
      if (actionOf(request) === CONNECT) reply(respond(request, Buffer.alloc(8, 7)))
      else if (actions.length === 4)
        reply(Buffer.concat([Buffer.of(0, 0, 0, 3), request.subarray(12, 16), Buffer.from('no')]))
      else reply(respond(request, ANNOUNCED))
    })
    const client = open(url)
    await client.announce(ANNOUNCE)
    await client.announce(ANNOUNCE)
    await expect(client.announce(ANNOUNCE)).rejects.toThrow(new TrackerFailure('no'))
    await client.announce(ANNOUNCE)
    expect(actions).toEqual([0, 1, 1, 1, 0, 1])
  })

  test('responses to other requests are ignored', async () => {
    const url = await stubUdp((request, reply) => {
      const stray = respond(request, Buffer.alloc(8, 1))
      stray.writeUInt32BE(((readTransactionId(stray) ?? 0) + 1) % 2 ** 32, 4)
      reply(stray)
      reply(Buffer.of(1, 2, 3))
      reply(respond(request, Buffer.alloc(8, 7)))
    })
    const client = new UdpTrackerClient(url)
    expect(await client.connect()).toBe(0x0707070707070707n)
    await client.close()
  })

  test('a closed port is noticed at once', async () => {
    await expect(open('udp://127.0.0.1:1/announce').announce(ANNOUNCE)).rejects.toThrow(
      /^no answer: .*ECONNREFUSED/,
    )
  })

  test('closing ends pending announces', async () => {
    const client = new UdpTrackerClient(await stubUdp(() => undefined))
    const answer = client.announce(ANNOUNCE)
    setImmediate(() => void client.close())
    await expect(answer).rejects.toThrow(new NoAnswerError('the client was closed'))
    await expect(client.announce(ANNOUNCE)).rejects.toThrow('the client was closed')
  })
})

describe('over HTTP', () => {
  test('a status other than 200 is invalid, unless the body is a refusal', async () => {
    const url = await stubHttp(({ url: target }, response) => {
      const refuses = target?.includes('event=stopped') === true
      response.writeHead(503).end(refuses ? 'd14:failure reason2:noe' : 'busy')
    })
    const client = open(url)
    await expect(client.announce(ANNOUNCE)).rejects.toThrow(
      new InvalidAnswerError('HTTP status 503'),
    )
    await expect(client.announce({ ...ANNOUNCE, event: 'stopped' })).rejects.toThrow(
      new TrackerFailure('no'),
    )
  })

  test('follows redirects, up to a limit', async () => {
    const url = await stubHttp(({ url: target }, response) => {
      if (target?.startsWith('/announce') === true)
        response.writeHead(302, { location: `/moved${target.slice(9)}` }).end()
      else if (target?.startsWith('/moved') === true) response.end('d8:intervali9e5:peers0:e')
      else response.writeHead(307, { location: '/loop' }).end()
    })
    expect(await open(url).announce(ANNOUNCE)).toMatchObject({ interval: 9 })
    await expect(open(url.replace('/announce', '/loop')).announce(ANNOUNCE)).rejects.toThrow(
      new InvalidAnswerError('too many redirects'),
    )
  })

  test('a connection that the tracker closes without notice is replaced', async () => {
    const used = new WeakSet()
    const url = await stubHttp(({ socket }, response) => {
      if (used.has(socket)) socket.destroy()
      else response.end('d8:intervali9e5:peers0:e')
      used.add(socket)
    })
    const client = open(url)
    await client.announce(ANNOUNCE)
    expect(await client.announce(ANNOUNCE)).toMatchObject({ interval: 9 })
  })

  test('a silent tracker is given up at the timeout', async () => {
    const url = await stubHttp(() => undefined)
    await expect(open(url, { timeout: 50 }).announce(ANNOUNCE)).rejects.toThrow(
      new NoAnswerError('no answer within 0.05 s'),
    )
  })

  test('an answer that is too long is cut off', async () => {
    const url = await stubHttp((_, response) => {
      response.on('error', () => undefined)
      for (let chunk = 0; chunk < 20; chunk++) response.write(Buffer.alloc(65_536))
    })
    await expect(open(url).announce(ANNOUNCE)).rejects.toThrow(
      new InvalidAnswerError('the answer is longer than 1048576 bytes'),
    )
  })

  test('a URL without a scrape URL cannot be scraped', async () => {
    const client = new HttpTrackerClient('http://127.0.0.1/a')
    await expect(client.scrape([ANNOUNCE.infoHash])).rejects.toThrow(RangeError)
  })
})

test.each([['http'], ['udp']])('over %s, an announce can be aborted', async (protocol) => {
  const url = protocol === 'http' ? await stubHttp(() => undefined) : await stubUdp(() => undefined)
  const reason = new Error('enough')
  const controller = new AbortController()
  const answer = open(url).announce(ANNOUNCE, { signal: controller.signal })
  setImmediate(() => controller.abort(reason))
  await expect(answer).rejects.toBe(reason)
  await expect(open(url).announce(ANNOUNCE, { signal: controller.signal })).rejects.toBe(reason)
})

test('a local address that this machine does not have is an error', async () => {
  for (const url of ['http://127.0.0.1:9/announce', 'udp://127.0.0.1:9']) {
    const client = open(url, { localAddress: '192.0.2.77' })
    await expect(client.announce(ANNOUNCE)).rejects.toThrow(/^no answer: .*EADDRNOTAVAIL/)
  }
})

test.each(['ftp://host/announce', 'udp://host/announce', 'udp://[::1/announce', 'http:///a'])(
  '%s is refused',
  (url) => {
    expect(() => trackerClient(url)).toThrow(TypeError)
  },
)

test('peer ids begin with the prefix and are random', () => {
  const [one, other] = [randomPeerId('-XX0100-'), randomPeerId('-XX0100-')]
  expect(one).toMatch(/^-XX0100-[0-9a-z]{12}$/)
  expect(one).not.toBe(other)
  expect(() => randomPeerId('x'.repeat(21))).toThrow(TypeError)
})
