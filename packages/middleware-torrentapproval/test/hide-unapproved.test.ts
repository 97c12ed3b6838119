import { Tracker, type PeerStore } from '@chihaya/core'
import { EntryList } from '@chihaya/core/lists'
import {
  announceTo,
  ModelPeerStore,
  sampleAnnounce,
  sampleInfoHash,
  scrapeFrom,
} from '@chihaya/core/testing'
import { describe, expect, test } from 'vitest'
import { hideUnapproved } from '../src/torrent-approval.ts'
import { infoHashList } from '../src/info-hash-list.ts'
import { TorrentApproval } from '../src/torrent-approval.ts'

const KNOWN = sampleInfoHash(1)
const OTHER = sampleInfoHash(2)
const UNKNOWN = sampleInfoHash(3)
const SCRAPED = [KNOWN, OTHER, UNKNOWN, KNOWN]

const log = { error: expect.fail.bind(expect), warn: expect.fail.bind(expect) }

/** A store with one leecher in each of two swarms, which answers at once or later. */
async function storeOf(later: boolean): Promise<PeerStore> {
  const store = new ModelPeerStore({ peerLifetime: 60_000, now: () => 0 })
  for (const infoHash of [KNOWN, OTHER]) announceTo(store, sampleAnnounce({ infoHash }))
  if (!later) return store
  return {
    announce: (announce, answer) => store.announce(announce, answer),
    scrape: async (scrape, answer) => store.scrape(scrape, answer),
    stats: () => store.stats(),
  }
}

function approval(): TorrentApproval {
  return new TorrentApproval(new EntryList(infoHashList.create(0), infoHashList.create(0)), false)
}

describe.each([false, true])('a scrape of a store that answers %s', (later) => {
  test('has zeros for the unapproved', async () => {
    const store = await storeOf(later)
    const torrents = approval()
    const tracker = new Tracker({ store, log })
    tracker.addHook('onScrape', hideUnapproved(torrents))
    const leechers = async (): Promise<number[]> =>
      (await scrapeFrom(tracker, SCRAPED)).map(({ incomplete }) => incomplete)
    expect(await leechers()).toEqual([1, 1, 0, 1])
    torrents.deny(KNOWN)
    expect(await leechers()).toEqual([0, 1, 0, 0])
  })
})

describe('a scrape that another hook has answered', () => {
  test.each(['skipResponse', 'skipSwarmInteraction'] as const)(
    'with %s keeps its answer for the approved',
    async (flag) => {
      const store = await storeOf(false)
      const torrents = approval()
      torrents.deny(KNOWN)
      const tracker = new Tracker({ store, log })
      tracker.addHook('preScrape', (_scrape, answer, context) => {
        for (const index of [0, 1]) answer.set(index, 7, 7, 7, 7)
        context[flag] = true
      })
      tracker.addHook('onScrape', hideUnapproved(torrents))
      const rows = await scrapeFrom(tracker, SCRAPED)
      expect(rows.map(({ complete }) => complete)).toEqual([0, 7, 0, 0])
    },
  )
})
