import { formatAddress, Query, type Address } from '@chihaya/bittorrent'
import { PeerAddress } from '@chihaya/core/http'
import type { HttpFrontendOptions } from '@chihaya/http-frontend'
import type { FastifyRequest } from 'fastify'
import { describe, expect, test } from 'vitest'
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
    hooks: (tracker) =>
      tracker.addHook('preAnnounce', (request) => void (address = request.address)),
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
    // The client's part of the list may be forged. Its proxy appends the source.
    ['1.1.1.1, 8.8.8.8', '8.8.8.8'],
    ['unknown, 8.8.8.8', '8.8.8.8'],
    [',,8.8.8.8', '8.8.8.8'],
    ['1.1.1.1, 8.8.8.8, 10.0.0.1, 192.168.1.1', '8.8.8.8'],
    // Everyone on the way is trusted: the furthest is the client.
    ['10.0.0.7', '10.0.0.7'],
    ['10.0.0.7, 10.0.0.1', '10.0.0.7'],
    ['fc00::7, 127.0.0.1', 'fc00::7'],
    // Empty elements are none (RFC 9110, section 5.6.1).
    ['8.8.8.8,', '8.8.8.8'],
    ['8.8.8.8, ,10.0.0.1', '8.8.8.8'],
    [', ,8.8.8.8 ,, 10.0.0.1 ,\t,', '8.8.8.8'],
    [',10.0.0.1', '10.0.0.1'],
    ['', 'failed to parse peer IP address'],
    [',', 'failed to parse peer IP address'],
    [' , ,', 'failed to parse peer IP address'],
    ['unknown', 'failed to parse peer IP address'],
    ['unknown, 10.0.0.1', 'failed to parse peer IP address'],
    ['unknown,', 'failed to parse peer IP address'],
    ['tracker.example', 'failed to parse peer IP address'],
    ['127.1', 'failed to parse peer IP address'],
    ['0x7f.0.0.1', 'failed to parse peer IP address'],
    ['010.0.0.1', 'failed to parse peer IP address'],
    ['fe80::1%eth0', 'failed to parse peer IP address'],
    ['for=8.8.8.8', 'failed to parse peer IP address'],
  ])('%j from a trusted proxy means %s', async (header, expected) => {
    expect(await seenAs(XFF, { headers: { 'x-forwarded-for': header } })).toBe(expected)
  })

  test('is required from a named proxy, which must not become a peer', async () => {
    const http = { ...XFF, trustedProxies: ['127.0.0.0/8', '10.0.0.1'] }
    expect(await seenAs(http, {})).toBe('failed to parse peer IP address')
    expect(await seenAs(http, { from: '::ffff:10.0.0.1' })).toBe('failed to parse peer IP address')
    expect(await seenAs(http, { from: '10.0.0.2' })).toBe('10.0.0.2')
  })

  test.each([
    '127.0.0.1',
    '::1',
    '10.0.0.1',
    '172.16.9.9',
    '192.168.1.1',
    'fd00::1',
    '::ffff:10.0.0.1',
  ])('is not needed from %s, which is not configured as a proxy', async (from) => {
    expect(await seenAs(XFF, { from })).toBe(from.replace('::ffff:', ''))
    expect(await seenAs(XFF, { from, headers: { 'x-forwarded-for': '8.8.8.8' } })).toBe('8.8.8.8')
    // What a proxy sends, if it sends anything, has to make sense.
    expect(await seenAs(XFF, { from, headers: { 'x-forwarded-for': '' } })).toBe(
      'failed to parse peer IP address',
    )
  })

  test('may be a long list', async () => {
    const list = `8.8.8.8${', 10.0.0.1'.repeat(1500)}`
    expect(await seenAs(XFF, { headers: { 'x-forwarded-for': list } })).toBe('8.8.8.8')
  })

  test('is refused among so many lines that Node may have dropped the last ones', async () => {
    const lines = (count: number): Record<string, string> => ({
      'x-forwarded-for': '8.8.8.8',
      ...Object.fromEntries(Array.from({ length: count }, (_, index) => [`x-${index}`, ''])),
    })
    expect(await seenAs(XFF, { headers: lines(900) })).toBe('8.8.8.8')
    expect(await seenAs(XFF, { headers: lines(1000) })).toBe('failed to parse peer IP address')
    expect(await seenAs({ realIpHeader: 'x-real-ip' }, { headers: lines(1000) })).toBe(
      'failed to parse peer IP address',
    )
    expect(await seenAs({}, { headers: lines(1000) })).toBe('127.0.0.1')
  })

  test.each(['203.0.113.9', '100.64.0.1', '2001:db8::9', '169.254.1.1'])(
    'from %s is not believed',
    async (from) => {
      expect(await seenAs(XFF, { from, headers: { 'x-forwarded-for': '8.8.8.8' } })).toBe(from)
    },
  )

  test('is trusted only from listed proxies', async () => {
    const http = { ...XFF, trustedProxies: ['203.0.113.0/24', '2001:db8::9'] }
    const headers = { 'x-forwarded-for': '1.1.1.1, 8.8.8.8, 203.0.113.1' }
    expect(await seenAs(http, { from: '203.0.113.9', headers })).toBe('8.8.8.8')
    expect(await seenAs(http, { from: '2001:db8::9', headers })).toBe('8.8.8.8')
    expect(await seenAs(http, { from: '127.0.0.1', headers })).toBe('127.0.0.1')
    expect(await seenAs({ ...XFF, trustedProxies: [] }, { headers })).toBe('127.0.0.1')
  })

  test('is ignored if no header is configured', async () => {
    expect(
      await seenAs({}, { headers: { 'x-forwarded-for': '8.8.8.8', 'x-real-ip': '8.8.8.8' } }),
    ).toBe('127.0.0.1')
  })
})

