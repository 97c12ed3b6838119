import { BlockList } from 'node:net'
import {
  formatAddress,
  LOCAL_NETWORKS,
  Networks,
  parseAddress,
  type Address,
} from '@chihaya/bittorrent'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

function address(text: string): Address {
  return parseAddress(text) ?? expect.fail(`${text} is no address`)
}

describe('a set of networks', () => {
  test.each([
    ['192.0.2.7', '192.0.2.7', true],
    ['192.0.2.7', '192.0.2.8', false],
    ['192.0.2.7', '::ffff:192.0.2.7', true],
    ['192.0.2.7/31', '192.0.2.6', true],
    ['192.0.2.7/31', '192.0.2.8', false],
    ['10.0.0.0/8', '10.255.255.255', true],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['0.0.0.0/0', '8.8.8.8', true],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['::/0', '2001:db8::1', true],
    ['::/0', '8.8.8.8', false],
    ['fc00::/7', 'fdff::1', true],
    ['fc00::/7', 'fe00::1', false],
    ['::ffff:10.0.0.0/104', '10.1.2.3', true],
    ['::ffff:10.0.0.0/104', '11.1.2.3', false],
    ['::ffff:10.0.0.1', '10.0.0.1', true],
  ])('%s, asked for %s, says %s', (range, asked, expected) => {
    expect(new Networks([range]).has(address(asked))).toBe(expected)
  })

  test.each([
    '',
    'localhost',
    '10.0.0',
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/',
    '10.0.0.0/-1',
    '10.0.0.0/8.0',
    '10.0.0.0/08',
    '::ffff:10.0.0.0/95',
    '10.0.0.0/8/8',
    ' 10.0.0.1',
  ])('refuses %j', (text) => expect(() => new Networks([text])).toThrow(RangeError))

  test('agrees with the block list of Node', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
    )
    // Unmapped, as callers have it.
    const addresses = bytes.map((raw) => parseAddress(formatAddress(raw)) as Address)
    fc.assert(
      fc.property(addresses, addresses, fc.nat(128), fc.nat(128), (base, other, prefix, shared) => {
        const bits = Math.min(prefix, base.length * 8)
        const blocks = new BlockList()
        blocks.addSubnet(formatAddress(base), bits, base.length === 4 ? 'ipv4' : 'ipv6')
        const networks = new Networks([`${formatAddress(base)}/${bits}`])
        for (const asked of [other, withPrefix(base, other, shared)]) {
          const family = asked.length === 4 ? 'ipv4' : 'ipv6'
          expect(networks.has(asked)).toBe(
            asked.length === base.length && blocks.check(formatAddress(asked), family),
          )
        }
      }),
    )
  })

  test('trusts loopback and private addresses by default', () => {
    const networks = new Networks(LOCAL_NETWORKS)
    for (const text of ['127.0.0.1', '::1', '10.0.0.1', '172.16.0.1', '192.168.0.1', 'fd00::1']) {
      expect(networks.has(address(text))).toBe(true)
    }
    for (const text of ['8.8.8.8', '172.32.0.1', '100.64.0.1', '::2', 'fe80::1'])
      expect(networks.has(address(text))).toBe(false)
  })
})

/** `other` with the first bits of `base`, so that neighbours are asked for too. */
function withPrefix(base: Address, other: Address, bits: number): Address {
  if (base.length !== other.length) return other
  return other.map((byte, index) => {
    const own = Math.min(8, Math.max(0, bits - index * 8))
    const mask = (0xff00 >> own) & 0xff
    return ((base[index] ?? 0) & mask) | (byte & ~mask)
  })
}
