import assert from 'node:assert/strict'
import {
  address,
  announceTo,
  sampleAnnounce,
  sampleInfoHash,
  samplePeerId,
  scrapeFrom,
} from '../sample.ts'
import { counters, counts, endpoints, LIFETIME, type Check } from './check.ts'

export function checkExpiry(check: Check): void {
  check('forgets a peer that has not announced for its lifetime', async (store, { advance }) => {
    await announceTo(store, sampleAnnounce({ transition: 'seeder' }))
    await advance(LIFETIME - 5_000)
    await announceTo(store, sampleAnnounce({ port: 2000, peerId: samplePeerId(2) }))
    await advance(10_000)
    const view = await announceTo(store, sampleAnnounce({ address: address('10.0.0.2') }))
    assert.deepEqual(
      [view.complete, view.incomplete, endpoints(view.peers)],
      [0, 2, ['10.0.0.1:2000']],
    )
  })

  check('treats an expired peer as a new one', async (store, { advance }) => {
    await announceTo(store, sampleAnnounce({ transition: 'completed' }))
    await advance(LIFETIME - 5_000)
    await announceTo(store, sampleAnnounce({ port: 2000, peerId: samplePeerId(2) }))
    await advance(10_000)
    assert.deepEqual(
      counters(await announceTo(store, sampleAnnounce({ transition: 'completed' }))),
      [1, 1, 2],
    )
  })

  check('keeps a peer that goes on announcing', async (store, { advance }) => {
    for (let round = 0; round < 5; round++) {
      await announceTo(store, sampleAnnounce())
      await advance(LIFETIME - 10_000)
    }
    assert.equal((await scrapeFrom(store, [sampleInfoHash(1)], 'ipv4'))[0]?.incomplete, 1)
  })

  check('does not store a peer that only looks', async (store, { advance }) => {
    await announceTo(store, sampleAnnounce())
    await advance(LIFETIME - 10_000)
    await announceTo(store, sampleAnnounce({ transition: 'unchanged' }))
    await advance(20_000)
    assert.equal((await scrapeFrom(store, [sampleInfoHash(1)], 'ipv4'))[0]?.incomplete, 0)
  })

  check('forgets swarms without peers', async (store, { advance }) => {
    for (let number = 0; number < 500; number++)
      await announceTo(store, sampleAnnounce({ infoHash: sampleInfoHash(number) }))
    assert.equal((await store.stats()).swarms, 500)
    await advance(LIFETIME * 2)
    assert.deepEqual(await store.stats(), {
      swarms: 0,
      seeders: counts(store, 0, 0),
      leechers: counts(store, 0, 0),
    })
  })
}
