import { parseInteger, parseUint64 } from '@chihaya/bittorrent'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

/** Never an integer, signed or not. */
const MALFORMED = [
  ...'+1 --1 - -+1 1- 1.0 1. .1 1e3 0x1f 0b1 1_000 1,0 abc 6881abc NaN Infinity \xb2 \u0661 \uff11'.split(
    ' ',
  ),
  '',
  ' ',
  ' 1',
  '1 ',
  '1\n',
  '\t1',
  '\0',
  '1\0',
  '1'.repeat(21),
  '1'.repeat(16_384),
]

describe('parseUint64', () => {
  test.each([
    ['0', 0n],
    ['00', 0n],
    ['007', 7n],
    ['16384', 16_384n],
    ['9007199254740993', 9_007_199_254_740_993n],
    ['9223372036854775807', 2n ** 63n - 1n],
    ['18446744073709551615', 2n ** 64n - 1n],
    ['00000000000000000001', 1n],
  ])('reads %s exactly', (text, value) => {
    expect(parseUint64(text)).toBe(value)
  })

  test.each([
    ...MALFORMED,
    '-1',
    '-0',
    '18446744073709551616',
    '99999999999999999999',
    '0'.repeat(21),
  ])('refuses %j', (text) => {
    expect(parseUint64(text)).toBeUndefined()
  })

  test('agrees with a pattern on any text', () => {
    const units = fc.constantFrom(...'0123456789-+.e \0'.split(''))
    fc.assert(
      fc.property(fc.string({ unit: units, maxLength: 24 }), (text) => {
        const value = /^[0-9]{1,20}$/.test(text) ? BigInt(text) : -1n
        expect(parseUint64(text)).toBe(value >= 0n && value < 2n ** 64n ? value : undefined)
      }),
    )
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value) => {
        expect(parseUint64(String(value))).toBe(value)
      }),
    )
  })
})

describe('parseInteger', () => {
  test.each([
    ['0', 0],
    ['-0', 0],
    ['-1', -1],
    ['007', 7],
    ['6881', 6881],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
    ['9007199254740993', Number.MAX_SAFE_INTEGER],
    ['99999999999999999999', Number.MAX_SAFE_INTEGER],
    ['-99999999999999999999', -Number.MAX_SAFE_INTEGER],
  ])('reads %s', (text, value) => {
    expect(parseInteger(text)).toBe(value)
  })

  test.each([...MALFORMED, '- 1', '-1'.repeat(8192)])('refuses %j', (text) => {
    expect(parseInteger(text)).toBeUndefined()
  })

  test('reads every safe integer', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        expect(parseInteger(String(value))).toBe(value)
      }),
    )
  })
})
