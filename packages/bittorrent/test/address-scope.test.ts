import { addressScope, parseAddress, type Address, type AddressScope } from '@chihaya/bittorrent'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

/** First and last address of a block, with the addresses right outside it. */
const IPV4_BLOCKS: Array<
  [scope: AddressScope, before: string, first: string, last: string, after: string]
> = [
  ['private', '9.255.255.255', '10.0.0.0', '10.255.255.255', '11.0.0.0'],
  ['private', '100.63.255.255', '100.64.0.0', '100.127.255.255', '100.128.0.0'],
  ['private', '172.15.255.255', '172.16.0.0', '172.31.255.255', '172.32.0.0'],
  ['private', '192.167.255.255', '192.168.0.0', '192.168.255.255', '192.169.0.0'],
  ['unusable', '1.0.0.0', '0.0.0.0', '0.255.255.255', '1.0.0.0'],
  ['unusable', '126.255.255.255', '127.0.0.0', '127.255.255.255', '128.0.0.0'],
  ['unusable', '169.253.255.255', '169.254.0.0', '169.254.255.255', '169.255.0.0'],
  ['unusable', '191.255.255.255', '192.0.0.0', '192.0.0.255', '192.0.1.0'],
  ['unusable', '192.0.1.255', '192.0.2.0', '192.0.2.255', '192.0.3.0'],
  ['unusable', '198.17.255.255', '198.18.0.0', '198.19.255.255', '198.20.0.0'],
  ['unusable', '198.51.99.255', '198.51.100.0', '198.51.100.255', '198.51.101.0'],
  ['unusable', '203.0.112.255', '203.0.113.0', '203.0.113.255', '203.0.114.0'],
  ['unusable', '223.255.255.255', '224.0.0.0', '255.255.255.255', '223.255.255.255'],
]

const IPV6: Array<[scope: AddressScope, text: string]> = [
  ['unusable', '::'],
  ['unusable', '::1'],
  ['unusable', '::192.0.2.7'],
  ['unusable', '::8.8.8.8'],
  ['unusable', '100::1'],
  ['unusable', '1fff:ffff::1'],
  ['public', '2000::1'],
  ['public', '2001::1'],
  ['public', '2001:db7::1'],
  ['unusable', '2001:db8::7'],
  ['unusable', '2001:db8:ffff:ffff::7'],
  ['public', '2001:db9::1'],
  ['unusable', '2001:2::1'],
  ['public', '2001:2:1::1'],
  ['public', '2606:4700::1111'],
  ['public', '3ffe:ffff::1'],
  ['unusable', '3fff::1'],
  ['unusable', '3fff:fff::1'],
  ['public', '3fff:1000::1'],
  ['unusable', '4000::1'],
  ['unusable', 'fbff::1'],
  ['private', 'fc00::1'],
  ['private', 'fdff:ffff::1'],
  ['unusable', 'fe00::1'],
  ['unusable', 'fe80::1'],
  ['unusable', 'febf:ffff::1'],
  ['private', 'fec0::1'],
  ['private', 'feff::1'],
  ['unusable', 'ff02::1'],
  ['unusable', 'ffff::1'],
  // NAT64 (RFC 6052): the scope of the wrapped address.
  ['public', '64:ff9b::8.8.8.8'],
  ['private', '64:ff9b::10.0.0.1'],
  ['private', '64:ff9b::100.64.0.1'],
  ['unusable', '64:ff9b::127.0.0.1'],
  ['unusable', '64:ff9b::224.0.0.1'],
  ['unusable', '64:ff9b::2:808:808'],
  ['unusable', '64:ff9b:0:1::808:808'],
  ['private', '64:ff9b:1::8.8.8.8'],
  ['unusable', '64:ff9c::8.8.8.8'],
  // 6to4 (RFC 3056) likewise.
  ['public', '2002:808:808::1'],
  ['private', '2002:c0a8:101::1'],
  ['unusable', '2002:7f00:1::1'],
  ['unusable', '2002:e000:1::1'],
]

function scope(text: string): AddressScope {
  return addressScope(parseAddress(text) as Address)
}

describe('the scope of an address', () => {
  test.each(IPV4_BLOCKS)(
    'is %s between %s and %s to %s and %s',
    (inside, before, first, last, after) => {
      expect([before, first, last, after].map(scope)).toEqual(['public', inside, inside, 'public'])
    },
  )

  test.each(IPV6)('is %s for %s', (expected, text) => {
    expect(scope(text)).toBe(expected)
  })

  test('is unusable for a mapped address that was not unmapped', () => {
    expect(addressScope(Buffer.from('00000000000000000000ffff08080808', 'hex'))).toBe('unusable')
  })

  test('is that of the wrapped address', () => {
    fc.assert(
      fc.property(fc.ipV4(), (text) => {
        const [a = 0, b = 0, c = 0, d = 0] = text.split('.').map(Number)
        const sixToFour = `2002:${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}::1`
        expect([scope(`64:ff9b::${text}`), scope(sixToFour)]).toEqual([scope(text), scope(text)])
      }),
    )
  })

  test('is read in the middle of other bytes', () => {
    const bytes = Buffer.from('ffff0a000001ffff20010db8000000000000000000000007ffff', 'hex')
    expect([addressScope(bytes, 2, 4), addressScope(bytes, 8, 16)]).toEqual(['private', 'unusable'])
  })
})
