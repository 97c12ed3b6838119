import { formatAddress, Query, type Address } from '@chihaya/bittorrent'
import type { HttpFrontendOptions } from '@chihaya/http-frontend'
import type { FastifyRequest } from 'fastify'
import { describe, expect, test } from 'vitest'
import { PeerAddress } from '../src/peer-address.ts'
import { announceTarget, decode, failureReason, trackerApp } from './tracker-app.ts'

interface Asked {
  readonly from?: string
  readonly headers?: Record<string, string>
  readonly query?: Record<string, string>
  readonly trustProxy?: string[]
}

/** The address that the tracker stores for a request, or the text that refuses it. */
async function seenAs(
  http: HttpFrontendOptions,
  { from = '127.0.0.1', headers = {}, query = {}, trustProxy }: Asked,
): Promise<string> {
  let address: Address | undefined
  await using app = await trackerApp({
    http,
    server: trustProxy ? { trustProxy } : {},
    hooks: (tracker) => tracker.addHook('preAnnounce', (request) => void (address = request.address)),
  })
  const response = await app.inject({ url: announceTarget(query), remoteAddress: from, headers })
  return address ? formatAddress(address) : (failureReason(response) ?? 'neither seen nor refused')
}

const XFF = { realIpHeader: 'X-Forwarded-For' }

describe('X-Forwarded-For', () => {
  test.each([
    ['8.8.8.8', '8.8.8.8'],
    [' 8.8.8.8\t', '8.8.8.8'],
    ['8.8.8.8:4321', '8.8.8.8'],
    ['2001:db8::7', '2001:db8::7'],
    ['[2001:db8::7]', '2001:db8::7'],
    ['[2001:db8::7]:4321', '2001:db8::7'],
    ['::ffff:8.8.8.8', '8.8.8.8'],
    // A client may write what it likes; its proxy appends the truth.
    ['1.1.1.1, 8.8.8.8', '8.8.8.8'],
    ['unknown, 8.8.8.8', '8.8.8.8'],
    [',,8.8.8.8', '8.8.8.8'],
    ['1.1.1.1, 8.8.8.8, 10.0.0.1, 192.168.1.1', '8.8.8.8'],
    // Everyone on the way is trusted: the furthest is the client.
    ['10.0.0.7', '10.0.0.7'],
    ['10.0.0.7, 10.0.0.1', '10.0.0.7'],
    ['fc00::7, 127.0.0.1', 'fc00::7'],
    ['', 'failed to parse peer IP address'],
    ['unknown', 'failed to parse peer IP address'],
    ['unknown, 10.0.0.1', 'failed to parse peer IP address'],
    ['8.8.8.8,', 'failed to parse peer IP address'],
    [',10.0.0.1', 'failed to parse peer IP address'],
    ['tracker.example', 'failed to parse peer IP address'],
    ['127.1', 'failed to parse peer IP address'],
    ['0x7f.0.0.1', 'failed to parse peer IP address'],
    ['010.0.0.1', 'failed to parse peer IP address'],
    ['fe80::1%eth0', 'failed to parse peer IP address'],
    ['for=8.8.8.8', 'failed to parse peer IP address'],
  ])('%j from a trusted proxy means %s', async (header, expected) => {
    expect(await seenAs(XFF, { headers: { 'x-forwarded-for': header } })).toBe(expected)
  })

  test('is needed from a trusted proxy, which must not be registered itself', async () => {
    expect(await seenAs(XFF, {})).toBe('failed to parse peer IP address')
    expect(await seenAs(XFF, { from: '::ffff:10.0.0.1' })).toBe('failed to parse peer IP address')
  })

  test('of a long list is walked through', async () => {
    const list = `8.8.8.8${', 10.0.0.1'.repeat(1500)}`
    expect(await seenAs(XFF, { headers: { 'x-forwarded-for': list } })).toBe('8.8.8.8')
  })

  test('is not looked for among so many lines that Node may have dropped the last of them', async () => {
    const lines = (count: number): Record<string, string> => ({
      'x-forwarded-for': '8.8.8.8',
      ...Object.fromEntries(Array.from({ length: count }, (_, index) => [`x-${index}`, ''])),
    })
    expect(await seenAs(XFF, { headers: lines(900) })).toBe('8.8.8.8')
    expect(await seenAs(XFF, { headers: lines(1000) })).toBe('failed to parse peer IP address')
    expect(await seenAs({}, { headers: lines(1000) })).toBe('127.0.0.1')
  })

  test.each(['203.0.113.9', '100.64.0.1', '2001:db8::9', '169.254.1.1'])('from %s is not believed', async (from) => {
    expect(await seenAs(XFF, { from, headers: { 'x-forwarded-for': '8.8.8.8' } })).toBe(from)
  })

  test('is believed of the proxies that are listed, and of no others', async () => {
    const http = { ...XFF, trustedProxies: ['203.0.113.0/24', '2001:db8::9'] }
    const headers = { 'x-forwarded-for': '1.1.1.1, 8.8.8.8, 203.0.113.1' }
    expect(await seenAs(http, { from: '203.0.113.9', headers })).toBe('8.8.8.8')
    expect(await seenAs(http, { from: '2001:db8::9', headers })).toBe('8.8.8.8')
    expect(await seenAs(http, { from: '127.0.0.1', headers })).toBe('127.0.0.1')
    expect(await seenAs({ ...XFF, trustedProxies: [] }, { headers })).toBe('127.0.0.1')
  })

  test('is not looked at where no header is configured', async () => {
    expect(await seenAs({}, { headers: { 'x-forwarded-for': '8.8.8.8', 'x-real-ip': '8.8.8.8' } })).toBe('127.0.0.1')
  })
})

