import {
  ClientError,
  isClientError,
  Query,
  splitTarget,
  toHex,
  type QueryOptions,
} from '@chihaya/bittorrent'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

function parse(text: string, options?: QueryOptions): Query {
  return Query.parse(text, 0, text.length, options)
}

/** The values of `names` in a query. */
function values(text: string, names: string[], options?: QueryOptions): Array<string | undefined> {
  const query = parse(text, options)
  return names.map((name) => query.get(name))
}

describe('a query', () => {
  test.each<[rule: string, text: string, names: string[], expected: Array<string | undefined>]>([
    ['splits at & and ;', 'a=1&b=2;c=3', ['a', 'b', 'c'], ['1', '2', '3']],
    ['skips empty segments', '&&a=1&&;&b=2&', ['a', 'b', ''], ['1', '2', undefined]],
    ['splits a segment at its first =', 'a=b=c&d==', ['a', 'd'], ['b=c', '=']],
    ['gives a key without = the empty value', 'a&b=&c', ['a', 'b', 'c'], ['', '', '']],
    ['drops a value without key', '=b&==&a=1', ['', 'a'], [undefined, '1']],
    ['decodes escapes of either case to bytes', 'a=%41%c3%A9%00%ff', ['a'], ['A\xc3\xa9\x00\xff']],
    ['decodes keys too', '%41b%3D=1', ['ab='], ['1']],
    ['reads + as a space', 'a=b+c&d+e=+', ['a', 'd e'], ['b c', ' ']],
    ['keeps an escaped +', 'a=%2B%2b', ['a'], ['++']],
    ['decodes once', 'a=%2541&b=%2526', ['a', 'b'], ['%41', '%26']],
    ['keeps escaped separators in the value', 'a=%26%3b%3D%23%3f', ['a'], ['&;=#?']],
    [
      'keeps later question marks',
      'passkey=x?info_hash=y&a=?',
      ['passkey', 'a'],
      ['x?info_hash=y', '?'],
    ],
    ['keeps every other byte', 'a=()*~!\'"\\@/:[]{}|^`', ['a'], ['()*~!\'"\\@/:[]{}|^`']],
    [
      'folds keys to lower case, not values',
      'NumWant=A&EVENT=Started',
      ['numwant', 'event'],
      ['A', 'Started'],
    ],
    ['lets the last of several values count', 'a=1&A=2&%61=3', ['a'], ['3']],
    [
      'knows no key it was not given',
      'a=1',
      ['b', '__proto__', 'constructor'],
      [undefined, undefined, undefined],
    ],
  ])('%s', (_rule, text, names, expected) => {
    expect(values(text, names)).toEqual(expected)
  })

  test('keeps ; in values if configured', () => {
    expect(values('a=1;b=2&c=3', ['a', 'b', 'c'], { semicolons: false })).toEqual([
      '1;b=2',
      undefined,
      '3',
    ])
  })

  test('treats names of object properties as plain keys', () => {
    const names = ['__proto__', 'constructor', 'tostring', 'constructor[prototype][polluted]']
    expect(
      values('__proto__=x&constructor=y&toString=z&constructor[prototype][polluted]=w', names),
    ).toEqual(['x', 'y', 'z', 'w'])
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  test('returns all values of a repeated key', () => {
    expect(parse('a=1&A=&b=x;%61=%32&a').all('a')).toEqual(['1', '', '2', ''])
    expect(parse('a=1;a=2&a=3', { semicolons: false }).all('a')).toEqual(['1;a=2', '3'])
    expect(parse('a=1&b=2&b=3').all('a')).toEqual(['1'])
    expect(parse('a=1&b=2&b=3').all('c')).toEqual([])
    expect(new Query().all('a')).toEqual([])
    expect(Query.parse('a=0&a=1&a=2&a=3', 4, 11).all('a')).toEqual(['1', '2'])
  })

  test('is read from a part of the text', () => {
    const query = Query.parse('x=1&a=2&b=%41%42', 4, 13)
    expect([query.get('x'), query.get('a'), query.get('b')]).toEqual([undefined, '2', 'A'])
    // The escape is whole in the text, but not in the part.
    expect(() => Query.parse('a=%41', 0, 4)).toThrow('invalid query escape')
  })

  test('is empty until parsed', () => {
    expect([new Query().get('a'), new Query().infoHashes]).toEqual([undefined, []])
  })
})

describe('the infohashes of a query', () => {
  const HEX = 'a2a15537542b22925ad10486bf7a8b2a9c42f0d1'

  test.each([
    '%A2%A1U7T%2B%22%92Z%D1%04%86%BFz%8B%2A%9CB%F0%D1',
    '%a2%a1U7T%2b%22%92Z%d1%04%86%bfz%8b*%9cB%f0%d1',
    '%a2%a1%55%37%54%2b%22%92%5a%d1%04%86%bf%7a%8b%2a%9c%42%f0%d1',
  ])('are the same however they are escaped: %s', (escaped) => {
    expect(parse(`info_hash=${escaped}`).infoHashes.map(toHex)).toEqual([HEX])
  })

  test('are collected in order, in any case of their key, and are not a plain parameter', () => {
    const query = parse('info_hash=b&a=1&INFO_HASH=a&info%5fhash=b', { maxInfoHashes: 5 })
    expect(query.infoHashes).toEqual(['b', 'a', 'b'])
    expect(query.get('info_hash')).toBeUndefined()
  })

  test('may be of any length, even none', () => {
    expect(parse('info_hash=&info_hash&info_hash=xyz', { maxInfoHashes: 3 }).infoHashes).toEqual([
      '',
      '',
      'xyz',
    ])
  })

  test('end the parsing once there are too many, so that the caller sees one more than allowed', () => {
    const text = 'info_hash=x&'.repeat(1000)
    expect(parse(text).infoHashes).toHaveLength(2)
    expect(parse(text, { maxInfoHashes: 74 }).infoHashes).toHaveLength(75)
    expect(parse(text, { maxInfoHashes: 1000 }).infoHashes).toHaveLength(1000)
    expect(parse(`${text}a=%zz`).infoHashes).toHaveLength(2)
  })

  test('are too many rather than malformed if they are both', () => {
    for (const text of [
      'info_hash=%zz&info_hash=x',
      'info_hash=x&info_hash=%zz',
      'info_hash=%&info_hash=%',
    ]) {
      expect(parse(text).infoHashes).toHaveLength(2)
      expect(() => parse(text, { maxInfoHashes: 2 })).toThrow(
        new ClientError('invalid query escape'),
      )
    }
  })
})

describe('a query is refused', () => {
  const pairs = (count: number): string =>
    Array.from({ length: count }, (_, index) => `k${index}=1`).join('&')

  const bad = [
    'a=% a=%4 a=%zz a=%4z a=%z4 a=%-1 a=%%41 a=%0x a=%4&b=1 a=%&41=1',
    '%=1 %4=1 %zz a=%u0041 info_hash=%0%a a=1&b=%\uff111',
  ].flatMap((line) => line.split(' '))
  test.each([...bad, 'a=% 1'])('for the escape in %s', (text) => {
    expect(() => parse(text)).toThrow(new ClientError('invalid query escape'))
  })

  test('beyond 100 pairs, not counting infohashes', () => {
    expect(parse(`info_hash=x&${pairs(100)}`).get('k99')).toBe('1')
    expect(() => parse(pairs(101))).toThrow(new ClientError('too many query parameters'))
    expect(() => parse('a=1&'.repeat(101))).toThrow(new ClientError('too many query parameters'))
  })

  test('beyond 64 bytes of key or 2048 of value after decoding', () => {
    expect(parse(`${'%61'.repeat(64)}=${'%62'.repeat(2048)}`).get('a'.repeat(64))).toBe(
      'b'.repeat(2048),
    )
    for (const key of [
      'a'.repeat(65),
      '%61'.repeat(65),
      `${'%61'.repeat(64)}a`,
      'a'.repeat(15_000),
    ]) {
      expect(() => parse(`${key}=1`)).toThrow(new ClientError('query parameter name too long'))
    }
    for (const value of [
      'a'.repeat(2049),
      '%61'.repeat(2049),
      `${'%61'.repeat(2048)}a`,
      'a'.repeat(15_000),
    ]) {
      expect(() => parse(`a=${value}`)).toThrow(new ClientError('query parameter value too long'))
    }
  })
})

describe('any query', () => {
  const pair = fc.tuple(
    fc.uint8Array({ minLength: 1, maxLength: 64 }),
    fc.uint8Array({ maxLength: 150 }),
  )

  /** Escapes what must be, and of the rest what `style` says. */
  function escape(bytes: Uint8Array, style: number): string {
    let text = ''
    for (const [index, byte] of bytes.entries()) {
      const plain = byte > 32 && byte < 127 && !'&;=%+#'.includes(String.fromCharCode(byte))
      const hex = byte.toString(16).padStart(2, '0')
      if (plain && (style >> (index % 8)) & 1) text += String.fromCharCode(byte)
      else text += `%${(style >> (index % 5)) & 1 ? hex : hex.toUpperCase()}`
    }
    return text
  }

  test('returns the encoded bytes', () => {
    fc.assert(
      fc.property(fc.array(pair, { maxLength: 50 }), fc.nat(255), (entries, style) => {
        const text = entries
          .map(([key, value]) => `${escape(key, style)}=${escape(value, style)}`)
          .join('&')
        const expected = new Map<string, string>()
        for (const [key, value] of entries) {
          expected.set(
            Buffer.from(key).toString('latin1').toLowerCase(),
            Buffer.from(value).toString('latin1'),
          )
        }
        const query = parse(text)
        for (const [key, value] of expected) expect(query.get(key)).toBe(value)
      }),
    )
  })

  test('in ASCII reads as with URLSearchParams', () => {
    const units = fc.constantFrom(
      'a',
      'b',
      'c',
      '=',
      '&',
      '+',
      '%62',
      '%2b',
      '%26',
      '%00',
      '?',
      '/',
    )
    fc.assert(
      fc.property(fc.string({ unit: units, maxLength: 60 }), (text) => {
        const query = parse(text)
        for (const [key, value] of new Map(new URLSearchParams(`?${text}`))) {
          expect(query.get(key)).toBe(key === '' ? undefined : value)
        }
      }),
    )
  })

  test('of up to 16 KiB is read or refused with a client error', () => {
    const units = fc.constantFrom(
      '&',
      ';',
      '=',
      '%',
      '+',
      '%4',
      '%41',
      'a',
      'b=',
      'info_hash',
      '\xff',
      '\0',
      '\u20ac',
    )
    fc.assert(
      fc.property(
        fc.string({ unit: units, maxLength: 16_384 }),
        fc.nat(100),
        (text, maxInfoHashes) => {
          try {
            expect(parse(text, { maxInfoHashes }).infoHashes.length).toBeLessThanOrEqual(
              maxInfoHashes + 1,
            )
          } catch (error) {
            expect(isClientError(error)).toBe(true)
          }
        },
      ),
    )
  })

  // Anything worse than linear would take minutes over the longer of these.
  test.each(['&', ';', '=', '%', '+', 'a', '&a', '&a=', '=a', '%41', '&info_hash=', '&=', 'é'])(
    'made of %j ends',
    (unit) => {
      for (const length of [16_384, 4_000_000]) {
        const text = unit.repeat(length / unit.length)
        try {
          expect(parse(text, { maxInfoHashes: 100 }).infoHashes.length).toBeLessThanOrEqual(101)
        } catch (error) {
          expect(isClientError(error)).toBe(true)
        }
      }
    },
  )
})

describe('splitTarget', () => {
  test.each([
    ['/announce?a=1', '/announce', 'a=1'],
    ['/announce', '/announce', ''],
    ['/announce?', '/announce', ''],
    ['', '', ''],
    ['?', '', ''],
    ['/x?passkey=1?info_hash=2', '/x', 'passkey=1?info_hash=2'],
    ['/announce?a=1#b?c', '/announce', 'a=1'],
    ['/announce#a?b=1', '/announce', ''],
    ['#?', '', ''],
    ['/%61nnounce?a', '/%61nnounce', 'a'],
    ['http://[::1]:6969/announce?a=1', 'http://[::1]:6969/announce', 'a=1'],
  ])('splits %s', (target, path, query) => {
    const split = splitTarget(target)
    expect([split.path, target.slice(split.queryStart, split.queryEnd)]).toEqual([path, query])
  })

  test('loses and adds nothing', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('/', '?', '#', 'a', '%', '\xff'), maxLength: 16_384 }),
        (target) => {
          const { path, queryStart, queryEnd } = splitTarget(target)
          const kept = target.replace(/#.*/s, '')
          const mark = path.length === kept.length ? '' : '?'
          expect(path + mark + target.slice(queryStart, queryEnd)).toBe(kept)
          expect(path).not.toMatch(/[?#]/)
        },
      ),
    )
  })
})