describe('a TCP connection that has lost its source', () => {
  // The kernel forgets the source of a connection that the client resets, while the request can
  // still be read.
  const request = (address: unknown): FastifyRequest => {
    const socket = { remoteAddress: undefined, server: { address: () => address } }
    return {
      raw: { headers: { 'x-forwarded-for': '8.8.8.8' }, rawHeaders: [], socket },
    } as unknown as FastifyRequest
  }

  test('is not a direct client if the header is missing', () => {
    const addresses = new PeerAddress({ realIpHeader: 'x-real-ip' })
    for (const address of ['/run/tracker.sock', { address: '::', family: 'IPv6', port: 6969 }]) {
      expect(() => addresses.of(request(address), new Query())).toThrow(
        'failed to parse peer IP address',
      )
    }
  })

  test('is not mistaken for the Unix socket of a proxy', () => {
    const addresses = new PeerAddress(XFF)
    expect(formatAddress(addresses.of(request('/run/tracker.sock'), new Query()).address)).toBe(
      '8.8.8.8',
    )
    for (const address of [{ address: '::', family: 'IPv6', port: 6969 }, null]) {
      expect(() => addresses.of(request(address), new Query())).toThrow(
        'failed to parse peer IP address',
      )
    }
  })
})

describe('a header of one value', () => {
  test('is trusted from a trusted proxy', async () => {
    const http = { realIpHeader: 'cf-connecting-ip', trustedProxies: ['173.245.48.0/20'] }
    const headers = { 'cf-connecting-ip': '8.8.8.8', 'x-forwarded-for': '9.9.9.9' }
    expect(await seenAs(http, { from: '173.245.48.1', headers })).toBe('8.8.8.8')
    expect(await seenAs(http, { from: '8.8.4.4', headers })).toBe('8.8.4.4')
  })
})

describe('Forwarded', () => {
  const FORWARDED = { realIpHeader: 'Forwarded' }
  const UNKNOWN = 'failed to parse peer IP address'

  test.each([
    ['for=8.8.8.8', '8.8.8.8'],
    ['FOR=8.8.8.8;proto=http;by=203.0.113.43', '8.8.8.8'],
    ['by=_x; For="[2001:db8:cafe::17]:4711"', '2001:db8:cafe::17'],
    ['for="[2001:db8::7]"', '2001:db8::7'],
    ['for="8.8.8.8:4711"', '8.8.8.8'],
    ['for=8.8.8.8:4711', '8.8.8.8'],
    ['for=192.0.2.1, for=198.51.100.7;by=_x', '198.51.100.7'],
    ['for=1.1.1.1, for=8.8.8.8, for=10.0.0.1, for="[fd00::1]:80"', '8.8.8.8'],
    ['for=unknown, for=8.8.8.8, for=10.0.0.1', '8.8.8.8'],
    ['whatever a client writes, for=8.8.8.8', '8.8.8.8'],
    ['for=10.0.0.7, for=10.0.0.1', '10.0.0.7'],
    [', for=8.8.8.8,,', '8.8.8.8'],
    ['for=unknown', UNKNOWN],
    ['for=_hidden', UNKNOWN],
    ['for=8.8.8.8, for=_hidden, for=10.0.0.1', UNKNOWN],
    ['for=8.8.8.8, proto=https', UNKNOWN],
    ['8.8.8.8', UNKNOWN],
    ['for=8.8.8.8;for=9.9.9.9', UNKNOWN],
    ['for="8.8.8.8', UNKNOWN],
    ['', UNKNOWN],
    [',', UNKNOWN],
    ['for=224.0.0.1', 'invalid IP'],
  ])('%j from a trusted proxy means %s', async (header, expected) => {
    expect(await seenAs(FORWARDED, { headers: { forwarded: header } })).toBe(expected)
  })

  test('in another header is a list of addresses', async () => {
    expect(await seenAs(XFF, { headers: { 'x-forwarded-for': 'for=8.8.8.8' } })).toBe(UNKNOWN)
    expect(await seenAs(FORWARDED, { headers: { 'x-forwarded-for': '8.8.8.8' } })).toBe('127.0.0.1')
  })

  test('from an unknown source is ignored', async () => {
    expect(
      await seenAs(FORWARDED, { from: '9.9.9.9', headers: { forwarded: 'for=8.8.8.8' } }),
    ).toBe('9.9.9.9')
  })
})