describe('a TCP connection that has lost its source', () => {
  // The kernel forgets the source of a connection that the client resets, while the request can still be read.
  const request = (address: unknown): FastifyRequest => {
    const socket = { remoteAddress: undefined, server: { address: () => address } }
    return { raw: { headers: { 'x-forwarded-for': '8.8.8.8' }, rawHeaders: [], socket } } as unknown as FastifyRequest
  }

  test('is not mistaken for the Unix socket of a proxy', () => {
    const addresses = new PeerAddress(XFF)
    expect(formatAddress(addresses.of(request('/run/tracker.sock'), new Query()).address)).toBe('8.8.8.8')
    for (const address of [{ address: '::', family: 'IPv6', port: 6969 }, null]) {
      expect(() => addresses.of(request(address), new Query())).toThrow('failed to parse peer IP address')
    }
  })
})

describe('a header of one value', () => {
  test('is believed of a trusted proxy', async () => {
    const http = { realIpHeader: 'cf-connecting-ip', trustedProxies: ['173.245.48.0/20'] }
    const headers = { 'cf-connecting-ip': '8.8.8.8', 'x-forwarded-for': '9.9.9.9' }
    expect(await seenAs(http, { from: '173.245.48.1', headers })).toBe('8.8.8.8')
    expect(await seenAs(http, { from: '8.8.4.4', headers })).toBe('8.8.4.4')
  })
})

describe("Fastify's own trustProxy", () => {
  test('decides where no header is configured', async () => {
    const headers = { 'x-forwarded-for': '1.1.1.1, 8.8.8.8' }
    expect(await seenAs({}, { headers, trustProxy: ['127.0.0.1'] })).toBe('8.8.8.8')
    expect(await seenAs({}, { headers: { 'x-forwarded-for': 'unknown' }, trustProxy: ['127.0.0.1'] })).toBe(
      'failed to parse peer IP address',
    )
  })

  test('does not where one is', async () => {
    const headers = { 'x-forwarded-for': '9.9.9.9', 'x-real-ip': '8.8.8.8' }
    expect(await seenAs({ realIpHeader: 'x-real-ip' }, { headers, trustProxy: ['127.0.0.1'] })).toBe('8.8.8.8')
  })
})

