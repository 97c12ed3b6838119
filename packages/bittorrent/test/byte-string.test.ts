import { byteString, isByteString, writeByteString } from '@chihaya/bittorrent'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

describe('byte strings', () => {
  test('hold every byte as one unit', () => {
    const all = Uint8Array.from({ length: 256 }, (_, byte) => byte)
    expect(
      byteString(all)
        .split('')
        .map((unit) => unit.charCodeAt(0)),
    ).toEqual([...all])
  })

  test('are read from a range, of a Buffer or a plain Uint8Array', () => {
    expect(byteString(Buffer.from('abcdef'), 2, 5)).toBe('cde')
    expect(byteString(new Uint8Array([97, 98, 99]), 1)).toBe('bc')
    expect(byteString(new Uint8Array([97, 98, 99]), 3)).toBe('')
    expect(byteString(new Uint8Array([97, 98, 99, 100]).subarray(1, 3))).toBe('bc')
  })

  test('are written at an offset', () => {
    const target = new Uint8Array(6)
    writeByteString('\x00\xff\x80', target, 2)
    expect([...target]).toEqual([0, 0, 0, 255, 128, 0])
  })

  test('are distinguished from other strings', () => {
    expect(['', 'abc', '\x00\xff'].map(isByteString)).toEqual([true, true, true])
    expect(['\u0100', 'abc\u20ac', '\u{1f600}'].map(isByteString)).toEqual([false, false, false])
  })

  test('survive the round trip', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 16_384 }), (bytes) => {
        const text = byteString(bytes)
        const back = new Uint8Array(bytes.length)
        writeByteString(text, back, 0)
        expect(isByteString(text)).toBe(true)
        expect(Buffer.compare(back, bytes)).toBe(0)
      }),
    )
  })
})
