import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { forwardedFor } from '../../src/http/forwarded.ts'

describe('the elements of Forwarded', () => {
  test.each<[header: string, nodes: Array<string | undefined>]>([
    // The examples of RFC 7239, sections 4 and 7.
    ['for="_gazonk"', ['_gazonk']],
    ['For="[2001:db8:cafe::17]:4711"', ['[2001:db8:cafe::17]:4711']],
    ['for=192.0.2.60;proto=http;by=203.0.113.43', ['192.0.2.60']],
    ['for=192.0.2.43, for=198.51.100.17', ['192.0.2.43', '198.51.100.17']],
    [
      'for=192.0.2.43,for="[2001:db8:cafe::17]",for=unknown',
      ['192.0.2.43', '[2001:db8:cafe::17]', 'unknown'],
    ],
    ['for=_hidden, for=_SEVKISEK', ['_hidden', '_SEVKISEK']],
    [
      'for=192.0.2.43;by="[::1]:80" ; host=tracker.example ,\tFOR="192.0.2.1:80"',
      ['192.0.2.43', '192.0.2.1:80'],
    ],
    // A port may be hidden where the address is not.
    ['for="192.0.2.1:_port"', ['192.0.2.1']],
    ['for="[2001:db8::7]:_80.a-b"', ['[2001:db8::7]']],
    // Proxies leave out the quotation marks that the brackets and the colon need.
    ['for=[2001:db8::7]:4711', ['[2001:db8::7]:4711']],
    ['for=192.0.2.1:80', ['192.0.2.1:80']],
    ['for=192.0.2.1;', ['192.0.2.1']],
    ['for="a\\"b\\\\c"', ['a"b\\c']],
    ['host="a,b;for=c";for=192.0.2.1', ['192.0.2.1']],
    ['host="a\\",for=c";for=192.0.2.1', ['192.0.2.1']],
    [', ,for=192.0.2.1,,', ['192.0.2.1']],
    ['', []],
    [' ,\t,', []],
    // Malformed, or silent about its client.
    ['proto=https', [undefined]],
    ['for', [undefined]],
    ['for=', [undefined]],
    ['=192.0.2.1', [undefined]],
    ['192.0.2.1', [undefined]],
    ['for=192.0.2.1;for=192.0.2.2', [undefined]],
    ['for = 192.0.2.1', [undefined]],
    ['for=192.0.2.1 by=x', [undefined]],
    ['for="192.0.2.1"x', [undefined]],
    ['for="192.0.2.1""', [undefined]],
    ['for=192.0.2.1\\', [undefined]],
    ['nonsense, for=192.0.2.1', [undefined, '192.0.2.1']],
  ])('%j', (header, nodes) => {
    expect(forwardedFor(header)).toEqual(nodes)
  })

  test('read back as written', () => {
    const node = fc
      .string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 40 })
      .filter((text) => !/:_[\w.-]+$/.test(text))
    const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`
    const other = fc
      .tuple(fc.constantFrom('by', 'host', 'proto', 'x'), node)
      .map(([name, text]) => `${name}=${quoted(text)}`)
    const element = fc.record({
      node,
      before: fc.array(other, { maxLength: 2 }),
      after: fc.array(other, { maxLength: 2 }),
    })
    fc.assert(
      fc.property(fc.array(element, { maxLength: 5 }), (elements) => {
        const texts = elements.map(({ node: text, before, after }) =>
          [...before, `for=${quoted(text)}`, ...after].join(';'),
        )
        expect(forwardedFor(texts.join(', '))).toEqual(elements.map(({ node: text }) => text))
      }),
    )
  })

  test('never come from the part that a client wrote', () => {
    const piece = fc.constantFrom(
      '"',
      '\\',
      ',',
      ';',
      '=',
      ' ',
      'for',
      'for=6.6.6.6',
      'x',
      '"[::6]"',
      'host="',
    )
    const forged = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''))
    const appended = fc.constantFrom(
      'for=8.8.8.8',
      'for="[2001:db8::8]:80"',
      'for="[2001:db8::8]";by="[::1]";proto=https',
      'by="_a,_b";for=8.8.8.8;host=";for=6.6.6.6"',
    )
    fc.assert(
      fc.property(forged, appended, (own, proxy) => {
        const last = forwardedFor(`${own}, ${proxy}`).at(-1)
        expect(['8.8.8.8', '[2001:db8::8]:80', '[2001:db8::8]', undefined]).toContain(last)
      }),
      { numRuns: 5000 },
    )
  })

  test('are read from any header', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii', maxLength: 200 }), (header) => {
        for (const node of forwardedFor(header))
          expect(['string', 'undefined']).toContain(typeof node)
      }),
    )
  })
})
