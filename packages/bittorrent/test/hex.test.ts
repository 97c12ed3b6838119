import { fromHex, toHex } from '@chihaya/bittorrent'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

describe('hex', () => {
  test('writes every byte in lower case, with its leading zero', () => {
    expect(toHex('\x00\x09\x0a\xa0\xff')).toBe('00090aa0ff')
    expect(toHex('')).toBe('')
  })

  test('reads either case', () => {
    expect(fromHex('00fFaA')).toBe('\x00\xff\xaa')
  })

  test.each(['0', 'abc', 'gg', '0x', ' 0', '0\n', '-1', '\u{ff10}\u{ff11}'])(
    'refuses %j',
    (text) => {
      expect(fromHex(text)).toBeUndefined()
    },
  )

  test('reads its own output', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 8192 }), (bytes) => {
        const hex = Buffer.from(bytes).toString('hex')
        expect(toHex(fromHex(hex) as string)).toBe(hex)
      }),
    )
  })

  test('agrees with a pattern on any text of up to 16 KiB', () => {
    const digits = fc.constantFrom(...'0123456789abcdefABCDEFgG xX\n'.split(''))
    fc.assert(
      fc.property(fc.string({ unit: digits, maxLength: 16_384 }), (text) => {
        expect(fromHex(text) !== undefined).toBe(/^([0-9a-fA-F]{2})*$/.test(text))
      }),
    )
  })
})
