import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { ClientError, readInfoHash, readPeerId } from '@chihaya/bittorrent'
import { readConnect, UdpSocket, writeAnnounce, writeConnect } from '@chihaya/client'
import { sampleInfoHash } from '@chihaya/core/testing'
import { ANNOUNCE, TestTracker } from '@internal/test-tracker'
import { metrics } from '@chihaya/metrics'
import { describe, expect, test } from 'vitest'
import { ownSeries, scrape, valueOf } from './scrape.ts'

const BAD_ID = 0x5555555555555555n

function openSocket(tracker: TestTracker): Promise<UdpSocket> {
  return UdpSocket.open('127.0.0.1', Number(new URL(tracker.url('udp')).port))
}

/** The header of a request with any action. */
function header(connectionId: bigint, action: number, transactionId = 0): Buffer {
  const bytes = Buffer.alloc(16)
  bytes.writeBigUInt64BE(connectionId)
  bytes.writeUInt32BE(action, 8)
  bytes.writeUInt32BE(transactionId, 12)
  return bytes
}

describe('requests', () => {
  test('are counted by action and outcome', async () => {
    await using tracker = await TestTracker.start({ register: (app) => void app.register(metrics) })
    for (const protocol of ['http', 'http6', 'udp', 'udp6'] as const) {
      const client = tracker.client(protocol)
      for (let count = 0; count < 3; count++) await client.announce(ANNOUNCE)
      await client.scrape([sampleInfoHash(1), sampleInfoHash(2)])
      await expect(client.announce({ ...ANNOUNCE, port: 0 })).rejects.toThrow('invalid port')
    }
    await fetch(tracker.url('http', '/announce?info_hash=%zz'))
    await fetch(tracker.url('http'), { method: 'POST', body: 'x' })

    const series = await scrape(tracker)
    const requests = (labels: Record<string, string>): number =>
      valueOf(series, 'chihaya_requests_total', labels)
    for (const protocol of ['http', 'udp']) {
      for (const address_family of ['IPv4', 'IPv6']) {
        expect(requests({ protocol, address_family, action: 'announce', error: '' })).toBe(3)
        expect(
          requests({ protocol, address_family, action: 'announce', error: 'invalid port' }),
        ).toBe(1)
        expect(requests({ protocol, address_family, action: 'scrape', error: '' })).toBe(1)
      }
    }
    expect(
      requests({ protocol: 'http', address_family: 'IPv4', error: 'invalid query escape' }),
    ).toBe(1)
    expect(requests({ protocol: 'http', action: 'other', error: 'method not allowed' })).toBe(1)
    const udp = { protocol: 'udp', address_family: 'IPv4' }
    expect(requests({ ...udp, action: 'connect', error: '' })).toBeGreaterThanOrEqual(1)
    // In come 98 bytes and the path in an option of 11 (BEP 41), out goes a header and the peer
    // itself.
    expect(valueOf(series, 'chihaya_received_bytes_total', { ...udp, action: 'announce' })).toBe(
      4 * (98 + 11),
    )
    expect(valueOf(series, 'chihaya_sent_bytes_total', { ...udp, action: 'announce' })).toBe(
      3 * 26 + 8 + 'invalid port'.length,
    )
  })

  test('have no durations without `requestTiming`', async () => {
    await using tracker = await TestTracker.start({ register: (app) => void app.register(metrics) })
    for (const protocol of ['http', 'udp'] as const)
      await tracker.client(protocol).announce(ANNOUNCE)
    const names = (await scrape(tracker)).map(({ name }) => name)
    expect(names.filter((name) => name.includes('response_duration'))).toEqual([])
  })

  test.each(['http', 'udp'] as const)(
    'over %s have durations with `requestTiming`',
    async (protocol) => {
      await using tracker = await TestTracker.start({
        register: (app) => void app.register(metrics),
        [protocol]: { requestTiming: true },
      })
      for (const one of ['http', 'udp'] as const) {
        for (let count = 0; count < 2; count++) await tracker.client(one).announce(ANNOUNCE)
      }
      const series = await scrape(tracker)
      const name = `chihaya_${protocol}_response_duration_milliseconds`
      const labels = { action: 'announce', address_family: 'IPv4', error: '' }
      expect(valueOf(series, `${name}_count`, labels)).toBe(2)
      expect(valueOf(series, `${name}_sum`, labels)).toBeGreaterThan(0)
      const buckets = series.filter(
        (one) => one.name === `${name}_bucket` && one.labels['action'] === 'announce',
      )
      const bounds = '9.375 18.75 37.5 75 150 300 600 1200 2400 4800 +Inf'
      expect(buckets.map(({ labels: { le } }) => le).join(' ')).toBe(bounds)
      const durations = series.filter((one) =>
        one.name.endsWith('response_duration_milliseconds_count'),
      )
      expect(new Set(durations.map((one) => one.name))).toEqual(new Set([`${name}_count`]))
    },
  )

  test('to a slow store are counted when they are answered', async () => {
    await using tracker = await TestTracker.start({
      register: (app) => {
        app.register(metrics)
        app.after(() =>
          app.tracker.addHook('preAnnounce', async ({ numWant }) => {
            await new Promise((resolve) => void setImmediate(resolve))
            if (numWant === 7) throw new ClientError('unapproved client')
            if (numWant === 8) throw new Error('a fault')
          }),
        )
      },
      http: { requestTiming: true },
      udp: { requestTiming: true },
    })
    for (const protocol of ['http', 'udp'] as const) {
      const client = tracker.client(protocol)
      await client.announce(ANNOUNCE)
      await expect(client.announce({ ...ANNOUNCE, numWant: 7 })).rejects.toThrow(
        'unapproved client',
      )
      await expect(client.announce({ ...ANNOUNCE, numWant: 8 })).rejects.toThrow(
        'internal server error',
      )
    }
    const series = await scrape(tracker)
    for (const protocol of ['http', 'udp']) {
      for (const error of ['', 'unapproved client', 'internal server error']) {
        const labels = { action: 'announce', error }
        expect(valueOf(series, 'chihaya_requests_total', { protocol, ...labels })).toBe(1)
        expect(
          valueOf(series, `chihaya_${protocol}_response_duration_milliseconds_count`, labels),
        ).toBe(1)
      }
    }
  })

  test('are counted once, even if a hook prevents the first answer', async () => {
    let faults = 0
    await using tracker = await TestTracker.start({
      register: (app) => {
        app.register(metrics)
        app.addHook('onSend', async (request) => {
          if (request.url.startsWith('/announce') && faults++ === 0) throw new Error('a fault')
        })
      },
    })
    await expect(tracker.client('http').announce(ANNOUNCE)).rejects.toThrow('internal server error')
    const counts = (await scrape(tracker)).filter(({ name }) => name === 'chihaya_requests_total')
    expect(counts.reduce((sum, { value }) => sum + value, 0)).toBe(1)
  })

  test('that are refused before the handler are counted', async () => {
    await using tracker = await TestTracker.start({
      register: (app) => {
        app.register(metrics)
        app.addHook('onRequest', async (request) => {
          if (request.headers['x-flood'] !== undefined)
            throw Object.assign(new Error('no more'), { statusCode: 429 })
        })
      },
    })
    expect((await fetch(tracker.url('http'), { headers: { 'x-flood': '1' } })).status).toBe(429)
    const body = connect(Number(new URL(tracker.url('http')).port), '127.0.0.1')
    body.end('GET /announce HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabcde')
    await new Promise((resolve) => void body.once('close', resolve).resume())
    const series = await scrape(tracker)
    const labels = { protocol: 'http', action: 'announce' }
    expect(
      valueOf(series, 'chihaya_requests_total', { ...labels, error: 'too many requests' }),
    ).toBe(1)
    expect(
      valueOf(series, 'chihaya_requests_total', { ...labels, error: 'request body not allowed' }),
    ).toBe(1)
  })
})

