import assert from 'node:assert/strict'
import type { SwarmEntry } from '../../store/peer-store.ts'
import { address, announceTo, sampleAnnounce, sampleInfoHash } from '../sample.ts'
import { counts, LIFETIME, type Check } from './check.ts'

/** For stores that can list their swarms. */
export function checkListing(check: Check): void {
  check('lists every swarm that has peers, with its counters', async (store, { advance }) => {
    if (store.swarms === undefined) return
    await announceTo(store, sampleAnnounce({ infoHash: sampleInfoHash(1000) }))
    await advance(LIFETIME * 2)
    for (let number = 0; number < 300; number++) {
      const infoHash = sampleInfoHash(number)
      await announceTo(store, sampleAnnounce({ infoHash, transition: 'completed' }))
      if (number % 2 === 0)
        await announceTo(store, sampleAnnounce({ infoHash, address: address('2001:db8::1') }))
      if (number % 3 === 0)
        await announceTo(store, sampleAnnounce({ infoHash, port: 2000, transition: 'partial' }))
    }
    const listed = new Map<string, SwarmEntry>()
    for await (const page of store.swarms())
      for (const entry of page) listed.set(entry.infoHash, entry)
    assert.equal(listed.size, 300)
    for (let number = 0; number < 300; number++) {
      const infoHash = sampleInfoHash(number)
      const ipv6 = number % 2 === 0 ? 1 : 0
      const ipv4 = number % 3 === 0 ? 1 : 0
      const expected = {
        infoHash,
        seeders: counts(store, 1, 0),
        leechers: counts(store, ipv4, ipv6),
        downloaded: 1,
      }
      assert.deepEqual(listed.get(infoHash), expected)
    }
  })
}