describe('an unusable address', () => {
  const IMPOSSIBLE = [
    '0.0.0.0',
    '224.0.0.1',
    '239.1.1.1',
    '240.0.0.1',
    '255.255.255.255',
    '169.254.1.1',
  ]
  const IMPOSSIBLE_IPV6 = [
    '::',
    'ff02::1',
    'fe80::1',
    '64:ff9b::10.0.0.1',
    '64:ff9b::224.0.0.1',
    '2002:a00:1::1',
  ]

  test.each([...IMPOSSIBLE, ...IMPOSSIBLE_IPV6])(
    '%s is refused, whoever names it',
    async (text) => {
      const literal = text.includes(':') ? `"[${text}]"` : text
      for (const headers of [
        { 'x-forwarded-for': text },
        { 'x-forwarded-for': `8.8.8.8, ${text}, 10.0.0.1` },
      ]) {
        expect(await seenAs(XFF, { headers })).toBe('invalid IP')
        expect(await seenAs({}, { headers, trustProxy: ['127.0.0.1', '10.0.0.1'] })).toBe(
          'invalid IP',
        )
      }
      expect(await seenAs({ realIpHeader: 'x-real-ip' }, { headers: { 'x-real-ip': text } })).toBe(
        'invalid IP',
      )
      expect(
        await seenAs({ realIpHeader: 'forwarded' }, { headers: { forwarded: `for=${literal}` } }),
      ).toBe('invalid IP')
      expect(await seenAs({ allowIpSpoofing: true }, { query: { ip: text } })).toBe('invalid IP')
    },
  )

  test('is a private one that a proxy of another network names', async () => {
    const http = { ...XFF, trustedProxies: ['9.9.9.9'] }
    for (const text of ['10.0.0.7', 'fd00::7', '100.64.0.1', '127.0.0.1']) {
      const headers = { 'x-forwarded-for': text }
      expect(await seenAs(http, { from: '9.9.9.9', headers })).toBe('invalid IP')
      expect(await seenAs({}, { from: '9.9.9.9', headers, trustProxy: ['9.9.9.9'] })).toBe(
        'invalid IP',
      )
    }
  })

  test('is not the loopback address of a client on the host of its proxy', async () => {
    expect(await seenAs(XFF, { headers: { 'x-forwarded-for': '127.0.0.1' } })).toBe('127.0.0.1')
    expect(
      await seenAs(XFF, { from: '10.0.0.1', headers: { 'x-forwarded-for': '127.0.0.1' } }),
    ).toBe('invalid IP')
  })
})

