import assert from 'node:assert/strict'
import { formatAddress, readCompactPeers, type CompactPeers, type ScrapeEntry } from '@chihaya/bittorrent'
import type { PeerStore, SwarmView, Transition } from '../peer-store.ts'
import { address, sampleAnnounce, sampleInfoHash, samplePeerId } from './sample.ts'

export interface StoreUnderTest {
  readonly store: PeerStore
  /** Lets `milliseconds` pass on the store's clock, expiry included. */
  readonly advance: (milliseconds: number) => void | Promise<void>
  close?(): void | Promise<void>
}

export interface PeerStoreSuite {
  /** `test` of vitest, `node:test` or another runner. */
  readonly test: (name: string, run: () => Promise<void>) => void
  /** A fresh, empty store whose peers live for `peerLifetime` milliseconds. */
  readonly createStore: (options: { peerLifetime: number }) => StoreUnderTest | Promise<StoreUnderTest>
}

const LIFETIME = 60_000

/** Peers of an answer as `address:port`, sorted. */
export function endpoints(peers: CompactPeers): string[] {
  return readCompactPeers(peers.endpoints, peers.family)
    .map((peer) => `${formatAddress(peer.address)}:${peer.port}`)
    .sort()
}

function counters(view: SwarmView): [complete: number, incomplete: number, downloaded: number] {
  return [view.complete, view.incomplete, view.downloaded]
}

/** Registers the tests that a store must pass to keep the `PeerStore` contract. */
export function testPeerStore(suite: PeerStoreSuite): void {
  const check = (name: string, run: (store: PeerStore, under: StoreUnderTest) => Promise<void>): void => {
    suite.test(name, async () => {
      const under = await suite.createStore({ peerLifetime: LIFETIME })
      try {
        await run(under.store, under)
      } finally {
        await under.close?.()
      }
    })
  }
  checkTransitions(check)
  checkSelection(check)
  checkFamilies(check)
  checkScrape(check)
  checkExpiry(check)
}

type Check = (name: string, run: (store: PeerStore, under: StoreUnderTest) => Promise<void>) => void

function checkTransitions(check: Check): void {
  check('counts the announcer in its own answer', async (store) => {
    assert.deepEqual(counters(await store.announce(sampleAnnounce())), [0, 1, 0])
    assert.deepEqual(counters(await store.announce(sampleAnnounce({ port: 2000, transition: 'seeder' }))), [1, 1, 0])
    assert.deepEqual(counters(await store.announce(sampleAnnounce({ port: 3000, transition: 'partial' }))), [1, 2, 0])
  })

  const moves: Array<[first: Transition, second: Transition, complete: number, incomplete: number, downloaded: number]> = [
    ['leecher', 'seeder', 1, 0, 0],
    ['leecher', 'completed', 1, 0, 1],
    ['leecher', 'partial', 0, 1, 0],
    ['leecher', 'leecher', 0, 1, 0],
    ['seeder', 'leecher', 0, 1, 0],
    ['seeder', 'completed', 1, 0, 0],
    ['seeder', 'partial', 0, 1, 0],
    ['partial', 'seeder', 1, 0, 0],
    ['partial', 'completed', 1, 0, 1],
    ['partial', 'leecher', 0, 1, 0],
    ['completed', 'completed', 1, 0, 1],
    ['completed', 'leecher', 0, 1, 1],
    ['leecher', 'stopped', 0, 0, 0],
    ['seeder', 'stopped', 0, 0, 0],
    ['completed', 'stopped', 0, 0, 1],
    ['leecher', 'unchanged', 0, 1, 0],
  ]
  for (const [first, second, complete, incomplete, downloaded] of moves) {
    check(`moves a peer from ${first} to ${second}`, async (store) => {
      await store.announce(sampleAnnounce({ transition: first }))
      const view = await store.announce(sampleAnnounce({ transition: second }))
      assert.deepEqual(counters(view), [complete, incomplete, downloaded])
    })
  }

  check('counts a completed peer it has never seen', async (store) => {
    assert.deepEqual(counters(await store.announce(sampleAnnounce({ transition: 'completed' }))), [1, 0, 1])
  })

  check('creates nothing for a stranger that stops or only looks', async (store) => {
    assert.deepEqual(counters(await store.announce(sampleAnnounce({ transition: 'stopped' }))), [0, 0, 0])
    assert.deepEqual(counters(await store.announce(sampleAnnounce({ transition: 'unchanged' }))), [0, 0, 0])
    assert.equal((await store.stats()).swarms, 0)
  })

  check('shows the swarm to one who only looks, and does not count it', async (store) => {
    await store.announce(sampleAnnounce())
    const view = await store.announce(sampleAnnounce({ address: address('10.0.0.2'), port: 0, transition: 'unchanged' }))
    assert.deepEqual([counters(view), endpoints(view.peers)], [[0, 1, 0], ['10.0.0.1:6881']])
  })

  check('knows a peer by address and port, whatever its peer id', async (store) => {
    await store.announce(sampleAnnounce({ peerId: samplePeerId(1) }))
    const view = await store.announce(sampleAnnounce({ peerId: samplePeerId(2) }))
    assert.deepEqual(counters(view), [0, 1, 0])
    const { peers } = await store.announce(sampleAnnounce({ address: address('10.0.0.2'), wantsPeerIds: true }))
    if (peers.peerIds) assert.equal(Buffer.from(peers.peerIds).toString('latin1'), samplePeerId(2))
  })

  check('lets nobody stop a peer at another address', async (store) => {
    await store.announce(sampleAnnounce())
    const view = await store.announce(sampleAnnounce({ address: address('10.0.0.2'), transition: 'stopped' }))
    assert.deepEqual(counters(view), [0, 1, 0])
  })

  check('keeps swarms apart', async (store) => {
    await store.announce(sampleAnnounce())
    const view = await store.announce(sampleAnnounce({ infoHash: sampleInfoHash(2), port: 2000 }))
    assert.deepEqual(counters(view), [0, 1, 0])
    assert.deepEqual(endpoints(view.peers), [])
  })
}