describe('an address that the client claims', () => {
  const claim = (
    query: Record<string, string>,
    from = '127.0.0.1',
    allowIpSpoofing: boolean | string[] = true,
  ): Promise<string> => seenAs({ allowIpSpoofing }, { query, from })

  test.each([
    [{ ip: '8.8.8.8' }, '8.8.8.8'],
    [{ ip: '8.8.8.8:80' }, '8.8.8.8'],
    [{ ipv4: '8.8.8.8' }, '8.8.8.8'],
    [{ ipv6: '2606:4700::1' }, '2606:4700::1'],
    [{ ipv6: '[2606:4700::1]:6881' }, '2606:4700::1'],
    [{ ipv6: '%5B2606%3A4700%3A%3A1%5D' }, '2606:4700::1'],
    [{ ip: '::ffff:8.8.8.8' }, '8.8.8.8'],
    [{ ip: '8.8.8.8', ipv4: '9.9.9.9', ipv6: '2606:4700::1' }, '8.8.8.8'],
    [{ ipv4: '9.9.9.9', ipv6: '2606:4700::1' }, '9.9.9.9'],
    [{ ip: '', ipv4: '9.9.9.9' }, '9.9.9.9'],
    [{ ip: '' }, '127.0.0.1'],
    [{}, '127.0.0.1'],
    [{ ip: '10.1.2.3' }, '10.1.2.3'],
    [{ ip: '100.64.0.1' }, '100.64.0.1'],
    [{ ip: 'fd00::1' }, 'fd00::1'],
    [{ ip: 'attacker.example' }, 'invalid IP'],
    [{ ip: 'localhost' }, 'invalid IP'],
    [{ ip: '127.1' }, 'invalid IP'],
    [{ ip: '8.8.8.8%00' }, 'invalid IP'],
    [{ ip: '8.8.8.8:x' }, 'invalid IP'],
    [{ ipv6: '[::1' }, 'invalid IP'],
    [{ ip: '0.0.0.0' }, 'invalid IP'],
    [{ ip: '127.0.0.1' }, 'invalid IP'],
    [{ ip: '::1' }, 'invalid IP'],
    [{ ip: '::ffff:127.0.0.1' }, 'invalid IP'],
    [{ ip: '224.0.0.1' }, 'invalid IP'],
    [{ ip: '255.255.255.255' }, 'invalid IP'],
    [{ ip: '169.254.1.1' }, 'invalid IP'],
    [{ ip: '192.0.2.1' }, 'invalid IP'],
    [{ ip: 'ff02::1' }, 'invalid IP'],
    [{ ip: 'fe80::1' }, 'invalid IP'],
    [{ ip: '2001:db8::1' }, 'invalid IP'],
    [{ ip: '64:ff9b::127.0.0.1' }, 'invalid IP'],
  ])('%j from loopback means %s', async (query, expected) => {
    expect(await claim(query as Record<string, string>)).toBe(expected)
  })

  test.each(['127.0.0.9', '10.0.0.1', '172.31.0.1', '192.168.1.1', '::1', 'fd00::9', '::ffff:10.0.0.1'])(
    'is believed of %s',
    async (from) => {
      expect(await claim({ ip: '8.8.8.8' }, from)).toBe('8.8.8.8')
    },
  )

  test.each(['203.0.113.9', '2001:db8::9', '172.32.0.1'])('is ignored of %s, however malformed', async (from) => {
    expect(await claim({ ip: '8.8.8.8' }, from)).toBe(from)
    expect(await claim({ ip: 'attacker.example' }, from)).toBe(from)
  })

  test('is ignored of everyone by default', async () => {
    expect(await claim({ ip: '8.8.8.8', ipv6: '::1' }, '127.0.0.1', false)).toBe('127.0.0.1')
    expect(await seenAs({}, { query: { ip: 'nonsense' } })).toBe('127.0.0.1')
  })

  test('is believed of those who are listed, but no private one of a public requester', async () => {
    expect(await claim({ ip: '8.8.8.8' }, '9.9.9.9', ['9.9.9.0/24'])).toBe('8.8.8.8')
    expect(await claim({ ip: '8.8.8.8' }, '127.0.0.1', ['9.9.9.0/24'])).toBe('127.0.0.1')
    expect(await claim({ ip: '10.0.0.1' }, '9.9.9.9', ['9.9.9.0/24'])).toBe('invalid IP')
    expect(await claim({ ip: '64:ff9b::10.0.0.1' }, '9.9.9.9', ['9.9.9.9'])).toBe('invalid IP')
  })

  test('is judged by the client behind the proxy, not by the proxy', async () => {
    const http = { ...XFF, allowIpSpoofing: true }
    const query = { ip: '1.1.1.1' }
    expect(await seenAs(http, { query, headers: { 'x-forwarded-for': '8.8.8.8' } })).toBe('8.8.8.8')
    expect(await seenAs(http, { query, headers: { 'x-forwarded-for': '10.0.0.7' } })).toBe('1.1.1.1')
  })

  test('never reaches the list of another client where spoofing is off', async () => {
    await using app = await trackerApp()
    const get = async (target: string, from: string): Promise<unknown> =>
      decode(await app.inject({ url: target, remoteAddress: from })).get('peers')
    await get(announceTarget({ ip: '8.8.8.8', ipv4: '9.9.9.9', ipv6: '::1' }), '198.51.100.1')
    expect(await get(announceTarget({}), '198.51.100.2')).toBe('\xc63d\x01\x1a\xe1')
  })
})

describe('a second address', () => {
  const LITERALS = { ipv4: '9.9.9.9', ipv6: '2606:4700::1' }

  /** The two addresses of an announce from a source that may name them. */
  async function both(
    query: Record<string, string>,
    from = '127.0.0.1',
    allowIpSpoofing = true,
  ): Promise<Array<string | undefined>> {
    let seen: Array<Address | undefined> = []
    await using app = await trackerApp({
      http: { allowIpSpoofing },
      hooks: (tracker) => tracker.addHook('preAnnounce', (request) => void (seen = [request.address, request.otherAddress])),
    })
    await app.inject({ url: announceTarget(query), remoteAddress: from })
    return seen.map((address) => address && formatAddress(address))
  }

  test('is the one of the other family that the client names, or the one it comes from', async () => {
    expect(await both(LITERALS)).toEqual(['9.9.9.9', '2606:4700::1'])
    expect(await both({ ip: '2606:4700::2', ...LITERALS })).toEqual(['2606:4700::2', '9.9.9.9'])
    expect(await both({ ipv6: '2606:4700::1' }, '10.0.0.1')).toEqual(['2606:4700::1', '10.0.0.1'])
  })

  test('is none where the client names none, or may not', async () => {
    expect(await both({ ipv4: '9.9.9.9' })).toEqual(['9.9.9.9', undefined])
    expect(await both(LITERALS, '8.8.8.8')).toEqual(['8.8.8.8', undefined])
    expect(await both(LITERALS, '127.0.0.1', false)).toEqual(['127.0.0.1', undefined])
  })
})
