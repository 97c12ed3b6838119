import assert from 'node:assert/strict'
import { readCompactPeers } from '@chihaya/bittorrent'
import type { Transition } from '../../announce/transition.ts'
import { announceBorrowed } from '../borrowed-announce.ts'
import {
  address,
  announceTo,
  sampleAnnounce,
  sampleInfoHash,
  samplePeerId,
  scrapeFrom,
} from '../sample.ts'
import { counters, counts, endpoints, type Check } from './check.ts'

export function checkSelection(check: Check): void {
  check('gives the other peers, and never the announcer', async (store) => {
    for (const port of [1001, 1002, 1003]) {
      await announceTo(store, sampleAnnounce({ port, peerId: samplePeerId(port) }))
    }
    const view = await announceTo(store, sampleAnnounce({ port: 1002, peerId: samplePeerId(1002) }))
    assert.deepEqual(endpoints(view.peers), ['10.0.0.1:1001', '10.0.0.1:1003'])
  })

  check('leaves out the same peer id at the same address, not at another', async (store) => {
    await announceTo(store, sampleAnnounce({ port: 1001 }))
    await announceTo(store, sampleAnnounce({ port: 1001, address: address('10.0.0.2') }))
    const view = await announceTo(store, sampleAnnounce({ port: 1002 }))
    // A store that keeps no peer ids cannot tell.
    const seen = endpoints(view.peers).filter((endpoint) => endpoint !== '10.0.0.1:1001')
    assert.deepEqual(seen, ['10.0.0.2:1001'])
  })

  check(
    'gives a leecher seeders and leechers, and a seeder leechers alone when asked so',
    async (store) => {
      const peers: Array<[number, Transition]> = [
        [1001, 'seeder'],
        [1002, 'leecher'],
        [1003, 'partial'],
      ]
      for (const [port, transition] of peers) {
        await announceTo(store, sampleAnnounce({ port, peerId: samplePeerId(port), transition }))
      }
      const own = { address: address('10.0.0.2') }
      assert.equal(endpoints((await announceTo(store, sampleAnnounce(own))).peers).length, 3)
      const seeder = await announceTo(
        store,
        sampleAnnounce({ ...own, transition: 'seeder', leechersOnly: true }),
      )
      assert.deepEqual(endpoints(seeder.peers), ['10.0.0.1:1002', '10.0.0.1:1003'])
    },
  )

  check('gives at most numWant peers, and none when it is 0 or the peer stops', async (store) => {
    for (let port = 1001; port <= 1100; port++)
      await announceTo(store, sampleAnnounce({ port, peerId: samplePeerId(port) }))
    const own = { address: address('10.0.0.2') }
    for (const numWant of [0, 1, 7, 99, 100, 200]) {
      const { peers } = await announceTo(store, sampleAnnounce({ ...own, numWant }))
      const given = endpoints(peers)
      assert.equal(given.length, Math.min(numWant, 100))
      assert.equal(new Set(given).size, given.length)
    }
    const stopped = await announceTo(store, sampleAnnounce({ ...own, transition: 'stopped' }))
    assert.deepEqual([endpoints(stopped.peers), stopped.incomplete], [[], 100])
  })

  check('selects every peer of a swarm in the long run, seeders and leechers', async (store) => {
    for (let port = 1001; port <= 1060; port++) {
      await announceTo(
        store,
        sampleAnnounce({
          port,
          peerId: samplePeerId(port),
          transition: port % 2 ? 'seeder' : 'leecher',
        }),
      )
    }
    const seen = new Set<string>()
    for (let round = 0; round < 400 && seen.size < 60; round++) {
      const view = await announceTo(
        store,
        sampleAnnounce({ address: address('10.0.0.2'), numWant: 10 }),
      )
      for (const endpoint of endpoints(view.peers)) seen.add(endpoint)
    }
    assert.equal(seen.size, 60)
  })

  check('withholds ports that cannot be dialled, but counts their peers', async (store) => {
    for (const port of [1, 1001])
      await announceTo(store, sampleAnnounce({ port, peerId: samplePeerId(port) }))
    const view = await announceTo(store, sampleAnnounce({ address: address('10.0.0.2') }))
    assert.equal(view.incomplete, 3)
    assert.deepEqual(endpoints(view.peers), ['10.0.0.1:1001'])
  })

  check('gives every other port unchanged', async (store) => {
    const ports = [2, 255, 256, 1023, 65_535]
    for (const port of ports)
      await announceTo(store, sampleAnnounce({ port, peerId: samplePeerId(port) }))
    const { peers } = await announceTo(store, sampleAnnounce({ address: address('10.0.0.2') }))
    assert.deepEqual(endpoints(peers), ports.map((port) => `10.0.0.1:${port}`).sort())
  })

  check('withholds private peers from public ones', async (store) => {
    for (const text of ['10.0.0.9', '192.168.1.1', '127.0.0.1', '8.8.8.8'])
      await announceTo(store, sampleAnnounce({ address: address(text) }))
    const view = await announceTo(
      store,
      sampleAnnounce({ address: address('9.9.9.9'), publicOnly: true }),
    )
    assert.deepEqual(endpoints(view.peers), ['8.8.8.8:6881'])
  })

  check('keeps nothing that it borrowed from an announce', async (store) => {
    for (const port of [1001, 1002])
      await announceBorrowed(store, { port, peerId: samplePeerId(port), transition: 'completed' })
    const answer = await announceBorrowed(store, { port: 1001, wantsPeerIds: true })
    assert.deepEqual([answer.complete, answer.incomplete, answer.downloaded], [1, 1, 2])
    assert.deepEqual(endpoints(answer.peers), ['10.0.0.1:1002'])
    await announceBorrowed(store, { port: 1002, transition: 'stopped' })
    assert.deepEqual(counters(await announceBorrowed(store, { port: 1001 })), [0, 1, 2])
  })

  check('shares no memory with earlier announces and answers', async (store) => {
    const own = address('10.0.0.7')
    await announceTo(store, sampleAnnounce({ address: own, port: 1001 }))
    own.fill(1)
    const { peers } = await announceTo(store, sampleAnnounce({ address: address('10.0.0.2') }))
    for (let port = 2001; port <= 2050; port++)
      await announceTo(store, sampleAnnounce({ port, peerId: samplePeerId(port) }))
    assert.deepEqual(endpoints(peers), ['10.0.0.7:1001'])
  })

  check('pairs every peer id with its peer', async (store) => {
    for (let port = 1001; port <= 1020; port++)
      await announceTo(store, sampleAnnounce({ port, peerId: samplePeerId(port) }))
    const { peers } = await announceTo(
      store,
      sampleAnnounce({ address: address('10.0.0.2'), wantsPeerIds: true }),
    )
    const { peerIds } = peers
    if (peerIds === undefined) return
    for (const [index, peer] of readCompactPeers(peers.endpoints, 'ipv4').entries()) {
      assert.equal(
        Buffer.from(peerIds.subarray(index * 20, index * 20 + 20)).toString('latin1'),
        samplePeerId(peer.port),
      )
    }
  })
}