describe('datagrams without an answer', () => {
  test.each(['auto', 'dgram'] as const)(
    'are counted by reason, over %s sockets',
    async (transport) => {
      await using tracker = await TestTracker.start({
        register: (app) => void app.register(metrics),
        udp: { transport, silentOnBadConnectionId: true },
      })
      await using socket = await openSocket(tracker)
      await socket.send(Buffer.alloc(3))
      await socket.send(header(BAD_ID, 0))
      await socket.send(writeAnnounce(BAD_ID, 1, ANNOUNCE))
      await socket.send(Buffer.alloc(10_000))
      // Its response arrives after the datagrams before it have.
      await socket.request(writeConnect)
      const series = await scrape(tracker)
      const dropped = series.filter(({ name }) => name === 'chihaya_udp_dropped_datagrams_total')
      expect(
        Object.fromEntries(dropped.map(({ labels, value }) => [labels['reason'], value])),
      ).toEqual({
        malformed: 2,
        source: 0,
        connection_id: 1,
        too_long: 1,
        receive_buffer: 0,
        send_queue: 0,
        pending_replies: 0,
      })
      expect(valueOf(series, 'chihaya_requests_total', { protocol: 'udp' })).toBe(1)
    },
  )
})

describe('hostile requests', () => {
  test('create no series', async () => {
    let refused = 0
    await using tracker = await TestTracker.start({
      register: (app) => {
        app.register(metrics)
        app.after(() =>
          app.tracker.addHook('preAnnounce', ({ numWant }) => {
            if (numWant > 0) throw new ClientError(`refusal ${refused++} "}\n# TYPE x`)
          }),
        )
      },
    })
    await using socket = await openSocket(tracker)
    const attack = async (): Promise<void> => {
      const id = readConnect(await socket.request(writeConnect))
      const announce = {
        infoHash: readInfoHash(randomBytes(20), 0),
        peerId: readPeerId(randomBytes(20), 0),
        port: 1 + Math.floor(Math.random() * 60_000),
        left: randomBytes(8).readBigUInt64BE(),
        numWant: 50,
        key: randomBytes(4).readUInt32BE(),
      }
      await socket.request((transactionId) => writeAnnounce(id, transactionId, announce))
      const action = 0x7fff_0000 + Math.floor(Math.random() * 1000)
      await socket.request((transactionId) => header(id, action, transactionId))
      const text = encodeURIComponent(`"}\n<script>${refused}`)
      const query = `info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=aaaaaaaaaaaaaaaaaaaa&port=1&numwant=9&${text}=${text}`
      await fetch(tracker.url('http', `/announce?${query}`), { headers: { 'user-agent': text } })
      await fetch(tracker.url('http', `/announce?port=${text}`))
      await fetch(tracker.url('http', `/${text}`))
    }
    await attack()
    const before = ownSeries(await scrape(tracker))
    for (let round = 0; round < 50; round++) await attack()
    expect(ownSeries(await scrape(tracker))).toEqual(before)
    expect(before.join()).not.toContain('script')
    expect(
      valueOf(await scrape(tracker), 'chihaya_requests_total', { protocol: 'udp', error: 'other' }),
    ).toBe(51)
  })
})
