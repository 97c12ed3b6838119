import { infoHashFromHex, type InfoHash } from '@chihaya/bittorrent'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { infoHashList } from '../src/info-hash-list.ts'
import type { InfoHashTable } from '../src/info-hash-table.ts'

function tableOf(...entries: string[]): InfoHashTable {
  const table = infoHashList.create(0)
  for (const entry of entries) {
    const bytes = Buffer.from(`<${entry}>`, 'latin1')
    infoHashList.add(table, bytes, 1, bytes.length - 1)
  }
  return table
}

describe('an entry of a list of torrents', () => {
  test.each([
    '0123456789abcdef0123456789abcdef01234567',
    '0123456789ABCDEF0123456789ABCDEF01234567',
  ])('may be %s', (hex) => {
    const table = tableOf(hex)
    expect([table.size, table.get(infoHashFromHex(hex) as InfoHash)]).toEqual([1, 1])
  })

  test('may be the infohash of a v2 torrent, which counts by its first 20 bytes', () => {
    const table = tableOf(`${'ab'.repeat(20)}${'cd'.repeat(12)}`)
    expect(table.get(infoHashFromHex('ab'.repeat(20)) as InfoHash)).toBe(1)
  })

  test.each<[entry: string, message: string]>([
    ['x', '"x" is not an infohash of 40 or 64 hex digits'],
    ['a'.repeat(39), `"${'a'.repeat(39)}" is not an infohash of 40 or 64 hex digits`],
    [`${'a'.repeat(39)}g`, `"${'a'.repeat(39)}g" is not an infohash of 40 or 64 hex digits`],
    [`${'a'.repeat(63)}\xff`, `"${'a'.repeat(63)}\xff" is not an infohash of 40 or 64 hex digits`],
    ['a'.repeat(66), `"${'a'.repeat(65)}…" is not an infohash of 40 or 64 hex digits`],
    ['a'.repeat(60_000), `"${'a'.repeat(65)}…" is not an infohash of 40 or 64 hex digits`],
  ])('is not %j', (entry, message) => {
    expect(() => tableOf(entry)).toThrow(new RangeError(message))
  })

  test('is what a decoder of hex takes for an infohash', () => {
    const digits = fc.string({
      unit: fc.constantFrom(...'0123456789abcdefABCDEF'.split('')),
      minLength: 38,
      maxLength: 66,
    })
    const noise = fc.string({
      unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
      maxLength: 16_384,
    })
    fc.assert(
      fc.property(fc.oneof(digits, noise), (entry) => {
        const infoHash = infoHashFromHex(entry)
        if (infoHash === undefined) expect(() => tableOf(entry)).toThrow(RangeError)
        else expect(tableOf(entry).get(infoHash)).toBe(1)
      }),
    )
  })
})
