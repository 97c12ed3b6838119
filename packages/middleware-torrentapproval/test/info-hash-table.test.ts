import { byteString, writeByteString, type InfoHash } from '@chihaya/bittorrent'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { InfoHashTable } from '../src/info-hash-table.ts'

function bytesOf(infoHash: string): Uint8Array {
  const bytes = new Uint8Array(20)
  writeByteString(infoHash, bytes, 0)
  return bytes
}

// Few bytes that differ, so that the same infohash comes up again.
const infoHash = fc
  .tuple(fc.nat(255), fc.nat(3), fc.nat(19))
  .map(([first, byte, at]) =>
    byteString(
      Uint8Array.from({ length: 20 }, (_, index) =>
        index === 0 ? first : index === at ? byte : 0,
      ),
    ),
  )

describe('a table of infohashes', () => {
  test('agrees with a map', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(infoHash, fc.integer({ min: 1, max: 255 })), { maxLength: 500 }),
        infoHash,
        (entries, other) => {
          const table = new InfoHashTable(0)
          for (const [key, value] of entries) table.set(bytesOf(key), 0, value)
          const map = new Map(entries)
          expect(table.size).toBe(map.size)
          for (const key of [...map.keys(), other])
            expect(table.get(key as InfoHash)).toBe(map.get(key) ?? 0)
        },
      ),
    )
  })

  test('is empty at first', () => {
    const table = new InfoHashTable(1000)
    expect([table.size, table.get('\0'.repeat(20) as InfoHash)]).toEqual([0, 0])
  })

  test('keeps infohashes that share all bytes but one, at any length', () => {
    const table = new InfoHashTable(0)
    const bytes = new Uint8Array(24)
    for (let number = 0; number < 100_000; number++) {
      new DataView(bytes.buffer).setUint32(10, number)
      table.set(bytes, 4, 1)
    }
    expect(table.size).toBe(100_000)
    for (let number = 0; number < 100_000; number += 997) {
      new DataView(bytes.buffer).setUint32(10, number)
      expect(table.get(byteString(bytes, 4) as InfoHash)).toBe(1)
    }
    new DataView(bytes.buffer).setUint32(10, 100_000)
    expect(table.get(byteString(bytes, 4) as InfoHash)).toBe(0)
  })
})
