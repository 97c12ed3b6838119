import { formatAddress, Networks, parseNetwork } from '@chihaya/bittorrent'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { networksOf, parseEntry, parseHyphenated, type AddressRange } from '../src/address-range.ts'

const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length })
const number = (address: Uint8Array): bigint => BigInt(`0x${Buffer.from(address).toString('hex')}`)

const range = fc
  .constantFrom(4, 16)
  .chain((length) => fc.tuple(bytes(length), bytes(length)))
  .filter(([one, other]) => formatAddress(one).includes('.') === formatAddress(other).includes('.'))
  .map(([one, other]): AddressRange =>
    number(one) <= number(other) ? { first: one, last: other } : { first: other, last: one },
  )

function texts({ first, last }: AddressRange): [first: string, last: string] {
  return [formatAddress(first), formatAddress(last)]
}

describe('an entry', () => {
  test.each([
    ['192.0.2.7', '192.0.2.7', '192.0.2.7'],
    ['10.1.2.3/8', '10.0.0.0', '10.255.255.255'],
    ['10.1.2.3/15', '10.0.0.0', '10.1.255.255'],
    ['0.0.0.0/0', '0.0.0.0', '255.255.255.255'],
    ['2001:db8::/33', '2001:db8::', '2001:db8:7fff:ffff:ffff:ffff:ffff:ffff'],
    ['::ffff:10.0.0.0/104', '10.0.0.0', '10.255.255.255'],
    ['192.0.2.1-192.0.2.99', '192.0.2.1', '192.0.2.99'],
    ['192.0.2.1 - 192.0.2.1', '192.0.2.1', '192.0.2.1'],
    // Octal for some resolvers; decimal for every tool that makes such lists.
    ['010.000.001.099-010.000.002.000', '10.0.1.99', '10.0.2.0'],
    ['::ffff:10.0.0.1-10.0.0.2', '10.0.0.1', '10.0.0.2'],
    ['2001:db8::-2001:db8::ff', '2001:db8::', '2001:db8::ff'],
  ])('%s reaches from %s to %s', (text, first, last) => {
    expect(texts(parseEntry(text))).toEqual([first, last])
  })

  test.each([
    ['', '"" is neither an address nor a range of addresses'],
    ['192.0.2.07', '"192.0.2.07" is neither an address nor a range of addresses'],
    ['192.0.2.1-', '"192.0.2.1-" is neither an address nor a range of addresses'],
    ['-192.0.2.1', '"-192.0.2.1" is neither an address nor a range of addresses'],
    ['192.0.2.1-99', '"192.0.2.1-99" is neither an address nor a range of addresses'],
    [
      '192.0.2.0/24-192.0.3.0/24',
      '"192.0.2.0/24-192.0.3.0/24" is neither an address nor a range of addresses',
    ],
    [
      '192.0.2.1-192.0.2.2-192.0.2.3',
      '"192.0.2.1-192.0.2.2-192.0.2.3" is neither an address nor a range of addresses',
    ],
    [
      '192.0.2.1-192.0.2.256',
      '"192.0.2.1-192.0.2.256" is neither an address nor a range of addresses',
    ],
    ['192.0.2.2-192.0.2.1', '"192.0.2.2-192.0.2.1" ends before it begins'],
    ['192.0.2.2-2001:db8::1', '"192.0.2.2-2001:db8::1" mixes IPv4 and IPv6'],
    ['x'.repeat(70), `"${'x'.repeat(64)}…" is neither an address nor a range of addresses`],
  ])('%s is refused', (text, message) => {
    expect(() => parseEntry(text)).toThrow(new RangeError(message))
  })

  test('may be any range in any spelling', () => {
    const zeros = (text: string): string =>
      text.replaceAll(/\d+/g, (digits) => digits.padStart(3, '0'))
    fc.assert(
      fc.property(
        range,
        fc.boolean(),
        fc.constantFrom('-', ' - ', '\t-'),
        (each, padded, hyphen) => {
          const [first, last] = texts(each)
          const spell = (text: string): string =>
            padded && !text.includes(':') ? zeros(text) : text
          expect(parseEntry(`${spell(first)}${hyphen}${spell(last)}`)).toEqual(each)
        },
      ),
    )
  })

  test('is an address, a range, or refused with a RangeError, whatever the text', () => {
    const text = fc.string({ unit: fc.constantFrom(...'0129.:/-af \xff'.split('')), maxLength: 50 })
    fc.assert(
      fc.property(text, (each) => {
        try {
          const { first, last } = parseEntry(each)
          expect(number(first) <= number(last)).toBe(true)
          expect(first.length).toBe(last.length)
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError)
        }
      }),
      { numRuns: 2000 },
    )
  })
})

describe('the networks of a range', () => {
  test.each([
    ['192.0.2.0-192.0.2.255', ['192.0.2.0/24']],
    ['192.0.2.1-192.0.2.6', ['192.0.2.1/32', '192.0.2.2/31', '192.0.2.4/31', '192.0.2.6/32']],
    ['0.0.0.0-255.255.255.255', ['0.0.0.0/0']],
    ['::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', ['::/0']],
  ])('of %s are %j', (text, networks) => {
    const found = networksOf(parseHyphenated(text) as AddressRange)
    expect(found.map(({ base, bits }) => `${formatAddress(base)}/${bits}`)).toEqual(networks)
  })

  test('contain exactly the addresses of any range', () => {
    fc.assert(
      fc.property(range, (each) => {
        const found = networksOf(each)
        const width = BigInt(each.first.length * 8)
        const addresses = found.reduce((sum, { bits }) => sum + (1n << (width - BigInt(bits))), 0n)
        expect(addresses).toBe(number(each.last) - number(each.first) + 1n)
        const networks = new Networks(
          found.map(({ base, bits }) => `${formatAddress(base)}/${bits}`),
        )
        expect([networks.has(each.first), networks.has(each.last)]).toEqual([true, true])
        for (const { base, bits } of found)
          expect(parseNetwork(`${formatAddress(base)}/${bits}`)).toEqual({ base, bits })
      }),
    )
  })
})
