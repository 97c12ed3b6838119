import { formatAddress, parseAddressLiteral, parseSource } from '@chihaya/bittorrent'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

describe('an address literal', () => {
  test.each([
    ['192.0.2.7', '192.0.2.7'],
    ['192.0.2.7:0', '192.0.2.7'],
    ['192.0.2.7:65535', '192.0.2.7'],
    ['2001:db8::7', '2001:db8::7'],
    ['[2001:db8::7]', '2001:db8::7'],
    ['[2001:db8::7]:80', '2001:db8::7'],
    ['::', '::'],
    ['192.0.2.7:', undefined],
    ['192.0.2.7:65536', undefined],
    ['192.0.2.7:-1', undefined],
    ['192.0.2.7:80:', undefined],
    ['[192.0.2.7]', undefined],
    ['[2001:db8::7', undefined],
    ['[2001:db8::7]80', undefined],
    ['[2001:db8::7]:', undefined],
    ['[]', undefined],
    [':80', undefined],
    ['[fe80::1%eth0]', undefined],
  ])('%j reads as %s', (text, expected) => {
    const parsed = parseAddressLiteral(text)
    expect(parsed && formatAddress(parsed)).toBe(expected)
  })

  test('may be any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 16_384 }), (text) => {
        const parsed = parseAddressLiteral(text)
        expect(parsed === undefined || parsed.length === 4 || parsed.length === 16).toBe(true)
      }),
    )
  })
})

describe('the source of a socket', () => {
  test.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['fe80::1%eth0', 'fe80::1'],
    ['fe80::1%', 'fe80::1'],
    ['', undefined],
    ['%eth0', undefined],
    ['/run/tracker.sock', undefined],
  ])('%j reads as %s', (text, expected) => {
    const parsed = parseSource(text)
    expect(parsed && formatAddress(parsed)).toBe(expected)
  })
})
