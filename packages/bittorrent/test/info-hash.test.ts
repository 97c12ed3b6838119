import { infoHashFrom, infoHashFromHex, readInfoHash, toHex } from '@chihaya/bittorrent'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

const BYTES = '\xa2\xa1U7T+"\x92Z\xd1\x04\x86\xbfz\x8b*\x9cB\xf0\xd1'
const HEX = 'a2a15537542b22925ad10486bf7a8b2a9c42f0d1'

describe('an infohash', () => {
  test('is any 20 bytes', () => {
    expect(infoHashFrom(BYTES)).toBe(BYTES)
    expect(infoHashFrom('\0'.repeat(20))).toBe('\0'.repeat(20))
  })

  test.each(['', BYTES.slice(1), `${BYTES}x`, HEX, '\u0100'.padEnd(20, 'x'), 'x'.repeat(32)])(
    'is not %j',
    (text) => {
      expect(infoHashFrom(text)).toBeUndefined()
    },
  )

  test('is read from hex of either case', () => {
    expect(infoHashFromHex(HEX)).toBe(BYTES)
    expect(infoHashFromHex(HEX.toUpperCase())).toBe(BYTES)
  })

  test('is the first 20 bytes of a v2 infohash', () => {
    expect(infoHashFromHex(HEX + 'f'.repeat(24))).toBe(BYTES)
  })

  test.each([
    '',
    HEX.slice(2),
    `${HEX}ff`,
    HEX.replace('a', 'g'),
    HEX + 'f'.repeat(23),
    HEX + 'z'.repeat(24),
  ])('is not read from the hex %j', (hex) => {
    expect(infoHashFromHex(hex)).toBeUndefined()
  })

  test('is read from a packet', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 20, maxLength: 20 }), fc.nat(100), (bytes, at) => {
        const packet = Buffer.alloc(200, 'x')
        packet.set(bytes, at)
        expect(toHex(readInfoHash(packet, at))).toBe(Buffer.from(bytes).toString('hex'))
      }),
    )
  })
})
