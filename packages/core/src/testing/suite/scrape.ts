import assert from 'node:assert/strict'
import { type ScrapeEntry } from '@chihaya/bittorrent'
import { sampleAnnounce, sampleInfoHash } from '../sample.ts'
import { type Check } from './check.ts'

export function checkScrape(check: Check): void {
  const none: ScrapeEntry = { complete: 0, incomplete: 0, downloaders: 0, downloaded: 0 }

  check('scrapes in the order asked for, repeats and strangers included', async (store) => {
    await store.announce(sampleAnnounce({ transition: 'completed' }))
    await store.announce(sampleAnnounce({ port: 2000, transition: 'partial' }))
    await store.announce(sampleAnnounce({ port: 3000 }))
    const known = { complete: 1, incomplete: 2, downloaders: 1, downloaded: 1 }
    const asked = [sampleInfoHash(9), sampleInfoHash(1), sampleInfoHash(1)]
    assert.deepEqual(await store.scrape(asked, 'ipv4'), [none, known, known])
    assert.deepEqual(await store.scrape([], 'ipv4'), [])
  })

  check('creates nothing by scraping', async (store) => {
    for (let number = 0; number < 1000; number++) await store.scrape([sampleInfoHash(number)], 'ipv4')
    assert.equal((await store.stats()).swarms, 0)
  })

  check('keeps infohashes of any bytes apart', async (store) => {
    const odd = ['*?[]\r\n\0:{}'.padEnd(20, '\xff'), '\0'.repeat(20), '\xff'.repeat(20), '__proto__'.padEnd(20, '_')]
    for (const [index, text] of odd.entries()) {
      const infoHash = text as ReturnType<typeof sampleInfoHash>
      for (let port = 1001; port <= 1001 + index; port++) await store.announce(sampleAnnounce({ infoHash, port }))
    }
    const entries = await store.scrape(odd as Array<ReturnType<typeof sampleInfoHash>>, 'ipv4')
    assert.deepEqual(
      entries.map((entry) => entry.incomplete),
      [1, 2, 3, 4],
    )
  })
}
