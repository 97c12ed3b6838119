import { bencode, BencodeWriter, utf8, type Bencodable } from '@chihaya/bittorrent'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

function text(value: Bencodable): string {
  return bencode(value).toString('latin1')
}

describe('bencode', () => {
  test.each<[Bencodable, string]>([
    [0, 'i0e'],
    [-0, 'i0e'],
    [-42, 'i-42e'],
    [Number.MAX_SAFE_INTEGER, 'i9007199254740991e'],
    [2n ** 64n - 1n, 'i18446744073709551615e'],
    [-(2n ** 63n), 'i-9223372036854775808e'],
    ['', '0:'],
    ['spam', '4:spam'],
    ['\x00\xff', '2:\x00\xff'],
    [utf8('é€'), '5:\xc3\xa9\xe2\x82\xac'],
    [Uint8Array.of(0, 255, 101), '3:\x00\xffe'],
    [Buffer.from('abc'), '3:abc'],
    [[], 'le'],
    [[1, 'a', [], new Map()], 'li1e1:aledee'],
    [new Map(), 'de'],
    [new Map([['__proto__', 1]]), 'd9:__proto__i1ee'],
  ])('writes %o', (value, encoded) => {
    expect(text(value)).toBe(encoded)
  })

  test('writes the answers that clients expect, byte for byte', () => {
    const announce = new Map<string, Bencodable>([
      ['interval', 1800],
      ['complete', 0],
      ['peers', ''],
      ['min interval', 900],
      ['external ip', Uint8Array.of(198, 51, 100, 9)],
      ['incomplete', 1],
    ])
    expect(text(announce)).toBe(
      'd8:completei0e11:external ip4:\xc63d\t10:incompletei1e8:intervali1800e12:min intervali900e5:peers0:e',
    )
    const failure = new Map([
      ['retry in', 'never'],
      ['failure reason', 'x'],
    ])
    expect(text(failure)).toBe('d14:failure reason1:x8:retry in5:nevere')
  })

  test('sorts keys by their bytes, not by locale or length', () => {
    const keys = ['b', 'a', 'B', '\xff', '\x00', 'aa', 'a ', '', '\x80']
    expect(text(new Map(keys.map((key) => [key, 0])))).toBe(
      'd0:i0e1:\x00i0e1:Bi0e1:ai0e2:a i0e2:aai0e1:bi0e1:\x80i0e1:\xffi0ee',
    )
  })

  test.each([
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    0.5,
    2 ** 53,
    -(2 ** 53),
    1e21,
  ])('refuses the number %d', (number) => {
    expect(() => bencode(number)).toThrow(TypeError)
  })

  test('refuses text that is not a byte string, as a value and as a key', () => {
    expect(() => bencode('€')).toThrow(TypeError)
    expect(() => bencode(new Map([['€', 1]]))).toThrow(TypeError)
  })
})

describe('a bencode writer', () => {
  test('grows as needed', () => {
    for (const capacity of [0, 1, 7, 512]) {
      const writer = new BencodeWriter(capacity)
      writer.raw('d5:peers')
      writer.bytes(new Uint8Array(1000).fill(120))
      writer.raw('3:tenl')
      for (let index = 0; index < 10; index++) writer.integer(index)
      writer.raw('e4:text')
      writer.string('y'.repeat(600))
      writer.raw('e')
      const numbers = Array.from({ length: 10 }, (_, index) => `i${index}e`).join('')
      expect(writer.take().toString('latin1')).toBe(
        `d5:peers1000:${'x'.repeat(1000)}3:tenl${numbers}e4:text600:${'y'.repeat(600)}e`,
      )
    }
  })

  test('writes a list of strings like each one alone', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 50 }), (values) => {
        expect(bencode(values)).toEqual(
          Buffer.concat([
            Buffer.from('l'),
            ...values.map((value) => bencode(value)),
            Buffer.from('e'),
          ]),
        )
      }),
    )
  })
})
