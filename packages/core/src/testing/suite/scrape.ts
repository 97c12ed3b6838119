import assert from 'node:assert/strict'
import { type ScrapeEntry } from '@chihaya/bittorrent'
import { announceTo, sampleAnnounce, sampleInfoHash, scrapeFrom } from '../sample.ts'
import { type Check } from './check.ts'

export function checkScrape(check: Check): void {
  const none: ScrapeEntry = { complete: 0, incomplete: 0, downloaders: 0, downloaded: 0 }

  check(
    'scrapes in the requested order, including repeats and unknown infohashes',
    async (store) => {
      await announceTo(store, sampleAnnounce({ transition: 'completed' }))
      await announceTo(store, sampleAnnounce({ port: 2000, transition: 'partial' }))
      await announceTo(store, sampleAnnounce({ port: 3000 }))
      const known = { complete: 1, incomplete: 2, downloaders: 1, downloaded: 1 }
      const asked = [sampleInfoHash(9), sampleInfoHash(1), sampleInfoHash(1)]
      assert.deepEqual(await scrapeFrom(store, asked, 'ipv4'), [none, known, known])
      assert.deepEqual(await scrapeFrom(store, [], 'ipv4'), [])
    },
  )

  check('creates nothing by scraping', async (store) => {
    for (let number = 0; number < 1000; number++)
      await scrapeFrom(store, [sampleInfoHash(number)], 'ipv4')
    assert.equal((await store.stats()).swarms, 0)
  })

  check('keeps infohashes of any bytes apart', async (store) => {
    const odd = [
      '*?[]\r\n\0:{}'.padEnd(20, '\xff'),
      '\0'.repeat(20),
      '\xff'.repeat(20),
      '__proto__'.padEnd(20, '_'),
    ]
    for (const [index, text] of odd.entries()) {
      const infoHash = text as ReturnType<typeof sampleInfoHash>
      for (let port = 1001; port <= 1001 + index; port++)
        await announceTo(store, sampleAnnounce({ infoHash, port }))
    }
    const entries = await scrapeFrom(store, odd as Array<ReturnType<typeof sampleInfoHash>>, 'ipv4')
    assert.deepEqual(
      entries.map((entry) => entry.incomplete),
      [1, 2, 3, 4],
    )
  })
}