describe("Fastify's own trustProxy", () => {
  test('decides if no header is configured', async () => {
    const headers = { 'x-forwarded-for': '1.1.1.1, 8.8.8.8' }
    expect(await seenAs({}, { headers, trustProxy: ['127.0.0.1'] })).toBe('8.8.8.8')
    expect(
      await seenAs({}, { headers: { 'x-forwarded-for': 'unknown' }, trustProxy: ['127.0.0.1'] }),
    ).toBe('failed to parse peer IP address')
  })

  test('is ignored if one is configured', async () => {
    const headers = { 'x-forwarded-for': '9.9.9.9', 'x-real-ip': '8.8.8.8' }
    expect(
      await seenAs({ realIpHeader: 'x-real-ip' }, { headers, trustProxy: ['127.0.0.1'] }),
    ).toBe('8.8.8.8')
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
    // Of several claims the usable one counts.
    [{ ip: 'attacker.example', ipv4: '8.8.8.8' }, '8.8.8.8'],
    [{ ip: '127.0.0.1', ipv6: '2606:4700::1' }, '2606:4700::1'],
    [{ ipv4: '224.0.0.1', ipv6: '2606:4700::1' }, '2606:4700::1'],
    [{ ip: '8.8.8.8', ipv4: 'x', ipv6: 'fe80::1' }, '8.8.8.8'],
    [{ ip: '8.8.8.8&ip=attacker.example' }, '8.8.8.8'],
    [{ ip: 'attacker.example&ip=8.8.8.8' }, '8.8.8.8'],
    [{ ip: '8.8.8.8&ip=9.9.9.9' }, '9.9.9.9'],
    [{ ip: '8.8.8.8&ip=' }, '8.8.8.8'],
    [{ ip: '&ip=&ip=', ipv4: '' }, '127.0.0.1'],
    [{ ipv6: '2606:4700::1&ipv6=fe80::1' }, '2606:4700::1'],
    [{ ip: 'x&ip=y', ipv4: 'z', ipv6: '::' }, 'invalid IP'],
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

  test.each([
    '127.0.0.9',
    '10.0.0.1',
    '172.31.0.1',
    '192.168.1.1',
    '::1',
    'fd00::9',
    '::ffff:10.0.0.1',
  ])('is trusted from %s', async (from) => {
    expect(await claim({ ip: '8.8.8.8' }, from)).toBe('8.8.8.8')
  })

  test.each(['203.0.113.9', '2001:db8::9', '172.32.0.1'])(
    'is ignored of %s, however malformed',
    async (from) => {
      expect(await claim({ ip: '8.8.8.8' }, from)).toBe(from)
      expect(await claim({ ip: 'attacker.example' }, from)).toBe(from)
    },
  )

  test('is ignored by default', async () => {
    expect(await claim({ ip: '8.8.8.8', ipv6: '::1' }, '127.0.0.1', false)).toBe('127.0.0.1')
    expect(await seenAs({}, { query: { ip: 'nonsense' } })).toBe('127.0.0.1')
  })

  test('is trusted from listed sources, except a private one from a public source', async () => {
    expect(await claim({ ip: '8.8.8.8' }, '9.9.9.9', ['9.9.9.0/24'])).toBe('8.8.8.8')
    expect(await claim({ ip: '8.8.8.8' }, '127.0.0.1', ['9.9.9.0/24'])).toBe('127.0.0.1')
    expect(await claim({ ip: '10.0.0.1' }, '9.9.9.9', ['9.9.9.0/24'])).toBe('invalid IP')
    expect(await claim({ ip: '64:ff9b::10.0.0.1' }, '9.9.9.9', ['9.9.9.9'])).toBe('invalid IP')
  })

  test('is checked against the client behind the proxy, not the proxy', async () => {
    const http = { ...XFF, allowIpSpoofing: true }
    const query = { ip: '1.1.1.1' }
    expect(await seenAs(http, { query, headers: { 'x-forwarded-for': '8.8.8.8' } })).toBe('8.8.8.8')
    expect(await seenAs(http, { query, headers: { 'x-forwarded-for': '10.0.0.7' } })).toBe(
      '1.1.1.1',
    )
  })

  test('never becomes a peer if spoofing is off', async () => {
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
      hooks: (tracker) =>
        tracker.addHook(
          'preAnnounce',
          (request) => void (seen = [request.address, request.otherAddress]),
        ),
    })
    await app.inject({ url: announceTarget(query), remoteAddress: from })
    return seen.map((address) => address && formatAddress(address))
  }

  test('is of the other family: one that the client names, or its source', async () => {
    expect(await both(LITERALS)).toEqual(['9.9.9.9', '2606:4700::1'])
    expect(await both({ ip: '2606:4700::2', ...LITERALS })).toEqual(['2606:4700::2', '9.9.9.9'])
    expect(await both({ ipv6: '2606:4700::1' }, '10.0.0.1')).toEqual(['2606:4700::1', '10.0.0.1'])
    expect(await both({ ip: '9.9.9.9&ip=2606:4700::1' })).toEqual(['2606:4700::1', '9.9.9.9'])
    expect(await both({ ipv4: '9.9.9.9', ipv6: '2606:4700::1&ipv6=fe80::1' })).toEqual([
      '9.9.9.9',
      '2606:4700::1',
    ])
  })

  test('is missing if the client names none, or may not', async () => {
    expect(await both({ ipv4: '9.9.9.9' })).toEqual(['9.9.9.9', undefined])
    expect(await both({ ipv4: '9.9.9.9', ipv6: 'fe80::1' })).toEqual(['9.9.9.9', undefined])
    expect(await both(LITERALS, '8.8.8.8')).toEqual(['8.8.8.8', undefined])
    expect(await both(LITERALS, '127.0.0.1', false)).toEqual(['127.0.0.1', undefined])
  })
})
