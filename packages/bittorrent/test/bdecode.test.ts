import { bdecode, bencode, type Bdecoded, type Bencodable } from '@chihaya/bittorrent'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

function decode(text: string): Bdecoded {
  return bdecode(Buffer.from(text, 'latin1'))
}

describe('bdecode', () => {
  test.each<[string, Bdecoded]>([
    ['i0e', 0],
    ['i-42e', -42],
    ['i9007199254740991e', Number.MAX_SAFE_INTEGER],
    ['i9007199254740993e', 9_007_199_254_740_993n],
    ['i18446744073709551615e', 2n ** 64n - 1n],
    ['i-9223372036854775808e', -(2n ** 63n)],
    ['0:', ''],
    ['4:sp\xffm', 'sp\xffm'],
    ['le', []],
    ['li1e1:alee', [1, 'a', []]],
    ['de', new Map()],
    [
      'd1:ai1e2:aale1:bdee',
      new Map<string, Bdecoded>([
        ['a', 1],
        ['aa', []],
        ['b', new Map()],
      ]),
    ],
    ['d9:__proto__i1ee', new Map([['__proto__', 1]])],
  ])('reads %s', (encoded, value) => {
    expect(decode(encoded)).toEqual(value)
  })

  test.each<[what: string, encoded: string, error: string]>([
    ['nothing', '', 'not a number at offset 0'],
    ['a huge length', '9999999999:', 'string reaches past the end'],
    ['a length beyond all numbers', `${'9'.repeat(400)}:x`, 'not a number'],
    ['a length one too long', '3:ab', 'string reaches past the end at offset 2'],
    ['a negative length', '-1:', 'not a number'],
    ['a length with a leading zero', '01:a', 'leading zero'],
    ['a length without colon', '12', 'not a number'],
    ['negative zero', 'i-0e', 'negative zero'],
    ['a leading zero', 'i01e', 'leading zero'],
    ['a leading zero after the sign', 'i-01e', 'leading zero'],
    ['an empty integer', 'ie', 'not a number'],
    ['a sign alone', 'i-e', 'not a number'],
    ['two signs', 'i--1e', 'not a number'],
    ['a plus', 'i+1e', 'not a number'],
    ['a fraction', 'i1.5e', 'not a number'],
    ['an exponent', 'i1e5e', 'something follows the value at offset 3'],
    ['an integer without end', 'i1', 'not a number'],
    ['an integer of 21 digits', `i${'1'.repeat(21)}e`, 'not a number'],
    ['a list without end', 'li1e', 'not a number'],
    ['a dictionary without end', 'd1:ai1e', 'not a number'],
    ['a key without value', 'd1:ae', 'not a number'],
    ['a key that is no string', 'di1ei2ee', 'not a number'],
    ['keys out of order', 'd1:bi1e1:ai1ee', 'key out of order'],
    ['a key twice', 'd1:ai1e1:ai1ee', 'duplicate key'],
    ['two values', 'i1ei2e', 'something follows the value'],
    ['a line end', 'de\r\n', 'something follows the value at offset 2'],
    ['an end alone', 'e', 'not a number'],
    ['rubbish', 'x', 'not a number'],
    ['100000 lists', 'l'.repeat(100_000), 'nested too deeply at offset 32'],
    ['100000 dictionaries', 'd1:a'.repeat(100_000), 'nested too deeply'],
    ['100000 digits', '1'.repeat(100_000), 'not a number'],
  ])('refuses %s', (_what, encoded, error) => {
    expect(() => decode(encoded)).toThrow(SyntaxError)
    expect(() => decode(encoded)).toThrow(error)
  })

  test('accepts keys in any order on request, but no duplicates', () => {
    const lenient = (text: string): Bdecoded =>
      bdecode(Buffer.from(text, 'latin1'), { unsortedKeys: true })
    expect(lenient('d1:bi1e1:ad1:zi2e1:yi3eee')).toEqual(
      new Map<string, Bdecoded>([
        ['b', 1],
        [
          'a',
          new Map([
            ['z', 2],
            ['y', 3],
          ]),
        ],
      ]),
    )
    for (const twice of ['d1:bi1e1:ai1e1:bi1ee', 'd1:ai1e1:ai1ee'])
      expect(() => lenient(twice)).toThrow('duplicate key')
    expect(() => lenient('d1:bi1e1:a9:short')).toThrow('string reaches past the end')
    expect(() => lenient('d1:bi1e1:ai1ee\r\n')).toThrow('something follows the value')
  })

  test('reads 32 levels and no more', () => {
    const nested = (levels: number): string => 'l'.repeat(levels) + 'e'.repeat(levels)
    expect(JSON.stringify(decode(nested(32)))).toBe('['.repeat(32) + ']'.repeat(32))
    expect(decode(`${'l'.repeat(32)}i1e${'e'.repeat(32)}`)).toBeInstanceOf(Array)
    expect(() => decode(nested(33))).toThrow('nested too deeply')
  })

  const byteStrings = fc
    .uint8Array({ maxLength: 40 })
    .map((bytes) => Buffer.from(bytes).toString('latin1'))
  const limit = 10n ** 20n - 1n
  const bigints = fc
    .bigInt({ min: -limit, max: limit })
    .filter((value) => !Number.isSafeInteger(Number(value)))
  const { value: values } = fc.letrec<{ value: Bencodable & Bdecoded }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 5, depthSize: 'small' },
      fc.maxSafeInteger(),
      bigints,
      byteStrings,
      fc.array(tie('value'), { maxLength: 6 }),
      fc
        .array(fc.tuple(byteStrings, tie('value')), { maxLength: 6 })
        .map((entries) => new Map(entries)),
    ),
  }))

  test('reads keys in any order on request', () => {
    const entries = fc.uniqueArray(fc.tuple(byteStrings, values), {
      maxLength: 6,
      selector: ([key]) => key,
    })
    fc.assert(
      fc.property(entries, (pairs) => {
        const body = pairs.flatMap(([key, value]) => [bencode(key), bencode(value)])
        const encoded = Buffer.concat([Buffer.from('d'), ...body, Buffer.from('e')])
        expect(bdecode(encoded, { unsortedKeys: true })).toEqual(new Map(pairs))
      }),
    )
  })

  test('reverses bencode', () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(bdecode(bencode(value))).toEqual(value)
      }),
      { numRuns: 500 },
    )
  })

  test('finds the keys of any dictionary in the order of their bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 30 }), { maxLength: 100 }), (keys) => {
        const entries = new Map(keys.map((key) => [Buffer.from(key).toString('latin1'), 0]))
        const decoded = [...(bdecode(bencode(entries)) as Map<string, Bdecoded>).keys()].map(
          (key) => Buffer.from(key, 'latin1'),
        )
        expect(decoded).toEqual(decoded.toSorted((one, other) => Buffer.compare(one, other)))
        expect(decoded).toHaveLength(entries.size)
      }),
    )
  })

  test('accepts only the output of bencode', () => {
    const units = fc.constantFrom(
      'i',
      'l',
      'd',
      'e',
      ':',
      '-',
      '0',
      '1',
      '2',
      '3',
      'i1e',
      '1:a',
      '2:bc',
      '0:',
      'le',
      'de',
    )
    fc.assert(
      fc.property(fc.string({ unit: units, maxLength: 40 }), (encoded) => {
        let value: Bdecoded
        try {
          value = decode(encoded)
        } catch (error) {
          expect(error).toBeInstanceOf(SyntaxError)
          return
        }
        expect(bencode(value).toString('latin1')).toBe(encoded)
      }),
      { numRuns: 3000 },
    )
  })

  test('reads or refuses any 16 KiB', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 16_384 }),
        fc.constantFrom('', 'l', 'd', 'd1:a', '9999:', 'li1e'),
        (bytes, head) => {
          const encoded = Buffer.concat([Buffer.from(head), bytes])
          try {
            expect(bencode(bdecode(encoded))).toEqual(encoded)
          } catch (error) {
            expect(error).toBeInstanceOf(SyntaxError)
          }
        },
      ),
    )
  })
})