function checkSelection(check: Check): void {
  check('gives the other peers, and never the announcer', async (store) => {
    for (const port of [1001, 1002, 1003]) {
      await store.announce(sampleAnnounce({ port, peerId: samplePeerId(port) }))
    }
    const view = await store.announce(sampleAnnounce({ port: 1002, peerId: samplePeerId(1002) }))
    assert.deepEqual(endpoints(view.peers), ['10.0.0.1:1001', '10.0.0.1:1003'])
  })

  check('leaves out the same peer id at the same address, not at another', async (store) => {
    await store.announce(sampleAnnounce({ port: 1001 }))
    await store.announce(sampleAnnounce({ port: 1001, address: address('10.0.0.2') }))
    const view = await store.announce(sampleAnnounce({ port: 1002 }))
    // A store that keeps no peer ids cannot tell.
    const seen = endpoints(view.peers).filter((endpoint) => endpoint !== '10.0.0.1:1001')
    assert.deepEqual(seen, ['10.0.0.2:1001'])
  })

  check('gives a leecher seeders and leechers, and a seeder leechers alone when asked so', async (store) => {
    const peers: Array<[number, Transition]> = [
      [1001, 'seeder'],
      [1002, 'leecher'],
      [1003, 'partial'],
    ]
    for (const [port, transition] of peers) {
      await store.announce(sampleAnnounce({ port, peerId: samplePeerId(port), transition }))
    }
    const own = { address: address('10.0.0.2') }
    assert.equal(endpoints((await store.announce(sampleAnnounce(own))).peers).length, 3)
    const seeder = await store.announce(sampleAnnounce({ ...own, transition: 'seeder', leechersOnly: true }))
    assert.deepEqual(endpoints(seeder.peers), ['10.0.0.1:1002', '10.0.0.1:1003'])
  })

  check('gives at most numWant peers, and none when it is 0 or the peer stops', async (store) => {
    for (let port = 1001; port <= 1100; port++) await store.announce(sampleAnnounce({ port, peerId: samplePeerId(port) }))
    const own = { address: address('10.0.0.2') }
    for (const numWant of [0, 1, 7, 99, 100, 200]) {
      const { peers } = await store.announce(sampleAnnounce({ ...own, numWant }))
      const given = endpoints(peers)
      assert.equal(given.length, Math.min(numWant, 100))
      assert.equal(new Set(given).size, given.length)
    }
    const stopped = await store.announce(sampleAnnounce({ ...own, transition: 'stopped' }))
    assert.deepEqual([endpoints(stopped.peers), stopped.incomplete], [[], 100])
  })

  check('reaches every peer of a swarm in time, seeders and leechers alike', async (store) => {
    for (let port = 1001; port <= 1060; port++) {
      await store.announce(sampleAnnounce({ port, peerId: samplePeerId(port), transition: port % 2 ? 'seeder' : 'leecher' }))
    }
    const seen = new Set<string>()
    for (let round = 0; round < 400 && seen.size < 60; round++) {
      const view = await store.announce(sampleAnnounce({ address: address('10.0.0.2'), numWant: 10 }))
      for (const endpoint of endpoints(view.peers)) seen.add(endpoint)
    }
    assert.equal(seen.size, 60)
  })

  check('withholds ports that cannot be dialled, but counts their peers', async (store) => {
    for (const port of [1, 1001]) await store.announce(sampleAnnounce({ port, peerId: samplePeerId(port) }))
    const view = await store.announce(sampleAnnounce({ address: address('10.0.0.2') }))
    assert.equal(view.incomplete, 3)
    assert.deepEqual(endpoints(view.peers), ['10.0.0.1:1001'])
  })

  check('gives every other port as it is', async (store) => {
    const ports = [2, 255, 256, 1023, 65_535]
    for (const port of ports) await store.announce(sampleAnnounce({ port, peerId: samplePeerId(port) }))
    const { peers } = await store.announce(sampleAnnounce({ address: address('10.0.0.2') }))
    assert.deepEqual(endpoints(peers), ports.map((port) => `10.0.0.1:${port}`).sort())
  })

  check('withholds private peers where only public ones are of use', async (store) => {
    for (const text of ['10.0.0.9', '192.168.1.1', '127.0.0.1', '8.8.8.8'])
      await store.announce(sampleAnnounce({ address: address(text) }))
    const view = await store.announce(sampleAnnounce({ address: address('9.9.9.9'), publicOnly: true }))
    assert.deepEqual(endpoints(view.peers), ['8.8.8.8:6881'])
  })

  check('shares no memory with announces and answers of before', async (store) => {
    const own = address('10.0.0.7')
    await store.announce(sampleAnnounce({ address: own, port: 1001 }))
    own.fill(1)
    const { peers } = await store.announce(sampleAnnounce({ address: address('10.0.0.2') }))
    for (let port = 2001; port <= 2050; port++) await store.announce(sampleAnnounce({ port, peerId: samplePeerId(port) }))
    assert.deepEqual(endpoints(peers), ['10.0.0.7:1001'])
  })

  check('pairs every peer id with its peer', async (store) => {
    for (let port = 1001; port <= 1020; port++) await store.announce(sampleAnnounce({ port, peerId: samplePeerId(port) }))
    const { peers } = await store.announce(sampleAnnounce({ address: address('10.0.0.2'), wantsPeerIds: true }))
    const { peerIds } = peers
    if (peerIds === undefined) return
    for (const [index, peer] of readCompactPeers(peers.endpoints, 'ipv4').entries()) {
      assert.equal(Buffer.from(peerIds.subarray(index * 20, index * 20 + 20)).toString('latin1'), samplePeerId(peer.port))
    }
  })
}

