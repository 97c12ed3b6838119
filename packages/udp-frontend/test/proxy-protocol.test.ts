import { formatAddress, parseAddress, type Address } from '@chihaya/bittorrent'
import { RequestMeter } from '@chihaya/core'
import { unavailable } from '@chihaya/udp-batch'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { UdpFrontendOptions } from '../src/options.ts'
import {
  announce,
  connect,
  errorText,
  EVENT,
  INFO_HASH,
  readAnnounceReply,
  scrape,
} from './datagrams.ts'
import { TrackerUnderTest, type Source } from './tracker-under-test.ts'
import { UdpClient } from './udp-client.ts'

const TRANSPORTS =
  unavailable() === undefined ? (['dgram', 'batch'] as const) : (['dgram'] as const)

const PROXY: Source = { address: '10.0.0.1', port: 4000 }
const STRANGER: Source = { address: '192.0.2.66', port: 4000 }
const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')
const OPTIONS: UdpFrontendOptions = { proxyProtocolFrom: ['10.0.0.0/24', 'fd00::/64'] }

function bytesOf(text: string): Address {
  const address = parseAddress(text)
  if (!address) throw new Error(`no address: ${text}`)
  return address
}

/** A header of version 2, given the bytes after the signature. */
function head(command: number, family: number, rest: Uint8Array = Buffer.alloc(0)): Buffer {
  return Buffer.concat([
    SIGNATURE,
    Buffer.of(command, family, rest.length >> 8, rest.length & 0xff),
    rest,
  ])
}

/** The header of a client, with this many bytes of TLVs. */
function client(address: string, port = 5000, tlvs = 0): Buffer {
  const bytes = bytesOf(address)
  const endpoints = Buffer.concat([bytes, bytes, Buffer.of(port >> 8, port & 0xff, 0x1b, 0x39)])
  return head(
    0x21,
    bytes.length === 4 ? 0x12 : 0x22,
    Buffer.concat([endpoints, Buffer.alloc(tlvs, 4)]),
  )
}

function proxied(header: Buffer, datagram: Uint8Array): Buffer {
  return Buffer.concat([header, datagram])
}

async function connectFor(
  tracker: TrackerUnderTest,
  header: Buffer,
  source = PROXY,
): Promise<Buffer> {
  const reply = await tracker.send(proxied(header, connect()), source)
  if (!reply) throw new TypeError('no reply to a connect')
  return reply.subarray(8)
}

/** Announces as the client. Returns the address under which the next client gets it. */
async function announcedAs(tracker: TrackerUnderTest, header: Buffer): Promise<string[]> {
  const id = await connectFor(tracker, header)
  await tracker.send(proxied(header, announce(id)), PROXY)
  const family =
    errorText(await tracker.send(proxied(header, scrape(id, [INFO_HASH])), PROXY)) === '(action 2)'
  expect(family).toBe(true)
  const watcher = client(header[13] === 0x22 ? '2001:db8::77' : '192.0.2.77')
  const other = await connectFor(tracker, watcher)
  const reply = await tracker.send(
    proxied(watcher, announce(other, { port: 7000, numWant: 50 })),
    PROXY,
  )
  const { peers } = readAnnounceReply(reply, header[13] === 0x22 ? 'ipv6' : 'ipv4')
  return peers.filter((peer) => !peer.endsWith(':7000'))
}

