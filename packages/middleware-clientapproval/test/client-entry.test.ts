import { clientId, type PeerId } from '@chihaya/bittorrent'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseClientEntry } from '../src/client-entry.ts'

function matches(entry: string, peerId: string): boolean {
  expect(peerId).toHaveLength(20)
  return parseClientEntry(entry).matches(peerId as PeerId)
}

// Peer ids in the styles that clients use, each with its client id.
const CLIENTS: Array<[peerId: string, id: string]> = [
  ['-TR2940-k8hj0wgej6ch', 'TR2940'],
  ['-qB4520-OU)UOaL(lsdt', 'qB4520'],
  ['-A~0170-zzzzzzzzzzzz', 'A~0170'],
  ['-FG0123abcdefghijklm', 'FG0123'],
  ['-ML3.1.0-abcdefghijk', 'ML3.1.'],
  ['A310--001v5Gysr4NxNK', 'A310--'],
  ['T03I-----6tYXuBcmZoq', 'T03I--'],
  ['M7-9-1--zzzzzzzzzzzz', 'M7-9-1'],
  ['exbc\x00\x38aaaaaaaaaaaaaa', 'exbc\x00\x38'],
  ['AZ2500BTaaaaaaaaaaaa', 'AZ2500'],
  ['XBT083d-aaaaaaaaaaaa', 'XBT083'],
  ['Q1-23-4-aaaaaaaaaaaa', 'Q1-23-'],
  ['346-----aaaaaaaaaaaa', '346---'],
  ['-'.repeat(20), '------'],
  ['\x00\xff'.repeat(10), '\x00\xff\x00\xff\x00\xff'],
]

describe('a client id as an entry', () => {
  test.each(CLIENTS)('matches %j as %j and no other client', (peerId, id) => {
    expect(CLIENTS.filter(([other]) => matches(id, other))).toEqual([[peerId, id]])
  })
})

describe('the beginning of an id as an entry', () => {
  test.each<[entry: string, peerId: string, expected: boolean]>([
    ['TR*', '-TR2940-k8hj0wgej6ch', true],
    ['TR2*', '-TR2940-k8hj0wgej6ch', true],
    ['TR3*', '-TR2940-k8hj0wgej6ch', false],
    ['TR2940*', '-TR2940-k8hj0wgej6ch', true],
    ['TR294*', '-TR2940-k8hj0wgej6ch', true],
    ['TR294*', '-TR2930-k8hj0wgej6ch', false],
    ['TR2*', 'TR2---------------xx', true],
    ['-TR*', '-TR2940-k8hj0wgej6ch', true],
    ['-TR*', 'TR2940--k8hj0wgej6ch', false],
    ['-TR2940-k8*', '-TR2940-k8hj0wgej6ch', true],
    ['-TR2940-k9*', '-TR2940-k8hj0wgej6ch', false],
    ['M7-*', 'M7-9-1--zzzzzzzzzzzz', true],
    ['exbc*', 'exbc\x00\x38aaaaaaaaaaaaaa', true],
    ['-*', '-TR2940-k8hj0wgej6ch', true],
    ['-*', 'M7-9-1--zzzzzzzzzzzz', false],
    ['*', 'M7-9-1--zzzzzzzzzzzz', true],
  ])('%j and %j: %s', (entry, peerId, expected) => {
    expect(matches(entry, peerId)).toBe(expected)
  })
})

describe('a range of versions as an entry', () => {
  test.each<[entry: string, version: string, expected: boolean]>([
    ['qB >= 4.4', '4400', true],
    ['qB >= 4.4', '4450', true],
    ['qB >= 4.4', '4390', false],
    ['qB >= 4.4', '5000', true],
    ['qB >= 4.4', '3900', false],
    ['qB > 4.4', '4450', false],
    ['qB > 4.4', '4500', true],
    ['qB <= 4.4', '4450', true],
    ['qB <= 4.4', '4500', false],
    ['qB < 4.4', '4390', true],
    ['qB < 4.4', '4400', false],
    ['qB = 4.4', '4450', true],
    ['qB = 4.4', '4500', false],
    ['qB = 4.4.5', '4450', true],
    ['qB = 4.4.5', '4460', false],
    ['qB >= 4.4.0.1', '4400', false],
    ['qB >= 4.4.0.1', '4401', true],
    ['qB >= 4', '4000', true],
    ['qB >= 4.10', '4A00', true],
    ['qB >= 4.10', '4900', false],
    ['qB < 4.10', '4900', true],
    ['qB = 4.35', '4Z00', true],
    ['qB = 4.36', '4a00', true],
    ['qB = 4.61', '4z00', true],
    ['qB >= 4.4 < 4.6', '4500', true],
    ['qB >= 4.4 < 4.6', '4390', false],
    ['qB >= 4.4 < 4.6', '4600', false],
    ['qB>=4.4<4.6', '4500', true],
    ['-qB >=  4.4', '4400', true],
    ['qB >= 4.4', '4.40', false],
    ['qB < 4.4', '3.90', true],
    ['qB < 4.4', '4.40', false],
    ['qB < 4.4', '-390', false],
  ])('%j and version %j: %s', (entry, version, expected) => {
    expect(matches(entry, `-qB${version}-OU)UOaL(lsdt`)).toBe(expected)
  })

  test('matches no other client and no other style', () => {
    expect(matches('qB >= 0', '-TR2940-k8hj0wgej6ch')).toBe(false)
    expect(matches('qB >= 0', 'qB4520--k8hj0wgej6ch')).toBe(false)
  })

  test('has numbers that fit a character', () => {
    expect(() => parseClientEntry('TR >= 2.94')).toThrow(
      new RangeError(
        '2.94 is not a version: each number is one character of a client id, so at most 61',
      ),
    )
  })
})

describe('an entry', () => {
  test.each([
    '',
    'TR294',
    'TR29400',
    'TR2940x*',
    `-${'x'.repeat(20)}*`,
    'qB >=',
    'qB 4.40',
    'q >= 4.4',
    'qB >= 4.4.4.4.4',
    'qB >= 4.',
    '\u0100TR294',
  ])('is not %j', (text) => {
    const message = `${JSON.stringify(text)} is not a client: write it like TR2940, TR29*, -TR*, qB >= 4.4, qB >= 4.4 < 4.6`
    expect(() => parseClientEntry(text)).toThrow(new RangeError(message))
  })

  test('is read or refused, whatever it is, and matches what it says', () => {
    const byte = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code))
    const part = fc.oneof(
      byte,
      fc.constantFrom('-', '*', ' ', '>=', '<', '=', '.', '4', '61', '62', 'qB'),
    )
    const text = fc.oneof(
      fc.string({ unit: part, maxLength: 30 }),
      fc.string({ unit: byte, maxLength: 16_384 }),
    )
    fc.assert(
      fc.property(
        text,
        fc.string({ unit: byte, minLength: 20, maxLength: 20 }),
        (entry, peerId) => {
          try {
            const { id, matches: isMatch } = parseClientEntry(entry)
            expect(isMatch(peerId as PeerId)).toBeTypeOf('boolean')
            if (id !== undefined)
              expect(isMatch(peerId as PeerId)).toBe(clientId(peerId as PeerId) === id)
          } catch (error) {
            expect(error).toBeInstanceOf(RangeError)
          }
        },
      ),
    )
  })
})
