import { infoHashFromHex, type InfoHash } from '@chihaya/bittorrent'
import { EntryList } from '@chihaya/core/lists'
import { describe, expect, test } from 'vitest'
import { infoHashList } from '../src/info-hash-list.ts'
import type { InfoHashTable } from '../src/info-hash-table.ts'
import { TorrentApproval } from '../src/torrent-approval.ts'

const ONE = '3532cf2d327fad8448c075b4cb42c8136964a435'
const TWO = '4532cf2d327fad8448c075b4cb42c8136964a435'

function table(...entries: string[]): InfoHashTable {
  const list = infoHashList.create(0)
  for (const entry of entries) infoHashList.add(list, Buffer.from(entry), 0, entry.length)
  return list
}

function approval(
  kind: 'whitelist' | 'blacklist',
  inOptions: string[],
  inFile: string[] = [],
): TorrentApproval {
  return new TorrentApproval(
    new EntryList(table(...inOptions), table(...inFile)),
    kind === 'whitelist',
  )
}

// The cases of Chihaya.
describe('a torrent', () => {
  test.each([
    ['whitelist', ONE, true],
    ['whitelist', TWO, false],
    ['blacklist', TWO, true],
    ['blacklist', ONE, false],
  ] as const)('by a %s that has it or not: %s %s', (kind, asked, approved) => {
    expect(approval(kind, [ONE]).has(asked)).toBe(approved)
    expect(approval(kind, [], [ONE]).has(infoHashFromHex(asked) as InfoHash)).toBe(approved)
  })

  test.each(['whitelist', 'blacklist'] as const)(
    'is approved once it is allowed, and refused once it is denied, by a %s too',
    (kind) => {
      const torrents = approval(kind, [ONE])
      for (const infoHash of [ONE, TWO]) {
        torrents.allow(infoHash)
        expect(torrents.has(infoHash)).toBe(true)
        torrents.deny(infoHashFromHex(infoHash) as InfoHash)
        expect(torrents.has(infoHash)).toBe(false)
        torrents.allow(infoHash.toUpperCase())
        expect(torrents.has(infoHash)).toBe(true)
      }
    },
  )

  test('of version 2 is identified by the first 20 bytes of its infohash', () => {
    const torrents = approval('whitelist', [])
    torrents.allow(`${ONE}${'0'.repeat(24)}`)
    expect([torrents.has(ONE), torrents.has(`${ONE}${'f'.repeat(24)}`)]).toEqual([true, true])
  })

  test.each(['', 'x', ONE.slice(1), `${ONE}0`, 'g'.repeat(40), '\u0100'.repeat(20)])(
    'is not named %j',
    (text) => {
      const torrents = approval('whitelist', [])
      expect(() => torrents.allow(text)).toThrow(RangeError)
      expect(() => torrents.deny(text)).toThrow(
        `${JSON.stringify(text)} is not an infohash: neither 20 bytes nor hex`,
      )
    },
  )
})
