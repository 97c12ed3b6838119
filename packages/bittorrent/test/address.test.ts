import { isIP } from 'node:net'
import {
  addressFamily,
  formatAddress,
  parseAddress,
  unmap,
  type Address,
} from '@chihaya/bittorrent'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

function hex(address: Address | undefined): string | undefined {
  return address && Buffer.from(address).toString('hex')
}

describe('parseAddress', () => {
  test.each([
    ['0.0.0.0', '00000000'],
    ['255.255.255.255', 'ffffffff'],
    ['198.51.100.9', 'c6336409'],
    ['::', '00000000000000000000000000000000'],
    ['::1', '00000000000000000000000000000001'],
    ['1::', '00010000000000000000000000000000'],
    ['2001:DB8::A', '20010db800000000000000000000000a'],
    ['2001:0db8:0000:0000:0000:0000:0000:000a', '20010db800000000000000000000000a'],
    ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
    ['1:2:3:4:5:6:7::', '00010002000300040005000600070000'],
    ['::2:3:4:5:6:7:8', '00000002000300040005000600070008'],
    ['1:2::7:8', '00010002000000000000000000070008'],
    ['64:ff9b::192.0.2.33', '0064ff9b0000000000000000c0000221'],
    ['1:2:3:4:5:6:1.2.3.4', '00010002000300040005000601020304'],
    ['::1.2.3.4', '00000000000000000000000001020304'],
  ])('reads %s', (text, bytes) => {
    expect(hex(parseAddress(text))).toBe(bytes)
    expect(isIP(text)).not.toBe(0)
  })

  test.each([
    '::ffff:1.2.3.4',
    '::FFFF:102:304',
    '0:0:0:0:0:ffff:1.2.3.4',
    '0000:0000:0000:0000:0000:ffff:1.2.3.4',
  ])('reads %s as IPv4', (text) => {
    expect(hex(parseAddress(text))).toBe('01020304')
  })

  // Forms that one parser or another has taken for an address, often for another one than the next
  // parser.
  const odd = [
    '127.1 1.2.3 1.2.3.4.5 1.2.3.4. .1.2.3.4 1..2.3 1.2.3.256 1.2.3.1234 1.2.3.-4 1.2.3.+4 1.2.3.4e0 1,2,3,4 1.2.3.4/8',
    '0x7f.0.0.1 0x7f.1 0x7f000001 2130706433 017700000001 0177.0.0.1 01.2.3.4 1.2.3.00 1.2.3.4:80 1.2.3.4%eth0 \uff11.2.3.4',
    '. ... : ::: :::: :1 1: 1:2:3:4:5:6:7 1:2:3:4:5:6:7:8:9 1:2:3:4:5:6:7:8:: 1::2::3 ::1:: :1::2 1::2: 12345:: ::g ::0x1 ::-1',
    '1:2:3:4:5:6:7:1.2.3.4 1.2.3.4:: ::1.2.3 ::1.2.3.04 ::1.2.3.4:5 ::ffff:1.2.3.256 ::ffff:127.1 1:2:3:4:5:6:7:8.9',
    '[::1] [::1]:80 ::1/64 fe80::1%eth0 fe80::1% ::1%1 localhost attacker.example example.com:80 unknown',
    '00000000000000000000:0000:0000:0000:0000:ffff:1.2.3.4',
  ].flatMap((line) => line.split(' '))
  test.each([
    ...odd,
    '',
    ' 1.2.3.4',
    '1.2.3.4 ',
    '1.2.3.4\n',
    '1.2.3.4\0',
    ...['1', ':', '.', '0:'].map((unit) => unit.repeat(8192)),
  ])('refuses %j', (text) => {
    expect(parseAddress(text)).toBeUndefined()
  })

  test('agrees with node:net on anything that looks like an address', () => {
    const units = fc.constantFrom(...'0123456789abcdefABCDEFgx.:. :'.split(''))
    fc.assert(
      fc.property(fc.string({ unit: units, maxLength: 50 }), (text) => {
        expect(parseAddress(text) !== undefined).toBe(isIP(text) !== 0)
      }),
      { numRuns: 2000 },
    )
  })

  test('agrees with node:net on addresses with one character put in, taken out or changed', () => {
    const units = fc.constantFrom('', ...'019afAF.:gx '.split(''), '::', '00')
    fc.assert(
      fc.property(
        fc.oneof(fc.ipV4(), fc.ipV6()),
        units,
        fc.nat(45),
        fc.nat(2),
        (text, unit, at, removed) => {
          const changed = text.slice(0, at) + unit + text.slice(at + removed)
          expect(parseAddress(changed) !== undefined).toBe(isIP(changed) !== 0)
        },
      ),
      { numRuns: 5000 },
    )
  })

  test('refuses long texts', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom(...'0123456789abcdef.:'.split('')),
          minLength: 46,
          maxLength: 16_384,
        }),
        (text) => {
          expect(parseAddress(text)).toBeUndefined()
        },
      ),
    )
  })
})

describe('formatAddress', () => {
  // RFC 5952, section 4.
  test.each([
    ['2001:0db8::0001', '2001:db8::1'],
    ['2001:db8:0:0:0:0:2:1', '2001:db8::2:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:DB8::ABCD', '2001:db8::abcd'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['1:0:0:0:0:0:0:0', '1::'],
    ['0:0:1:1:1:1:0:0', '::1:1:1:1:0:0'],
    ['192.0.2.7', '192.0.2.7'],
  ])('writes %s as %s', (text, canonical) => {
    expect(formatAddress(parseAddress(text) as Address)).toBe(canonical)
  })

  const groups = fc.array(fc.oneof(fc.constant(0), fc.nat(0xff_ff)), { minLength: 8, maxLength: 8 })
  const ipv6 = groups.map((parts) =>
    Uint8Array.from(parts.flatMap((part) => [part >> 8, part & 0xff])),
  )
  const ipv4 = fc.uint8Array({ minLength: 4, maxLength: 4 })

  test('agrees with URL', () => {
    fc.assert(
      fc.property(ipv6, (address) => {
        const long = Buffer.from(address).toString('hex').match(/.{4}/g)?.join(':')
        expect(`[${formatAddress(address)}]`).toBe(new URL(`http://[${long}]`).hostname)
      }),
    )
    fc.assert(
      fc.property(ipv4, (address) => {
        expect(formatAddress(address)).toBe(new URL(`http://${address.join('.')}`).hostname)
      }),
    )
  })

  test('is reversed by parseAddress', () => {
    fc.assert(
      fc.property(fc.oneof(ipv4, ipv6), (address) => {
        expect(hex(parseAddress(formatAddress(address)))).toBe(hex(unmap(address)))
      }),
    )
  })
})

describe('an address', () => {
  test('has a family by its length', () => {
    expect([addressFamily(new Uint8Array(4)), addressFamily(new Uint8Array(16))]).toEqual([
      'ipv4',
      'ipv6',
    ])
  })

  test('is unmapped only when it is mapped', () => {
    const mapped = Buffer.from('00000000000000000000ffffc0000207', 'hex')
    expect(hex(unmap(mapped))).toBe('c0000207')
    expect(hex(unmap(Buffer.from('c0000207', 'hex')))).toBe('c0000207')
    for (const other of [
      '000000000000000000000000c0000207',
      '01000000000000000000ffffc0000207',
      '00000000000000000000fffec0000207',
    ])
      expect(hex(unmap(Buffer.from(other, 'hex')))).toBe(other)
  })
})
