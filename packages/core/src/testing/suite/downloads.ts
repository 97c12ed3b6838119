import assert from 'node:assert/strict'
import type { PeerStore } from '../../store/peer-store.ts'
import {
  address,
  announceTo,
  sampleAnnounce,
  sampleInfoHash,
  samplePeerId,
  scrapeFrom,
} from '../sample.ts'
import { LIFETIME, type Check } from './check.ts'

/** `downloaded` counts a client once while it is known. */
export function checkDownloads(check: Check): void {
  const IPV6 = { address: address('2001:db8::1') }
  const KEY = { key: 0x1234_abcd }
  const downloads = async (store: PeerStore): Promise<number | undefined> =>
    (await scrapeFrom(store, [sampleInfoHash(1)], 'ipv4'))[0]?.downloaded

  check('counts one download of a peer that completes again and again', async (store) => {
    for (const transition of [
      'leecher',
      'completed',
      'leecher',
      'completed',
      'partial',
      'completed',
    ] as const) {
      await announceTo(store, sampleAnnounce({ transition }))
    }
    assert.equal(await downloads(store), 1)
  })

  check('counts one download of a peer that leaves and completes again', async (store) => {
    for (const transition of [
      'completed',
      'stopped',
      'completed',
      'leecher',
      'stopped',
      'leecher',
      'completed',
    ] as const) {
      await announceTo(store, sampleAnnounce({ transition }))
    }
    assert.equal(await downloads(store), 1)
  })

  check(
    'remembers that a download was counted for as long as its peer is known',
    async (store, { advance }) => {
      for (const transition of ['completed', 'seeder', 'leecher', 'leecher', 'stopped'] as const) {
        await announceTo(store, sampleAnnounce({ transition }))
        await advance(LIFETIME - 10_000)
      }
      await announceTo(store, sampleAnnounce({ transition: 'completed' }))
      assert.equal(await downloads(store), 1)
    },
  )

  check('counts the downloads of a peer in each torrent', async (store) => {
    for (const number of [1, 2]) {
      const infoHash = sampleInfoHash(number)
      const view = await announceTo(
        store,
        sampleAnnounce({ infoHash, transition: 'completed', ...KEY }),
      )
      assert.equal(view.downloaded, 1)
    }
  })

  check('counts one download of a client that completes over both families', async (store) => {
    for (const transition of ['leecher', 'completed'] as const) {
      await announceTo(store, sampleAnnounce({ ...KEY, transition }))
      await announceTo(store, sampleAnnounce({ ...KEY, ...IPV6, transition }))
    }
    assert.equal(await downloads(store), 1)
    await announceTo(store, sampleAnnounce({ ...KEY, ...IPV6, transition: 'leecher' }))
    await announceTo(store, sampleAnnounce({ ...KEY, ...IPV6, transition: 'completed' }))
    assert.equal(await downloads(store), 1)
  })

  check(
    'counts clients with another peer id or key, or without a key, separately',
    async (store) => {
      const clients = [{ ...KEY }, { key: 7 }, { ...KEY, peerId: samplePeerId(2) }, { key: 0 }, {}]
      for (const [index, client] of clients.entries()) {
        await announceTo(
          store,
          sampleAnnounce({ ...client, port: 2000 + index, transition: 'completed' }),
        )
      }
      assert.equal(await downloads(store), clients.length)
    },
  )

  check(
    'counts no download of one who only looks, stops or seeds from the start',
    async (store) => {
      for (const transition of ['unchanged', 'stopped', 'seeder', 'completed'] as const) {
        await announceTo(store, sampleAnnounce({ ...KEY, transition }))
      }
      assert.equal(await downloads(store), 0)
    },
  )
}
