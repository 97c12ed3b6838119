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
import { counters, endpoints, type Check } from './check.ts'

/** For stores that can evict. */
export function checkEviction(check: Check): void {
  const IPV6 = address('2001:db8::1')
  const fill = async (store: PeerStore): Promise<void> => {
    for (const number of [1, 2]) {
      for (const [port, transition] of [
        [1001, 'seeder'],
        [1002, 'leecher'],
        [1003, 'completed'],
      ] as const) {
        const changes = {
          infoHash: sampleInfoHash(number),
          port,
          peerId: samplePeerId(port),
          transition,
        }
        await announceTo(store, sampleAnnounce(changes))
        await announceTo(store, sampleAnnounce({ ...changes, address: IPV6 }))
      }
    }
  }
  const totals = async (store: PeerStore): Promise<number[]> => {
    const { swarms, seeders, leechers } = await store.stats()
    return [swarms, seeders.ipv4, seeders.ipv6, leechers.ipv4, leechers.ipv6]
  }

  check('evicts the peers of an infohash, and its swarm with them', async (store) => {
    if (store.evict === undefined) return
    await fill(store)
    const refused = sampleInfoHash(1)
    assert.equal(await store.evict({ infoHash: (infoHash) => infoHash === refused }), 6)
    assert.deepEqual(await totals(store), [1, 2, 2, 1, 1])
    const entries = await scrapeFrom(store, [refused, sampleInfoHash(2)], 'ipv4')
    assert.deepEqual(
      entries.map(({ complete, incomplete }) => [complete, incomplete]),
      [
        [0, 0],
        [2, 1],
      ],
    )
  })

  check('evicts the peers of an address, and gives them to nobody', async (store) => {
    if (store.evict === undefined) return
    await fill(store)
    assert.equal(
      await store.evict({ address: (bytes) => bytes.length === 16 && bytes[15] === 1 }),
      6,
    )
    assert.deepEqual(await totals(store), [2, 4, 0, 2, 0])
    const { peers } = await announceTo(store, sampleAnnounce({ address: address('2001:db8::2') }))
    assert.deepEqual(endpoints(peers), [])
  })

  check('evicts the peers of a peer id, where it keeps peer ids', async (store) => {
    if (store.evict === undefined) return
    await fill(store)
    const refused = samplePeerId(1002)
    const evicted = await store.evict({ peerId: (peerId) => peerId === refused })
    if (evicted === 0) return
    assert.equal(evicted, 4)
    assert.deepEqual(await totals(store), [2, 4, 4, 0, 0])
  })

  check('evicts only matching peers, which may come back', async (store) => {
    if (store.evict === undefined) return
    await fill(store)
    assert.equal(await store.evict({}), 0)
    assert.equal(
      await store.evict({ infoHash: () => false, address: () => false, peerId: () => false }),
      0,
    )
    assert.equal(await store.evict({ address: () => true }), 12)
    assert.deepEqual(await totals(store), [0, 0, 0, 0, 0])
    assert.deepEqual(
      counters(await announceTo(store, sampleAnnounce({ port: 1002 }))).slice(0, 2),
      [0, 1],
    )
  })
}
