import type { Announce, Answer, PeerStore } from '@chihaya/core'
import {
  type AnnounceChanges,
  changedAnnounce,
  ModelPeerStore,
  samplePeerId,
  sampleScrape,
  testPeerStore,
} from '@chihaya/core/testing'
import { describe, expect, test } from 'vitest'
import { storeWith } from './setup.ts'

/** What a faulty store does to a good one. */
type Fault = (store: ModelPeerStore) => Partial<PeerStore>

/**
 * The names of the tests that a store with this fault fails, and how many stores were opened and
 * not closed.
 */
async function failures(fault: Fault): Promise<{ failed: string[]; open: number }> {
  const failed: string[] = []
  let open = 0
  const tests: Array<[name: string, run: () => Promise<void>]> = []
  testPeerStore({
    test: (name, run) => void tests.push([name, run]),
    createStore: ({ peerLifetime }) => {
      let clock = 0
      open++
      const now = (): number => clock
      const good = new ModelPeerStore({ peerLifetime, now, storeWebrtcPeers: true })
      return {
        store: storeWith(fault(good), good),
        advance: (ms) => void (clock += ms),
        close: () => void open--,
      }
    },
  })
  for (const [name, run] of tests) {
    // oxlint-disable-next-line no-await-in-loop
    await run().catch(() => failed.push(name))
  }
  return { failed, open }
}

/** A store that changes the answers to announces. */
function answering(change: (answer: Answer, announce: Announce) => void): Fault {
  return (store) => ({
    announce: (announce, answer) => {
      store.announce(announce, answer)
      change(answer, announce)
    },
  })
}

/** A store that is told of other announces than were made. */
function told(changes: (announce: Announce) => AnnounceChanges): Fault {
  return (store) => ({
    announce: (announce, answer) => {
      if (announce.transition !== 'stopped') answer.want = changes(announce).numWant ?? answer.want
      store.announce(changedAnnounce(announce, { ...changes(announce) }), answer)
    },
  })
}

describe('the peer store suite', () => {
  test('passes a good store, and closes what it opened', async () => {
    expect(await failures(() => ({}))).toEqual({ failed: [], open: 0 })
  })

  test.each<[fault: string, Fault, failed: string]>([
    [
      'does not count the announcer',
      answering((answer) => void (answer.incomplete = Math.max(0, answer.incomplete - 1))),
      'counts the announcer in its own answer',
    ],
    [
      'forgets downloads',
      answering((answer) => void (answer.downloaded = 0)),
      'counts a completed peer it has never seen',
    ],
    [
      'does not tell what a peer was before',
      answering((answer) => void (answer.before = 'leecher')),
      'reports the former state of a peer',
    ],
    [
      'gives no peers',
      answering((answer) => void (answer.peers.count = 0)),
      'gives the other peers, and never the announcer',
    ],
    [
      'gives the announcer itself',
      answering(({ peers }, { address, port }) => {
        peers.count = 0
        peers.add(address, port)
      }),
      'gives the other peers, and never the announcer',
    ],
    [
      'gives more than it should',
      (store) => ({
        announce: (announce, answer) => {
          store.announce(announce, Object.assign(answer, { want: answer.peers.capacity }))
        },
      }),
      'gives at most numWant peers, and none when it is 0 or the peer stops',
    ],
    [
      'gives seeders to seeders',
      told(() => ({ leechersOnly: false })),
      'gives a leecher seeders and leechers, and a seeder leechers alone when asked so',
    ],
    [
      'gives private peers to all',
      told(() => ({ publicOnly: false })),
      'withholds private peers from public ones',
    ],
    [
      'stores those who only look',
      told(({ transition }) => (transition === 'unchanged' ? { transition: 'leecher' } : {})),
      'creates nothing for an unknown peer that stops or only looks',
    ],
    [
      'takes partial seeds for leechers',
      told(({ transition }) => (transition === 'partial' ? { transition: 'leecher' } : {})),
      'scrapes in the requested order, including repeats and unknown infohashes',
    ],
    [
      'leaves rows out in scrapes',
      () => ({ scrape: () => undefined }),
      'scrapes in the requested order, including repeats and unknown infohashes',
    ],
    [
      'scrapes one family for both',
      (store) => ({
        scrape: ({ infoHashes }, answer) => store.scrape(sampleScrape(infoHashes), answer),
      }),
      'scrapes one family only',
    ],
    [
      'takes every client for another one',
      told(() => ({ key: 0 })),
      'counts one download of a client that completes over both families',
    ],
    [
      'takes the key alone for the client',
      told(() => ({ peerId: samplePeerId(1) })),
      'counts clients with another peer id or key, or without a key, separately',
    ],
    ['forgets owners', told(() => ({ owner: 0 })), 'gives nobody a peer of the same owner'],
    [
      'takes some owners for nobody',
      told(({ owner }) => ({ owner: owner === 7 ? 7 : 0 })),
      'evicts the peers of an owner',
    ],
    [
      'takes WebRTC peers for those of an address',
      told(({ handle }) => ({ handle: 0, port: (handle % 60_000) + 2 })),
      'keeps WebRTC peers apart from peers with an address',
    ],
    [
      'gives peers to one that stops',
      (store) => ({
        announce: (announce, answer) => {
          store.announce(announce, answer)
          if (announce.transition === 'stopped') answer.peers.add(announce.address, announce.port)
        },
      }),
      'gives at most numWant peers, and none when it is 0 or the peer stops',
    ],
    [
      'holds on to announces',
      (store) => {
        let held: Announce | undefined
        return {
          announce: (announce, answer) => {
            void held?.peerId
            held = announce
            store.announce(announce, answer)
          },
        }
      },
      'keeps nothing that it borrowed from an announce',
    ],
    [
      'evicts nobody',
      () => ({ evict: () => 0 }),
      'evicts the peers of an address, and gives them to nobody',
    ],
    [
      'lists nothing',
      () => ({
        swarms: async function* () {
          yield []
        },
      }),
      'lists every swarm that has peers, with its counters',
    ],
    [
      'reports empty swarms',
      (store) => ({ stats: () => ({ ...store.stats(), swarms: 1 }) }),
      'creates nothing by scraping',
    ],
  ])('fails a store that %s', async (_fault, fault, name) => {
    const { failed, open } = await failures(fault)
    expect(failed).toContain(name)
    expect(open).toBe(0)
  })
})