describe('datagrams of a proxy', () => {
  test.each([
    ['an IPv4 client', client('198.51.100.7'), ['198.51.100.7:6881']],
    ['a client with TLVs', client('198.51.100.7', 5000, 40), ['198.51.100.7:6881']],
    [
      'a client with TLVs that shift the datagram to an odd offset',
      client('198.51.100.7', 5000, 41),
      ['198.51.100.7:6881'],
    ],
    ['the longest accepted header', client('198.51.100.7', 5000, 508), ['198.51.100.7:6881']],
    ['an IPv6 client', client('2001:db8::7'), ['2001:db8::7:6881']],
    [
      'a client over TCP',
      head(0x21, 0x11, client('198.51.100.7').subarray(16)),
      ['198.51.100.7:6881'],
    ],
  ])('belong to the client they name: %s', async (_what, header, peers) => {
    expect(await announcedAs(new TrackerUnderTest({ options: OPTIONS }), header)).toEqual(peers)
    const hooked = new TrackerUnderTest({
      options: OPTIONS,
      hooks: { preAnnounce: async () => undefined },
    })
    expect(await announcedAs(hooked, header)).toEqual(peers)
  })

  test.each([
    ['LOCAL', head(0x20, 0)],
    ['LOCAL with a client in it', head(0x20, 0x12, client('198.51.100.7').subarray(16))],
    ['UNSPEC', head(0x21, 0)],
    ['UNIX', head(0x21, 0x32, Buffer.alloc(216))],
  ])('belong to the proxy with %s', async (_what, header) => {
    const tracker = new TrackerUnderTest({ options: OPTIONS })
    expect(await announcedAs(tracker, header)).toEqual(['10.0.0.1:6881'])
  })

  test.each([
    ['no header', Buffer.alloc(0)],
    ['version 1', Buffer.from('PROXY UDP4 198.51.100.7 192.0.2.1 5000 6969\r\n')],
    ['version 3', head(0x31, 0x12, client('198.51.100.7').subarray(16))],
    ['an unknown command', head(0x2f, 0x12, client('198.51.100.7').subarray(16))],
    ['an unknown family', head(0x21, 0x52, client('198.51.100.7').subarray(16))],
    ['too few bytes for its family', head(0x21, 0x22, client('198.51.100.7').subarray(16))],
    ['a longer header', client('198.51.100.7', 5000, 509)],
    ['a client on port 0', client('198.51.100.7', 0)],
    ['a multicast client', client('224.0.0.1')],
    ['a client without an address', client('0.0.0.0')],
    ['a broadcast client', client('255.255.255.255')],
  ])('are dropped with %s', async (_what, header) => {
    const tracker = new TrackerUnderTest({ options: OPTIONS })
    expect(await tracker.send(proxied(header, connect()), PROXY)).toBeUndefined()
  })

  test('are dropped if they end within or right after their header', async () => {
    const tracker = new TrackerUnderTest({ options: OPTIONS })
    const header = client('198.51.100.7')
    for (let length = 0; length <= header.length; length++) {
      expect(await tracker.send(header.subarray(0, length), PROXY)).toBeUndefined()
    }
    expect(await tracker.send(proxied(header, connect()), { ...PROXY, port: 0 })).toBeUndefined()
  })

  test('are counted if dropped, and otherwise by the family of the client', async () => {
    const tracker = new TrackerUnderTest({ options: OPTIONS })
    const meter = new RequestMeter()
    tracker.frontend.start(meter)
    await tracker.send(connect(), PROXY)
    await tracker.send(proxied(client('198.51.100.7'), connect()), { ...PROXY, port: 0 })
    await tracker.send(proxied(client('224.0.0.1'), connect()), PROXY)
    await tracker.send(proxied(client('2001:db8::7'), connect()), PROXY)
    expect(meter.drops.counts()).toMatchObject({ malformed: 1, source: 2 })
    const counted = meter.counts().filter(({ requests }) => requests > 0)
    expect(counted).toMatchObject([{ action: 'connect', network: 'ipv6', requests: 1 }])
  })

  test("are refused if the client's datagram is too long", async () => {
    const tracker = new TrackerUnderTest({ options: OPTIONS })
    const header = client('198.51.100.7')
    const id = await connectFor(tracker, header)
    const infoHashes = Array.from({ length: 500 }, () => INFO_HASH)
    const reply = await tracker.send(proxied(header, scrape(id, infoHashes)), PROXY)
    expect(errorText(reply)).toBe('Request-URI Too Long: too many infohashes')
    const long = proxied(header, announce(id, { options: Buffer.alloc(5000) }))
    expect(errorText(await tracker.send(long, PROXY))).toBe('malformed packet')
  })
})

describe('connection ids', () => {
  test("are valid only for the client's address, behind any proxy", async () => {
    const tracker = new TrackerUnderTest({ options: OPTIONS })
    const header = client('198.51.100.7')
    const id = await connectFor(tracker, header)
    expect(errorText(await tracker.send(proxied(header, announce(id)), PROXY))).toBe('(action 1)')
    const second = { address: 'fd00::2', port: 9 }
    expect(
      errorText(await tracker.send(proxied(client('198.51.100.7', 5001), announce(id)), second)),
    ).toBe('(action 1)')
    expect(
      errorText(await tracker.send(announce(id), { address: '198.51.100.7', port: 5000 })),
    ).toBe('(action 1)')
    const neighbour = proxied(client('198.51.100.8'), announce(id))
    expect(errorText(await tracker.send(neighbour, PROXY))).toBe('bad connection ID')
  })
})

describe('a header from another source', () => {
  test('is not read, and its datagram is not answered', async () => {
    const tracker = new TrackerUnderTest({ options: OPTIONS })
    expect(await tracker.send(proxied(client('198.51.100.7'), connect()), STRANGER)).toBeUndefined()
    expect(
      await new TrackerUnderTest().send(proxied(client('198.51.100.7'), connect()), PROXY),
    ).toBeUndefined()
  })

  test('is not needed: direct clients are served', async () => {
    const tracker = new TrackerUnderTest({ options: OPTIONS })
    expect(errorText(await tracker.send(announce(await tracker.connect(STRANGER)), STRANGER))).toBe(
      '(action 1)',
    )
  })

  test('is not read after that of the proxy', async () => {
    const tracker = new TrackerUnderTest({ options: OPTIONS })
    const forged = proxied(client('10.0.0.2'), proxied(client('198.51.100.7'), connect()))
    expect(await tracker.send(forged, PROXY)).toBeUndefined()
  })
})