export function checkFamilies(check: Check): void {
  check('keeps the families apart', async (store) => {
    await announceTo(store, sampleAnnounce())
    const view = await announceTo(store, sampleAnnounce({ address: address('2001:db8::1') }))
    assert.deepEqual(counters(view), [0, 1, 0])
    const other = await announceTo(store, sampleAnnounce({ address: address('2001:db8::2') }))
    assert.deepEqual(endpoints(other.peers), ['2001:db8::1:6881'])
    assert.deepEqual(await store.stats(), {
      swarms: 1,
      seeders: counts(store, 0, 0),
      leechers: counts(store, 1, 2),
    })
  })

  check('selects among IPv6 peers by the same rules', async (store) => {
    const own = { address: address('2001:db8::1') }
    for (const [port, transition] of [
      [1, 'leecher'],
      [1001, 'leecher'],
      [1002, 'seeder'],
      [1003, 'partial'],
    ] as const) {
      await announceTo(
        store,
        sampleAnnounce({ ...own, port, peerId: samplePeerId(port), transition }),
      )
    }
    const { peers } = await announceTo(
      store,
      sampleAnnounce({ ...own, port: 1001, peerId: samplePeerId(1001) }),
    )
    assert.deepEqual(endpoints(peers), ['2001:db8::1:1002', '2001:db8::1:1003'])
    const other = { address: address('2606:4700::1'), leechersOnly: true }
    assert.equal(
      endpoints((await announceTo(store, sampleAnnounce({ ...other, numWant: 1 }))).peers).length,
      1,
    )
    assert.deepEqual(endpoints((await announceTo(store, sampleAnnounce(other))).peers), [
      '2001:db8::1:1001',
      '2001:db8::1:1003',
    ])
    assert.deepEqual(
      endpoints((await announceTo(store, sampleAnnounce({ ...other, publicOnly: true }))).peers),
      [],
    )
  })

  check('scrapes one family only', async (store) => {
    await announceTo(store, sampleAnnounce())
    await announceTo(
      store,
      sampleAnnounce({ address: address('2001:db8::1'), transition: 'seeder' }),
    )
    const [ipv4] = await scrapeFrom(store, [sampleInfoHash(1)], 'ipv4')
    const [ipv6] = await scrapeFrom(store, [sampleInfoHash(1)], 'ipv6')
    assert.deepEqual(
      [ipv4?.complete, ipv4?.incomplete, ipv6?.complete, ipv6?.incomplete],
      [0, 1, 1, 0],
    )
  })
}
