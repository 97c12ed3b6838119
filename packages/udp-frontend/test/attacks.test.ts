import { trackerCore } from '@chihaya/core'
import { ClientError } from '@chihaya/bittorrent'
import { MemoryPeerStore } from '@chihaya/storage-memory'
import { unavailable } from '@chihaya/udp-batch'
import { udpFrontend, type UdpFrontendOptions } from '@chihaya/udp-frontend'
import fastify, { type FastifyInstance } from 'fastify'
import { describe, expect, test } from 'vitest'
import { announce, connect, errorText, header, INFO_HASH, NO_ID, scrape } from './datagrams.ts'
import { UdpClient } from './udp-client.ts'

/** The rules of `amplification.test.ts`, tested from outside for each kind of socket. */
const TRANSPORTS =
  unavailable() === undefined ? (['dgram', 'batch'] as const) : (['dgram'] as const)

const FENCE = 0x7fff_0000

/** Sends datagrams, followed by a connect. Its reply shows that all others have arrived. */
async function repliesTo(
  client: UdpClient,
  datagrams: readonly Buffer[],
  fence: number,
): Promise<Buffer[]> {
  const replies: Buffer[] = []
  const last = connect(FENCE + fence)
  const done = (async () => {
    for await (const reply of client.replies()) {
      if (reply.readUInt32BE() === 0 && reply.readUInt32BE(4) === FENCE + fence) return
      replies.push(reply)
    }
  })()
  for (const datagram of datagrams) await client.send(datagram)
  await client.send(last)
  await done
  return replies
}

describe.each(TRANSPORTS)('over %s', (transport) => {
  async function tracker(
    host = '127.0.0.1',
    options: UdpFrontendOptions = {},
  ): Promise<{ app: FastifyInstance; store: MemoryPeerStore }> {
    const app = fastify()
    const store = new MemoryPeerStore()
    app.decorate('peerStore', store)
    app.register(trackerCore)
    app.register(udpFrontend, { transport, listen: [{ host, port: 0 }], ...options })
    return { app, store }
  }

  test('an unproven source never gets more bytes than it sent', async () => {
    const { app } = await tracker()
    await using _ = app
    await app.ready()
    const [address] = app.udpTracker.addresses()
    let answered = 0
    for (let length = 0; length <= 1500; length += length < 64 ? 1 : 97) {
      // A separate network for each, as errors are limited by network.
      await using client = await UdpClient.open(
        address,
        `127.1.${length % 256}.${1 + (length >> 8)}`,
      )
      const datagrams = [0, 1, 2, 3, 4, 5].map((action) =>
        Buffer.concat([announce(NO_ID, { action }), Buffer.alloc(1500)]).subarray(0, length),
      )
      for (const reply of await repliesTo(client, datagrams, length)) {
        expect(reply.length).toBeLessThanOrEqual(length)
        answered++
      }
    }
    // Announces and scrapes, where the error fits.
    const lengths = Array.from({ length: 1501 }, (_value, length) => length).filter(
      (length) => (length < 64 || (length - 64) % 97 === 0) && length >= 25,
    )
    expect(answered).toBe(lengths.length * 2)
  })

  test.each([
    ['127.0.0.1', 6],
    ['::1', 18],
  ])('replies from %s fit 1232 bytes, for any numwant', async (host, stride) => {
    const { app } = await tracker(host, { maxNumWant: 2 ** 31 - 1 })
    await using _ = app
    await app.ready()
    await using client = await UdpClient.open(app.udpTracker.addresses()[0])
    const id = await client.connect()
    const room = Math.floor((1232 - 20) / stride)
    for (let port = 2000; port < 2100 + room; port++) {
      await client.request(
        announce(id, { port, numWant: 0, peerId: Buffer.from(`-TS0001-${port}`.padEnd(20, 'x')) }),
      )
    }
    const reply = await client.request(announce(id, { port: 9999, numWant: 2 ** 31 - 1 }))
    expect(reply).toHaveLength(20 + room * stride)
  })

  test('a connection id with any bit changed adds no peer', async () => {
    const { app, store } = await tracker()
    await using _ = app
    await app.ready()
    await using client = await UdpClient.open(app.udpTracker.addresses()[0])
    const id = await client.connect()
    const forged = Array.from({ length: 64 }, (_value, bit) => {
      const copy = Buffer.from(id)
      copy.writeUInt8(copy.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      return announce(copy, { port: 1000 + bit })
    })
    for (const reply of await repliesTo(client, forged, 1))
      expect(errorText(reply)).toBe('bad connection ID')
    expect(store.stats().swarms).toBe(0)
    await client.request(announce(id))
    expect(store.stats().swarms).toBe(1)
  })

  test('errors go to one source ten times a second', async () => {
    const { app } = await tracker()
    await using _ = app
    await app.ready()
    await using client = await UdpClient.open(app.udpTracker.addresses()[0])
    const replies: Buffer[] = []
    // In portions that fit every socket's buffer.
    for (let portion = 0; portion < 10; portion++) {
      replies.push(...(await repliesTo(client, Array<Buffer>(100).fill(announce(NO_ID)), portion)))
    }
    expect(replies.length).toBeGreaterThanOrEqual(10)
    // The portions take less than ten seconds on any machine.
    expect(replies.length).toBeLessThanOrEqual(110)
  })

  test('announces of refused torrents leave nothing behind', async () => {
    const { app, store } = await tracker()
    await using _ = app
    app.after(() =>
      app.tracker.addHook('preAnnounce', () => {
        throw new ClientError('unapproved torrent', { retryIn: 'never' })
      }),
    )
    await app.ready()
    await using client = await UdpClient.open(app.udpTracker.addresses()[0])
    const id = await client.connect()
    const before = store.bytes
    for (let number = 0; number < 2000; number++) {
      const infoHash = Buffer.alloc(20)
      infoHash.writeUInt32BE(number, 16)
      expect(errorText(await client.request(announce(id, { infoHash })))).toBe('unapproved torrent')
    }
    expect([store.stats().swarms, store.bytes]).toEqual([0, before])
  })

  test("a tracker's own replies are met with silence", async () => {
    const { app } = await tracker()
    await using _ = app
    await app.ready()
    await using client = await UdpClient.open(app.udpTracker.addresses()[0])
    const id = await client.connect()
    const requests = [
      connect(),
      announce(id),
      announce(NO_ID),
      header(id, 7),
      scrape(id, [INFO_HASH]),
    ]
    const replies: Buffer[] = []
    for (const request of requests) replies.push(await client.request(request))
    expect(await repliesTo(client, replies, 1)).toEqual([])
  })
})
