import assert from 'node:assert/strict'
import type { Transition } from '../../announce/transition.ts'
import type { PeerList } from '../../announce/peer-list.ts'
import {
  address,
  announceTo,
  sampleAnnounce,
  sampleInfoHash,
  samplePeerId,
  scrapeFrom,
  type AnnounceChanges,
} from '../sample.ts'
import { counters, LIFETIME, type Check } from './check.ts'

/** For stores that keep WebRTC peers. */
export function checkWebRtc(check: Check): void {
  const peer = (handle: number, transition: Transition = 'leecher'): AnnounceChanges => ({
    handle,
    port: 0,
    peerId: samplePeerId(handle % 1000),
    transition,
  })
  const handles = (peers: PeerList): number[] =>
    Array.from({ length: peers.count }, (_, index) => peers.handle(index)).sort((a, b) => a - b)
  const ALL = [1, 255, 0x0a00_0001, 0x7f00_0001, 0xffff_ffff]

  check('gives WebRTC peers other WebRTC peers, with any handles', async (store) => {
    if (store.keepsWebRtcPeers !== true) return
    for (const handle of ALL) await announceTo(store, sampleAnnounce(peer(handle)))
    for (const handle of ALL) {
      for (const wantsPeerIds of [false, true]) {
        const answer = await announceTo(store, sampleAnnounce({ ...peer(handle), wantsPeerIds }))
        const others = ALL.filter((other) => other !== handle)
        assert.deepEqual([counters(answer), handles(answer.peers)], [[0, ALL.length, 0], others])
      }
    }
  })

  check('keeps WebRTC peers apart from peers with an address', async (store) => {
    if (store.keepsWebRtcPeers !== true) return
    const bytes = address('10.0.0.1')
    const handle = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
    await announceTo(store, sampleAnnounce())
    await announceTo(store, sampleAnnounce({ address: address('2001:db8::1') }))
    const first = await announceTo(store, sampleAnnounce(peer(handle, 'completed')))
    assert.deepEqual([counters(first), first.peers.count], [[1, 0, 1], 0])
    const dialled = await announceTo(store, sampleAnnounce({ port: 2000, peerId: samplePeerId(2) }))
    assert.deepEqual([counters(dialled), dialled.peers.count], [[0, 2, 1], 1])
    assert.deepEqual(await store.stats(), {
      swarms: 1,
      seeders: { ipv4: 0, ipv6: 0, webrtc: 1 },
      leechers: { ipv4: 2, ipv6: 1, webrtc: 0 },
    })
  })

  check('identifies a WebRTC peer by its handle, and forgets it when it leaves', async (store) => {
    if (store.keepsWebRtcPeers !== true) return
    const elsewhere = { address: address('2001:db8::7'), peerId: samplePeerId(9) }
    await announceTo(store, sampleAnnounce(peer(1)))
    const again = await announceTo(store, sampleAnnounce({ ...peer(1, 'partial'), ...elsewhere }))
    assert.deepEqual(counters(again), [0, 1, 0])
    await announceTo(store, sampleAnnounce(peer(2, 'stopped')))
    assert.deepEqual(
      counters(await announceTo(store, sampleAnnounce(peer(3, 'seeder')))),
      [1, 1, 0],
    )
    await announceTo(store, sampleAnnounce({ ...peer(1, 'stopped'), ...elsewhere }))
    assert.deepEqual(
      counters(await announceTo(store, sampleAnnounce(peer(3, 'stopped')))),
      [0, 0, 0],
    )
    assert.equal((await store.stats()).swarms, 0)
  })

  check(
    'gives a WebRTC seeder leechers alone when asked so, and numWant at most',
    async (store) => {
      if (store.keepsWebRtcPeers !== true) return
      for (let handle = 1; handle <= 60; handle++)
        await announceTo(
          store,
          sampleAnnounce(peer(handle, handle % 2 === 0 ? 'seeder' : 'partial')),
        )
      const seeder = { ...peer(100, 'seeder'), leechersOnly: true }
      const leechers = handles((await announceTo(store, sampleAnnounce(seeder))).peers)
      assert.deepEqual(
        leechers,
        Array.from({ length: 30 }, (_, index) => index * 2 + 1),
      )
      for (const numWant of [0, 7, 60, 100]) {
        const { peers } = await announceTo(store, sampleAnnounce({ ...peer(101), numWant }))
        assert.equal(new Set(handles(peers)).size, Math.min(numWant, 61))
      }
    },
  )

  check('scrapes and lists WebRTC peers', async (store) => {
    if (store.keepsWebRtcPeers !== true) return
    await announceTo(store, sampleAnnounce(peer(1, 'completed')))
    await announceTo(store, sampleAnnounce(peer(2, 'partial')))
    const [webrtc] = await scrapeFrom(store, [sampleInfoHash(1)], 'webrtc')
    assert.deepEqual(webrtc, { complete: 1, incomplete: 1, downloaders: 0, downloaded: 1 })
    const [ipv4] = await scrapeFrom(store, [sampleInfoHash(1)], 'ipv4')
    assert.deepEqual(ipv4, { complete: 0, incomplete: 0, downloaders: 0, downloaded: 1 })
    if (store.swarms === undefined) return
    const listed = []
    for await (const page of store.swarms()) listed.push(...page)
    assert.deepEqual(listed, [
      {
        infoHash: sampleInfoHash(1),
        seeders: { ipv4: 0, ipv6: 0, webrtc: 1 },
        leechers: { ipv4: 0, ipv6: 0, webrtc: 1 },
        downloaded: 1,
      },
    ])
  })

  check('forgets WebRTC peers that have not announced for their lifetime', async (store, under) => {
    if (store.keepsWebRtcPeers !== true) return
    await announceTo(store, sampleAnnounce(peer(1)))
    await under.advance(LIFETIME * 2)
    assert.deepEqual(counters(await announceTo(store, sampleAnnounce(peer(2)))), [0, 1, 0])
  })

  check('evicts WebRTC peers by infohash and peer id, and not by address', async (store) => {
    if (store.keepsWebRtcPeers !== true || store.evict === undefined) return
    for (const handle of [1, 2]) await announceTo(store, sampleAnnounce(peer(handle)))
    assert.equal(await store.evict({ address: () => true }), 0)
    const evicted = await store.evict({ peerId: (peerId) => peerId === samplePeerId(1) })
    assert.ok(evicted <= 1)
    assert.equal(await store.evict({ infoHash: () => true }), 2 - evicted)
    assert.equal((await store.stats()).swarms, 0)
  })
}