function checkFamilies(check: Check): void {
  check('keeps the families apart', async (store) => {
    await store.announce(sampleAnnounce())
    const view = await store.announce(sampleAnnounce({ address: address('2001:db8::1') }))
    assert.deepEqual(counters(view), [0, 1, 0])
    const other = await store.announce(sampleAnnounce({ address: address('2001:db8::2') }))
    assert.deepEqual(endpoints(other.peers), ['2001:db8::1:6881'])
    assert.deepEqual(await store.stats(), { swarms: 1, seeders: { ipv4: 0, ipv6: 0 }, leechers: { ipv4: 1, ipv6: 2 } })
  })

  check('selects among IPv6 peers by the same rules', async (store) => {
    const own = { address: address('2001:db8::1') }
    for (const [port, transition] of [
      [1, 'leecher'],
      [1001, 'leecher'],
      [1002, 'seeder'],
      [1003, 'partial'],
    ] as const) {
      await store.announce(sampleAnnounce({ ...own, port, peerId: samplePeerId(port), transition }))
    }
    const { peers } = await store.announce(sampleAnnounce({ ...own, port: 1001, peerId: samplePeerId(1001) }))
    assert.deepEqual(endpoints(peers), ['2001:db8::1:1002', '2001:db8::1:1003'])
    const other = { address: address('2606:4700::1'), leechersOnly: true }
    assert.equal(endpoints((await store.announce(sampleAnnounce({ ...other, numWant: 1 }))).peers).length, 1)
    assert.deepEqual(endpoints((await store.announce(sampleAnnounce(other))).peers), ['2001:db8::1:1001', '2001:db8::1:1003'])
    assert.deepEqual(endpoints((await store.announce(sampleAnnounce({ ...other, publicOnly: true }))).peers), [])
  })

  check('scrapes one family alone', async (store) => {
    await store.announce(sampleAnnounce())
    await store.announce(sampleAnnounce({ address: address('2001:db8::1'), transition: 'seeder' }))
    const [ipv4] = await store.scrape([sampleInfoHash(1)], 'ipv4')
    const [ipv6] = await store.scrape([sampleInfoHash(1)], 'ipv6')
    assert.deepEqual([ipv4?.complete, ipv4?.incomplete, ipv6?.complete, ipv6?.incomplete], [0, 1, 1, 0])
  })
}

