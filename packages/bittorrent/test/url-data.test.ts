import { readUrlData, UrlDataParams } from '@chihaya/bittorrent'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

/** Bytes of options: numbers as they are, texts by their bytes. */
function options(...parts: Array<number | string>): Buffer {
  return Buffer.concat(
    parts.map((part) => (typeof part === 'number' ? Buffer.of(part) : Buffer.from(part, 'latin1'))),
  )
}

function urlData(bytes: Uint8Array): string {
  return readUrlData(bytes, 0, bytes.length)
}

describe('the URL in the options of a UDP announce (BEP 41)', () => {
  test.each<[what: string, bytes: Buffer, url: string]>([
    ['nothing', options(), ''],
    ['one URLData', options(2, 5, '/?a=b'), '/?a=b'],
    ['an empty URLData', options(2, 0), ''],
    ['a URLData without its data', options(2, 1), ''],
    ['a URLData without its length', options(2), ''],
    ['a URLData with half its data', options(2, 9, '/?a=b'), ''],
    ['a whole URLData before a truncated one', options(2, 5, '/?a=b', 2, 9, '&c=d'), '/?a=b'],
    ['a path', options(2, 8, '/c/d?a=b'), '/c/d?a=b'],
    ['two URLData', options(2, 2, '/?', 2, 3, 'a=b'), '/?a=b'],
    ['an escape cut in two', options(2, 6, '/?a=%4', 2, 1, '1'), '/?a=%41'],
    ['NOPs and the end', options(2, 12, '/dir?a=b&c=d', 1, 1, 0), '/dir?a=b&c=d'],
    ['rubbish behind the end', options(1, 1, 2, 5, '/?a=b', 0, 0xff, 0xff), '/?a=b'],
    ['an unknown option first', options(3, 2, 0xaa, 0xbb, 2, 5, '/?a=b'), '/?a=b'],
    ['an unknown option in between', options(2, 2, '/?', 0xff, 0, 2, 3, 'a=b'), '/?a=b'],
    ['a truncated unknown option', options(2, 5, '/?a=b', 3, 9, 2, 0), '/?a=b'],
    ['the end first', options(0, 2, 5, '/?a=b'), ''],
    ["aria2's two zeros", options(0, 0), ''],
    ['bytes of all kinds', options(2, 3, '\x00\x80\xff'), '\x00\x80\xff'],
  ])('is read from %s', (_what, bytes, url) => {
    expect(urlData(bytes)).toBe(url)
  })

  test('is read from the start of the options to the end of the datagram', () => {
    const datagram = options('x'.repeat(98), 2, 5, '/?a=b', 2, 2, '&c')
    expect(readUrlData(datagram, 98, 105)).toBe('/?a=b')
    expect(readUrlData(datagram, 98, 98)).toBe('')
  })

  test('is cut at 2560 bytes', () => {
    const chunk = options(2, 255, 'x'.repeat(255))
    expect(urlData(Buffer.concat(Array.from({ length: 11 }, () => chunk)))).toBe('x'.repeat(2560))
    expect(urlData(Buffer.concat(Array.from({ length: 250 }, () => chunk)))).toBe('x'.repeat(2560))
  })

  test('is the same in any number of pieces', () => {
    const piece = fc.tuple(
      fc.uint8Array({ maxLength: 255 }),
      fc.constantFrom<number[]>([], [1], [1, 1], [7, 2, 0, 2], [255, 0]),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const bytes = Buffer.concat(
          pieces.flatMap(([data, padding]) => [
            Buffer.of(2, data.length),
            data,
            Buffer.from(padding),
          ]),
        )
        const whole = Buffer.concat(pieces.map(([data]) => data)).toString('latin1')
        expect(urlData(bytes)).toBe(whole.slice(0, 2560))
      }),
    )
  })

  test('never fails, with any options', () => {
    const byte = fc.oneof(fc.constantFrom(0, 1, 2, 3, 37), fc.nat(255))
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 16_384 }), fc.nat(200), (bytes, start) => {
        const url = readUrlData(Uint8Array.from(bytes), start, bytes.length)
        expect(url.length).toBeLessThanOrEqual(Math.min(2560, bytes.length))
        expect(() => new UrlDataParams(url).get('a')).not.toThrow()
      }),
    )
  })

  test.each([1, 2, 3])('ends for 16 KiB of option %d', (type) => {
    expect(urlData(Buffer.alloc(16_384, type)).length).toBeLessThanOrEqual(2560)
  })
})

describe('the parameters of such a URL', () => {
  test.each([
    ['/?a=b', '/', 'b'],
    ['/c/d?A=b', '/c/d', 'b'],
    ['/?a=b%20c', '/', 'b c'],
    ['', '', undefined],
    ['/dir', '/dir', undefined],
    ['a=b', 'a=b', undefined],
    // A query that is malformed anywhere reads as none.
    ['/?a=b&c=%zz', '/', undefined],
    [`/?a=b&${'c=d&'.repeat(101)}`, '/', undefined],
  ])('of %s', (url, path, a) => {
    const params = new UrlDataParams(url)
    expect([params.path, params.get('a'), params.route()]).toEqual([path, a, undefined])
  })

  test('are parsed once, and have no inherited keys', () => {
    const params = new UrlDataParams('/?__proto__=x&passkey=secret')
    expect([params.get('passkey'), params.get('passkey')]).toEqual(['secret', 'secret'])
    expect([params.get('__proto__'), params.get('constructor')]).toEqual(['x', undefined])
  })
})
