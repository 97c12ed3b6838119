import assert from 'node:assert/strict'
import type { PeerStore } from '../../store/peer-store.ts'
import { address, announceTo, sampleAnnounce, samplePeerId } from '../sample.ts'
import { endpoints, type Check } from './check.ts'

/** For stores that keep owners. */
export function checkOwners(check: Check): void {
  const ALICE = 7
  const BOB = 0xffff_ffff
  /** Two peers each of Alice, Bob and nobody. */
  const fill = async (store: PeerStore): Promise<void> => {
    for (const [port, owner] of [
      [1001, ALICE],
      [1002, ALICE],
      [2001, BOB],
      [2002, BOB],
      [3001, 0],
      [3002, 0],
    ] as const) {
      const transition = port % 2 === 0 ? 'seeder' : 'leecher'
      await announceTo(
        store,
        sampleAnnounce({ port, owner, peerId: samplePeerId(port), transition }),
      )
    }
  }
  const ports = (...numbers: number[]): string[] => numbers.map((port) => `10.0.0.1:${port}`)
  const own = { address: address('10.0.0.2') }

  check('gives nobody a peer of the same owner', async (store) => {
    if (store.keepsOwners !== true) return
    await fill(store)
    for (const [owner, others] of [
      [ALICE, ports(2001, 2002, 3001, 3002)],
      [BOB, ports(1001, 1002, 3001, 3002)],
      [0, ports(1001, 1002, 2001, 2002, 3001, 3002)],
    ] as const) {
      const changes = { ...own, owner, transition: 'unchanged' } as const
      for (const wantsPeerIds of [false, true]) {
        const answer = await announceTo(store, sampleAnnounce({ ...changes, wantsPeerIds }))
        assert.deepEqual(endpoints(answer.peers), others)
        // They are counted like any other.
        assert.deepEqual([answer.complete, answer.incomplete], [3, 3])
      }
      const leechers = sampleAnnounce({ ...changes, leechersOnly: true })
      const odd = others.filter((endpoint) => /[13579]$/.test(endpoint))
      assert.deepEqual(endpoints((await announceTo(store, leechers)).peers), odd)
    }
  })

  check('gives as many peers of others as it can beside a crowd of one owner', async (store) => {
    if (store.keepsOwners !== true) return
    for (let port = 2; port <= 301; port++) {
      const owner = port % 10 === 0 ? BOB : ALICE
      await announceTo(store, sampleAnnounce({ port, owner, peerId: samplePeerId(port) }))
    }
    for (const numWant of [1, 10, 30, 50]) {
      const announce = sampleAnnounce({ ...own, owner: ALICE, numWant, transition: 'unchanged' })
      const given = endpoints((await announceTo(store, announce)).peers)
      assert.equal(given.length, Math.min(numWant, 30))
      assert.equal(new Set(given).size, given.length)
      assert.ok(given.every((endpoint) => endpoint.endsWith('0')))
    }
  })

  check('takes the owner of a peer from its last announce', async (store) => {
    if (store.keepsOwners !== true) return
    const seenByAlice = async (): Promise<string[]> => {
      const changes = { ...own, owner: ALICE, transition: 'unchanged' } as const
      return endpoints((await announceTo(store, sampleAnnounce(changes))).peers)
    }
    await announceTo(store, sampleAnnounce({ owner: ALICE }))
    assert.deepEqual(await seenByAlice(), [])
    await announceTo(store, sampleAnnounce({ owner: BOB }))
    assert.deepEqual(await seenByAlice(), ports(6881))
    await announceTo(store, sampleAnnounce({ owner: ALICE, transition: 'completed' }))
    assert.deepEqual(await seenByAlice(), [])
    await announceTo(store, sampleAnnounce({ transition: 'completed' }))
    assert.deepEqual(await seenByAlice(), ports(6881))
  })

  check('keeps owners with their peers as others come and go', async (store) => {
    if (store.keepsOwners !== true) return
    const peer = (port: number): Parameters<typeof sampleAnnounce>[0] => ({
      port,
      peerId: samplePeerId(port),
      owner: port % 3 === 0 ? ALICE : BOB,
    })
    for (let port = 1001; port <= 1100; port++) await announceTo(store, sampleAnnounce(peer(port)))
    for (let port = 1001; port <= 1100; port++)
      if (port % 4 !== 0)
        await announceTo(store, sampleAnnounce({ ...peer(port), transition: 'stopped' }))
    const left = Array.from({ length: 25 }, (_, index) => 1004 + index * 4)
    const announce = sampleAnnounce({ ...own, owner: ALICE, transition: 'unchanged' })
    const { peers } = await announceTo(store, announce)
    assert.deepEqual(endpoints(peers), ports(...left.filter((port) => port % 3 !== 0)))
  })

  check('evicts the peers of an owner', async (store) => {
    if (store.keepsOwners !== true || store.evict === undefined) return
    await fill(store)
    const asked = new Set<number>()
    const owner = (number: number): boolean => asked.add(number) && number === BOB
    assert.equal(await store.evict({ owner }), 2)
    assert.deepEqual(asked, new Set([ALICE, BOB]))
    const { peers } = await announceTo(store, sampleAnnounce({ ...own, transition: 'unchanged' }))
    assert.deepEqual(endpoints(peers), ports(1001, 1002, 3001, 3002))
  })
}