function checkScrape(check: Check): void {
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

function checkExpiry(check: Check): void {
  check('forgets a peer that has not announced for its lifetime', async (store, { advance }) => {
    await store.announce(sampleAnnounce({ transition: 'seeder' }))
    await advance(LIFETIME - 5_000)
    await store.announce(sampleAnnounce({ port: 2000, peerId: samplePeerId(2) }))
    await advance(10_000)
    const view = await store.announce(sampleAnnounce({ address: address('10.0.0.2') }))
    assert.deepEqual([view.complete, view.incomplete, endpoints(view.peers)], [0, 2, ['10.0.0.1:2000']])
  })

  check('takes a peer that it has forgotten for a new one', async (store, { advance }) => {
    await store.announce(sampleAnnounce({ transition: 'completed' }))
    await advance(LIFETIME - 5_000)
    await store.announce(sampleAnnounce({ port: 2000, peerId: samplePeerId(2) }))
    await advance(10_000)
    assert.deepEqual(counters(await store.announce(sampleAnnounce({ transition: 'completed' }))), [1, 1, 2])
  })

  check('keeps a peer that goes on announcing', async (store, { advance }) => {
    for (let round = 0; round < 5; round++) {
      await store.announce(sampleAnnounce())
      await advance(LIFETIME - 10_000)
    }
    assert.equal((await store.scrape([sampleInfoHash(1)], 'ipv4'))[0]?.incomplete, 1)
  })

  check('does not keep a peer that only looks', async (store, { advance }) => {
    await store.announce(sampleAnnounce())
    await advance(LIFETIME - 10_000)
    await store.announce(sampleAnnounce({ transition: 'unchanged' }))
    await advance(20_000)
    assert.equal((await store.scrape([sampleInfoHash(1)], 'ipv4'))[0]?.incomplete, 0)
  })

  check('forgets swarms whose peers are gone', async (store, { advance }) => {
    for (let number = 0; number < 500; number++) await store.announce(sampleAnnounce({ infoHash: sampleInfoHash(number) }))
    assert.equal((await store.stats()).swarms, 500)
    await advance(LIFETIME * 2)
    assert.deepEqual(await store.stats(), { swarms: 0, seeders: { ipv4: 0, ipv6: 0 }, leechers: { ipv4: 0, ipv6: 0 } })
  })
}
