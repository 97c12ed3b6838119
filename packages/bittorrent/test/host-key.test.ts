import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hostKey, hostPrefix, parseAddress, type Address } from '../src/index.ts'

function key(text: string): string {
  return hostKey(parseAddress(text) as Address)
}

describe('the key of a host', () => {
  test('is that of an IPv4 address', () => {
    expect(key('192.0.2.1')).toBe(key('::ffff:192.0.2.1'))
    expect(key('192.0.2.1')).not.toBe(key('192.0.2.2'))
  })

  test('is that of an IPv6 /64', () => {
    expect(key('2001:db8::1')).toBe(key('2001:db8::ffff:ffff:ffff:ffff'))
    expect(key('2001:db8::1')).not.toBe(key('2001:db8:0:1::1'))
  })

  test('differs between the families', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 4, maxLength: 4 }),
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
        (ipv4, ipv6) => {
          expect([hostPrefix(ipv4), hostPrefix(ipv6)]).toEqual([4, 8])
          expect(hostKey(ipv4)).not.toBe(hostKey(ipv6))
        },
      ),
    )
  })
})
