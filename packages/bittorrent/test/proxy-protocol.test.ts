import {
  formatAddress,
  parseAddress,
  parseProxyHeader,
  parseProxyHeaderV2,
  type Address,
} from '@chihaya/bittorrent'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')

/** A header of version 2 by its bytes behind the signature. */
function v2(command: number, family: number, rest: Uint8Array, length = rest.length): Buffer {
  return Buffer.concat([SIGNATURE, Buffer.of(command, family, length >> 8, length & 0xff), rest])
}

function addresses(source: string, destination: string, port: number): Buffer {
  const ports = Buffer.of(port >> 8, port & 0xff, 0x1b, 0x39)
  return Buffer.concat([bytesOf(source), bytesOf(destination), ports])
}

function bytesOf(text: string): Address {
  const address = parseAddress(text)
  if (!address) throw new Error(`no address: ${text}`)
  return address
}

/** The result in words. */
function read(bytes: Uint8Array, start = 0, end = bytes.length): string {
  const header = parseProxyHeader(bytes, start, end)
  if (typeof header === 'string') return header
  const { length, source } = header
  return source ? `${length}: ${formatAddress(source.address)} ${source.port}` : `${length}: proxy`
}

const IPV4 = addresses('192.0.2.1', '198.51.100.1', 6881)
const IPV6 = addresses('2001:db8::1', '2001:db8::2', 6881)
const MAPPED = Buffer.concat([
  Buffer.from('00000000000000000000ffffc0000201', 'hex'),
  Buffer.alloc(16),
  Buffer.of(0x1a, 0xe1, 0, 80),
])
const TLVS = Buffer.from('03000411223344ea000568656c6c6f', 'hex')
const UNIX = Buffer.alloc(216, 'x')

describe('a PROXY header of version 2', () => {
  test.each<[what: string, bytes: Buffer, result: string]>([
    ['TCP over IPv4', v2(0x21, 0x11, IPV4), '28: 192.0.2.1 6881'],
    ['UDP over IPv4', v2(0x21, 0x12, IPV4), '28: 192.0.2.1 6881'],
    ['TCP over IPv6', v2(0x21, 0x21, IPV6), '52: 2001:db8::1 6881'],
    ['UDP over IPv6', v2(0x21, 0x22, IPV6), '52: 2001:db8::1 6881'],
    ['an IPv4 client in mapped form', v2(0x21, 0x22, MAPPED), '52: 192.0.2.1 6881'],
    [
      'TLVs behind the addresses',
      v2(0x21, 0x12, Buffer.concat([IPV4, TLVS])),
      '43: 192.0.2.1 6881',
    ],
    [
      'a TLV longer than the header says',
      v2(0x21, 0x12, Buffer.concat([IPV4, Buffer.of(4, 0xff, 0xff)])),
      '31: 192.0.2.1 6881',
    ],
    ['LOCAL', v2(0x20, 0x00, Buffer.alloc(0)), '16: proxy'],
    ['LOCAL with addresses', v2(0x20, 0x12, IPV4), '28: proxy'],
    ['LOCAL with a family that there is not', v2(0x20, 0xff, Buffer.of(1, 2)), '18: proxy'],
    ['UNSPEC', v2(0x21, 0x00, Buffer.alloc(0)), '16: proxy'],
    ['UNSPEC with something behind it', v2(0x21, 0x00, TLVS), '31: proxy'],
    ['UNIX', v2(0x21, 0x31, UNIX), '232: proxy'],
    ['UNIX datagrams', v2(0x21, 0x32, UNIX), '232: proxy'],
  ])('names the client for %s', (_what, bytes, result) => {
    expect(read(bytes)).toBe(result)
    expect(read(Buffer.concat([bytes, Buffer.from('GET / HTTP/1.1')]))).toBe(result)
  })

  test.each<[what: string, bytes: Buffer]>([
    ['version 1 in binary form', v2(0x11, 0x12, IPV4)],
    ['version 3', v2(0x31, 0x12, IPV4)],
    ['an unknown command', v2(0x22, 0x12, IPV4)],
    ['an unknown family', v2(0x21, 0x42, IPV4)],
    ['an unknown transport', v2(0x21, 0x13, IPV4)],
    ['a family without a transport', v2(0x21, 0x10, IPV4)],
    ['too few bytes for two IPv4 addresses', v2(0x21, 0x12, IPV4.subarray(0, 11))],
    ['too few bytes for two IPv6 addresses', v2(0x21, 0x22, IPV4)],
    ['too few bytes for two paths', v2(0x21, 0x31, UNIX.subarray(1))],
  ])('is invalid with %s', (_what, bytes) => {
    expect(read(bytes)).toBe('invalid')
  })

  test.each([v2(0x21, 0x12, IPV4), v2(0x21, 0x22, IPV6), v2(0x20, 0, TLVS)])(
    'is incomplete until its last byte',
    (bytes) => {
      for (let end = 0; end < bytes.length; end++) expect(read(bytes, 0, end)).toBe('incomplete')
    },
  )

  test('is read where it begins', () => {
    const bytes = Buffer.concat([Buffer.from('xxx'), v2(0x21, 0x12, IPV4), Buffer.from('xxx')])
    expect(read(bytes, 3)).toBe('28: 192.0.2.1 6881')
    expect(read(bytes, 3, 31)).toBe('28: 192.0.2.1 6881')
    expect(read(bytes, 3, 30)).toBe('incomplete')
    expect(read(bytes, 0)).toBe('none')
  })

  test('keeps its own copy of the address', () => {
    const bytes = v2(0x21, 0x12, IPV4)
    const header = parseProxyHeaderV2(bytes, 0, bytes.length)
    bytes.fill(0)
    expect(header).toEqual({
      length: 28,
      source: { address: Uint8Array.of(192, 0, 2, 1), port: 6881 },
    })
  })
})

