import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { clientKey } from '@chihaya/bittorrent'

describe('the key of a client', () => {
  test.each([
    ['1A2B3C4D', 0x1a2b3c4d],
    ['deadbeef', 0xdeadbeef],
    ['FFFFFFFF', 0xffffffff],
    ['', 0],
  ])('%j is %d', (text, key) => {
    expect(clientKey(text)).toBe(key)
  })

  test('is a stable unsigned 32-bit number for any other text', () => {
    const bytes = fc.string({
      unit: fc.integer({ min: 0, max: 255 }).map((byte) => String.fromCharCode(byte)),
    })
    fc.assert(
      fc.property(bytes, (text) => {
        const key = clientKey(text)
        expect(key).toBe(clientKey(text))
        expect(key >>> 0).toBe(key)
      }),
    )
  })

  test('distinguishes signed decimals and raw bytes', () => {
    expect(
      new Set(['-1', '1', '-2147483648', '\xff\x00\x80\x01\x02\x03\x04\x05'].map(clientKey)).size,
    ).toBe(4)
  })
})
