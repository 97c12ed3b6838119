import assert from 'node:assert/strict'
import type { Transition } from '../../announce/transition.ts'
import { address, announceTo, sampleAnnounce, sampleInfoHash, samplePeerId } from '../sample.ts'
import { counters, endpoints, type Check } from './check.ts'

export function checkTransitions(check: Check): void {
  check('counts the announcer in its own answer', async (store) => {
    assert.deepEqual(counters(await announceTo(store, sampleAnnounce())), [0, 1, 0])
    assert.deepEqual(
      counters(await announceTo(store, sampleAnnounce({ port: 2000, transition: 'seeder' }))),
      [1, 1, 0],
    )
    assert.deepEqual(
      counters(await announceTo(store, sampleAnnounce({ port: 3000, transition: 'partial' }))),
      [1, 2, 0],
    )
  })

  const moves: Array<
    [
      first: Transition,
      second: Transition,
      complete: number,
      incomplete: number,
      downloaded: number,
    ]
  > = [
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
      await announceTo(store, sampleAnnounce({ transition: first }))
      const view = await announceTo(store, sampleAnnounce({ transition: second }))
      assert.deepEqual(counters(view), [complete, incomplete, downloaded])
    })
  }

  check('reports the former state of a peer', async (store) => {
    const transitions = [
      'leecher',
      'leecher',
      'seeder',
      'seeder',
      'partial',
      'partial',
      'completed',
      'completed',
      'leecher',
      'stopped',
      'stopped',
      'leecher',
    ] as const
    const before = []
    for (const transition of transitions)
      before.push((await announceTo(store, sampleAnnounce({ transition }))).before)
    // A store that has to look for it does not tell.
    if (before.every((state) => state === undefined)) return
    const known = ['leecher', 'leecher', 'seeder', 'seeder', 'partial', 'partial', 'seeder']
    assert.deepEqual(before, [undefined, ...known, 'seeder', 'leecher', undefined, undefined])
  })

  check('counts a completed peer it has never seen', async (store) => {
    assert.deepEqual(
      counters(await announceTo(store, sampleAnnounce({ transition: 'completed' }))),
      [1, 0, 1],
    )
  })

  check('creates nothing for an unknown peer that stops or only looks', async (store) => {
    assert.deepEqual(
      counters(await announceTo(store, sampleAnnounce({ transition: 'stopped' }))),
      [0, 0, 0],
    )
    assert.deepEqual(
      counters(await announceTo(store, sampleAnnounce({ transition: 'unchanged' }))),
      [0, 0, 0],
    )
    assert.equal((await store.stats()).swarms, 0)
  })

  check('shows the swarm to a peer that only looks, without counting it', async (store) => {
    await announceTo(store, sampleAnnounce())
    const view = await announceTo(
      store,
      sampleAnnounce({ address: address('10.0.0.2'), port: 0, transition: 'unchanged' }),
    )
    assert.deepEqual([counters(view), endpoints(view.peers)], [[0, 1, 0], ['10.0.0.1:6881']])
  })

  check('identifies a peer by address and port, regardless of its peer id', async (store) => {
    await announceTo(store, sampleAnnounce({ peerId: samplePeerId(1) }))
    const view = await announceTo(store, sampleAnnounce({ peerId: samplePeerId(2) }))
    assert.deepEqual(counters(view), [0, 1, 0])
    const { peers } = await announceTo(
      store,
      sampleAnnounce({ address: address('10.0.0.2'), wantsPeerIds: true }),
    )
    if (peers.peerIds) assert.equal(Buffer.from(peers.peerIds).toString('latin1'), samplePeerId(2))
  })

  check('lets nobody stop a peer at another address', async (store) => {
    await announceTo(store, sampleAnnounce())
    const view = await announceTo(
      store,
      sampleAnnounce({ address: address('10.0.0.2'), transition: 'stopped' }),
    )
    assert.deepEqual(counters(view), [0, 1, 0])
  })

  check('keeps swarms apart', async (store) => {
    await announceTo(store, sampleAnnounce())
    const view = await announceTo(
      store,
      sampleAnnounce({ infoHash: sampleInfoHash(2), port: 2000 }),
    )
    assert.deepEqual(counters(view), [0, 1, 0])
    assert.deepEqual(endpoints(view.peers), [])
  })
}
