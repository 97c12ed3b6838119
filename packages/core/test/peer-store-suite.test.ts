import { NO_PEERS, onePeer } from '@chihaya/bittorrent'
import type { PeerStore, SwarmView } from '@chihaya/core'
import { ModelPeerStore, samplePeerId, testPeerStore } from '@chihaya/core/testing'
import { describe, expect, test } from 'vitest'
import { storeWith } from './setup.ts'

/** What a faulty store does to a good one. */
type Fault = (store: ModelPeerStore) => Partial<PeerStore>

/** The names of the tests that a store with this fault fails, and how many stores were opened and not closed. */
async function failures(fault: Fault): Promise<{ failed: string[]; open: number }> {
  const failed: string[] = []
  let open = 0
  const tests: Array<[name: string, run: () => Promise<void>]> = []
  testPeerStore({
    test: (name, run) => void tests.push([name, run]),
    createStore: ({ peerLifetime }) => {
      let clock = 0
      open++
      const good = new ModelPeerStore({ peerLifetime, now: () => clock })
      return { store: storeWith(fault(good), good), advance: (ms) => void (clock += ms), close: () => void open-- }
    },
  })
  for (const [name, run] of tests) {
    // oxlint-disable-next-line no-await-in-loop
    await run().catch(() => failed.push(name))
  }
  return { failed, open }
}

/** A store that answers announces with something else. */
function answering(change: (view: SwarmView) => SwarmView): Fault {
  return (store) => ({ announce: (announce) => change(store.announce(announce)) })
}

describe('the peer store suite', () => {
  test('passes a good store, and closes what it opened', async () => {
    expect(await failures(() => ({}))).toEqual({ failed: [], open: 0 })
  })

  test.each<[fault: string, Fault, failed: string]>([
    [
      'does not count the announcer',
      answering((view) => ({ ...view, incomplete: Math.max(0, view.incomplete - 1) })),
      'counts the announcer in its own answer',
    ],
    ['forgets downloads', answering((view) => ({ ...view, downloaded: 0 })), 'counts a completed peer it has never seen'],
    [
      'gives no peers',
      answering((view) => ({ ...view, peers: NO_PEERS.ipv4 })),
      'gives the other peers, and never the announcer',
    ],
    [
      'gives the announcer itself',
      (store) => ({ announce: (announce) => ({ ...store.announce(announce), peers: onePeer(announce.address, announce.port) }) }),
      'gives the other peers, and never the announcer',
    ],
    [
      'gives more than it should',
      (store) => ({ announce: (announce) => store.announce({ ...announce, numWant: 200 }) }),
      'gives at most numWant peers, and none when it is 0 or the peer stops',
    ],
    [
      'gives seeders to seeders',
      (store) => ({ announce: (announce) => store.announce({ ...announce, leechersOnly: false }) }),
      'gives a leecher seeders and leechers, and a seeder leechers alone when asked so',
    ],
    [
      'gives private peers to all',
      (store) => ({ announce: (announce) => store.announce({ ...announce, publicOnly: false }) }),
      'withholds private peers where only public ones are of use',
    ],
    [
      'stores those who only look',
      (store) => ({
        announce: (announce) =>
          store.announce({ ...announce, transition: announce.transition === 'unchanged' ? 'leecher' : announce.transition }),
      }),
      'creates nothing for a stranger that stops or only looks',
    ],
    [
      'takes partial seeds for leechers',
      (store) => ({
        announce: (announce) =>
          store.announce({ ...announce, transition: announce.transition === 'partial' ? 'leecher' : announce.transition }),
      }),
      'scrapes in the order asked for, repeats and strangers included',
    ],
    [
      'leaves out strangers in scrapes',
      (store) => ({ scrape: (infoHashes, family) => store.scrape(infoHashes, family).filter((entry) => entry.incomplete > 0) }),
      'scrapes in the order asked for, repeats and strangers included',
    ],
    [
      'scrapes one family for both',
      (store) => ({ scrape: (infoHashes) => store.scrape(infoHashes, 'ipv4') }),
      'scrapes one family alone',
    ],
    [
      'takes every client for another one',
      (store) => ({ announce: (announce) => store.announce({ ...announce, key: undefined }) }),
      'counts one download of a client that completes over both families',
    ],
    [
      'takes the key alone for the client',
      (store) => ({ announce: (announce) => store.announce({ ...announce, peerId: samplePeerId(1) }) }),
      'counts clients apart whose peer id or key differs, or that sent no key',
    ],
    ['evicts nobody', () => ({ evict: () => 0 }), 'evicts the peers of an address, and gives them to nobody'],
    [
      'lists nothing',
      () => ({
        swarms: async function* () {
          yield []
        },
      }),
      'lists every swarm that has peers, with its counters',
    ],
    ['reports empty swarms', (store) => ({ stats: () => ({ ...store.stats(), swarms: 1 }) }), 'creates nothing by scraping'],
  ])('fails a store that %s', async (_fault, fault, name) => {
    const { failed, open } = await failures(fault)
    expect(failed).toContain(name)
    expect(open).toBe(0)
  })
})
