import { addressFamily, compactLength, type InfoHash, type ScrapeEntry } from '@chihaya/bittorrent'
import type { EvictionRules, FlatAnnounce, PeerStore, StoreStats, SwarmAnnounce, SwarmEntry, SwarmView } from '@chihaya/core'
import { testPeerStore } from '@chihaya/core/testing'
import { MemoryPeerStore, type MemoryStorageOptions } from '@chihaya/storage-memory'
import { describe, test } from 'vitest'

/** Takes every announce and scrape through flat memory, as a frontend does that reads datagrams from a slab. */
class FlatStore implements PeerStore {
  readonly #store: MemoryPeerStore
  readonly #ids = new Uint32Array(10)
  readonly #peers = new Uint16Array(9 * 1000)

  constructor(store: MemoryPeerStore) {
    this.#store = store
  }

  announce(announce: SwarmAnnounce): SwarmView {
    Buffer.from(this.#ids.buffer).write(announce.infoHash + announce.peerId, 'latin1')
    const flat: FlatAnnounce = {
      ...announce,
      key: announce.key ?? 0,
      ids: this.#ids,
      idsAt: 0,
      peers: this.#peers,
      peersAt: 3,
      given: -1,
      complete: -1,
      incomplete: -1,
    }
    this.#store.announceFlat(flat)
    const family = addressFamily(announce.address)
    const endpoints = new Uint8Array(this.#peers.buffer, 6, flat.given * compactLength(family)).slice()
    const [{ downloaded } = { downloaded: 0 }] = this.scrape([announce.infoHash], family)
    return { complete: flat.complete, incomplete: flat.incomplete, downloaded, peers: { family, endpoints, peerIds: undefined } }
  }

  scrape(infoHashes: readonly InfoHash[], family: 'ipv4' | 'ipv6'): ScrapeEntry[] {
    const ids = new Uint32Array(1 + infoHashes.length * 5)
    Buffer.from(ids.buffer).write(infoHashes.join(''), 4, 'latin1')
    const rows = new Uint32Array(infoHashes.length * 3).fill(0xffff_ffff)
    this.#store.scrapeFlat({ ids, idsAt: 1, count: infoHashes.length, family, rows })
    // Partial seeds are not told apart there: UDP has no place for them.
    return this.#store.scrape(infoHashes, family).map(({ downloaders }, index) => {
      const [complete = 0, downloaded = 0, incomplete = 0] = rows.subarray(index * 3, index * 3 + 3)
      return { complete, downloaded, incomplete, downloaders }
    })
  }

  stats(): StoreStats {
    return this.#store.stats()
  }

  async evict(rules: EvictionRules): Promise<number> {
    return this.#store.evict(rules)
  }

  swarms(): AsyncIterable<readonly SwarmEntry[]> {
    return this.#store.swarms()
  }
}

const variants: Array<[name: string, options: MemoryStorageOptions]> = [
  ['the memory store in flat memory', {}],
  ['the memory store in flat memory with a subnet preference', { preferredSubnet: {} }],
]

for (const [name, options] of variants) {
  describe(name, () => {
    testPeerStore({
      test,
      createStore: ({ peerLifetime }) => {
        let clock = 0
        const store = new MemoryPeerStore({ ...options, peerLifetime }, () => clock)
        const advance = (milliseconds: number): void => {
          clock += milliseconds
          while (!store.expire(1));
        }
        return { store: new FlatStore(store), advance }
      },
    })
  })
}