describe('any datagram of a proxy', () => {
  test('is handled without a fault, and answered like one from the client', async () => {
    const tracker = new TrackerUnderTest({ options: OPTIONS })
    const direct = new TrackerUnderTest({ options: { privateKey: 'x' } })
    const same = new TrackerUnderTest({ options: { ...OPTIONS, privateKey: 'x' } })
    const address = fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
    )
    const command = fc.oneof(fc.constantFrom(0x20, 0x21), fc.nat(255))
    const family = fc.oneof(fc.constantFrom(0, 0x11, 0x12, 0x21, 0x22), fc.nat(255))
    const body = fc.uint8Array({ maxLength: 300 })
    await fc.assert(
      fc.asyncProperty(command, family, body, body, async (one, other, rest, datagram) => {
        await tracker.send(proxied(head(one, other, rest), datagram), PROXY)
      }),
    )
    await fc.assert(
      fc.asyncProperty(
        address,
        fc.nat(65_535),
        fc.nat(508),
        body,
        async (bytes, port, tlvs, datagram) => {
          const text = formatAddress(bytes)
          for (const request of [connect(), Buffer.from(datagram)]) {
            const expected = await direct.send(request, { address: text, port })
            const header = client(text, port, Math.min(tlvs, 484))
            expect(await same.send(proxied(header, request), PROXY)).toEqual(expected)
          }
        },
      ),
    )
    expect([tracker.logged, same.logged]).toEqual([[], []])
  })
})

describe.each(TRANSPORTS)('over %s', (transport) => {
  const listen = [{ host: '127.0.0.1', port: 0 }]

  test("the reply goes back to the proxy's socket", async () => {
    const options = { transport, listen, proxyProtocolFrom: ['127.0.0.2'] }
    for (const hooks of [{}, { preAnnounce: async () => undefined }]) {
      const tracker = new TrackerUnderTest({ options, hooks })
      await tracker.frontend.bind()
      const [bound] = tracker.frontend.addresses()
      await using proxy = await UdpClient.open(bound, '127.0.0.2')
      const header = client('2001:db8::9')
      const id = (await proxy.request(proxied(header, connect()))).subarray(8)
      const started = announce(id, { event: EVENT.started })
      expect(
        readAnnounceReply(await proxy.request(proxied(header, started)), 'ipv6').peers,
      ).toEqual(['2001:db8::9:6881'])
      await using direct = await UdpClient.open(bound)
      expect(errorText(await direct.request(announce(await direct.connect())))).toBe('(action 1)')
      await tracker.frontend.close()
    }
  })

  test('the longest scrape passes with the longest header, and a longer one is refused', async () => {
    const options = {
      transport,
      listen,
      proxyProtocolFrom: ['127.0.0.2'],
      maxScrapeInfoHashes: 300,
    }
    const tracker = new TrackerUnderTest({ options })
    await tracker.frontend.bind()
    await using proxy = await UdpClient.open(tracker.frontend.addresses()[0], '127.0.0.2')
    const header = client('198.51.100.7', 5000, 508)
    const id = (await proxy.request(proxied(header, connect()))).subarray(8)
    const scrapeOf = (count: number): Buffer =>
      scrape(
        id,
        Array.from({ length: count }, (_, index) => Buffer.alloc(20, index)),
      )
    expect((await proxy.request(proxied(header, scrapeOf(300)))).length).toBe(8 + 12 * 300)
    for (const count of [301, 320, 2000]) {
      expect(errorText(await proxy.request(proxied(header, scrapeOf(count))))).toMatch(
        /too many infohashes$/,
      )
    }
    await tracker.frontend.close()
  })

  test('a reload turns it on for sockets that stay', async () => {
    const former = new TrackerUnderTest({ options: { transport, listen, bind: false } })
    await (await former.frontend.takeOver()).commit()
    const options: UdpFrontendOptions = {
      transport,
      listen,
      bind: false,
      proxyProtocolFrom: ['127.0.0.2'],
    }
    const next = new TrackerUnderTest({ options })
    await (await next.frontend.takeOver(former.frontend)).commit()
    await using proxy = await UdpClient.open(next.frontend.addresses()[0], '127.0.0.2')
    const header = client('198.51.100.7', 5000, 508)
    const id = (await proxy.request(proxied(header, connect()))).subarray(8)
    const padding = Buffer.alloc(2944 - 98)
    expect(
      errorText(await proxy.request(proxied(header, announce(id, { options: padding })))),
    ).toBe('(action 1)')
    await next.frontend.close()
  })
})