describe('a PROXY header of version 1', () => {
  test.each([
    ['PROXY TCP4 192.0.2.1 198.51.100.1 6881 6969\r\n', '45: 192.0.2.1 6881'],
    ['PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n', '56: 255.255.255.255 65535'],
    ['PROXY TCP6 2001:db8::1 2001:db8::2 6881 80\r\n', '44: 2001:db8::1 6881'],
    ['PROXY TCP6 ::ffff:192.0.2.1 ::1 1 80\r\n', '38: 192.0.2.1 1'],
    ['PROXY TCP4 192.0.2.1 198.51.100.1 0 0\r\n', '39: 192.0.2.1 0'],
    ['PROXY UNKNOWN\r\n', '15: proxy'],
    ['PROXY UNKNOWN ffff:: x 1 2 3 4 5\r\n', '34: proxy'],
    [`PROXY UNKNOWN ${'x'.repeat(91)}\r\n`, '107: proxy'],
  ])('names the client: %j', (line, result) => {
    expect(read(Buffer.from(line))).toBe(result)
    expect(read(Buffer.from(`${line}GET / HTTP/1.1\r\n`))).toBe(result)
    for (let end = 0; end < line.length; end++)
      expect(read(Buffer.from(line), 0, end)).toBe('incomplete')
  })

  test.each([
    'PROXY UDP4 192.0.2.1 198.51.100.1 6881 6969\r\n',
    'PROXY TCP4 192.0.2.1 198.51.100.1 6881\r\n',
    'PROXY TCP4 192.0.2.1 198.51.100.1 6881 6969 1\r\n',
    'PROXY TCP4  192.0.2.1 198.51.100.1 6881 6969\r\n',
    'PROXY TCP4 2001:db8::1 2001:db8::2 6881 6969\r\n',
    'PROXY TCP6 192.0.2.1 198.51.100.1 6881 6969\r\n',
    'PROXY TCP4 192.0.2.01 198.51.100.1 6881 6969\r\n',
    'PROXY TCP4 192.0.2.1 host 6881 6969\r\n',
    'PROXY TCP4 192.0.2.1 198.51.100.1 06881 6969\r\n',
    'PROXY TCP4 192.0.2.1 198.51.100.1 65536 6969\r\n',
    'PROXY TCP4 192.0.2.1 198.51.100.1 6881 -1\r\n',
    'PROXY TCP4 192.0.2.1 198.51.100.1 6881 6969\rx',
    'PROXY \r\n',
    `PROXY UNKNOWN ${'x'.repeat(92)}\r\n`,
    'x'.repeat(107).replace('xxxxxx', 'PROXY '),
  ])('is invalid: %j', (line) => {
    expect(read(Buffer.from(line))).toBe('invalid')
  })

  test('is not a header of version 2', () => {
    const line = Buffer.from('PROXY UNKNOWN\r\n')
    expect(parseProxyHeaderV2(line, 0, line.length)).toBe('none')
  })
})

describe('invalid PROXY headers', () => {
  test.each([
    'GET / HTTP/1.1\r\n',
    'PUT / HTTP/1.1\r\n',
    'PROXYX',
    'proxy UNKNOWN\r\n',
    '\r\nGET',
    '\0\0\x04\x17\x27\x10\x19\x80',
  ])('is none: %j', (text) => {
    expect(read(Buffer.from(text, 'latin1'))).toBe('none')
  })
})

describe('arbitrary bytes', () => {
  const prefix = fc.constantFrom(
    '',
    'PROXY ',
    'PROXY TCP4 ',
    'PROXY UNKNOWN',
    SIGNATURE.toString('latin1'),
    `${SIGNATURE.toString('latin1')}!\x12`,
  )
  const unit = fc.oneof(fc.constantFrom(0, 10, 13, 32, 46, 49, 58), fc.nat(255))

  test('are read without a fault, and never beyond their end', () => {
    fc.assert(
      fc.property(prefix, fc.array(unit, { maxLength: 300 }), fc.nat(4), (begin, rest, start) => {
        const bytes = Buffer.concat([
          Buffer.alloc(start),
          Buffer.from(begin, 'latin1'),
          Buffer.from(rest),
        ])
        const header = parseProxyHeader(bytes, start, bytes.length)
        if (typeof header === 'string') return
        expect(header.length).toBeLessThanOrEqual(bytes.length - start)
        // One byte less is incomplete, and bytes after the header are not read.
        expect(parseProxyHeader(bytes, start, start + header.length - 1)).toBe('incomplete')
        expect(parseProxyHeader(bytes, start, start + header.length)).toEqual(header)
        if (header.source) expect([4, 16]).toContain(header.source.address.length)
      }),
    )
  })

  test('name every client that a proxy can write', () => {
    const address = fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
    )
    fc.assert(
      fc.property(
        address,
        fc.nat(65_535),
        fc.boolean(),
        fc.uint8Array({ maxLength: 40 }),
        (source, port, udp, tlvs) => {
          const rest = Buffer.concat([
            source,
            source,
            Buffer.of(port >> 8, port & 0xff, 0, 80),
            tlvs,
          ])
          const bytes = v2(0x21, (source.length === 4 ? 0x10 : 0x20) | (udp ? 2 : 1), rest)
          const text = formatAddress(source)
          const client = formatAddress(bytesOf(text))
          expect(read(bytes)).toBe(`${bytes.length}: ${client} ${port}`)
          const line = `PROXY ${source.length === 4 ? 'TCP4' : 'TCP6'} ${text} ${text} ${port} 80\r\n`
          expect(read(Buffer.from(line))).toBe(`${line.length}: ${client} ${port}`)
        },
      ),
    )
  })
})
