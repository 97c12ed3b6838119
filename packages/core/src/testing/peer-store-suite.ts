import { LIFETIME, type Check, type StoreUnderTest } from './suite/check.ts'
import { checkDownloads } from './suite/downloads.ts'
import { checkEviction } from './suite/eviction.ts'
import { checkExpiry } from './suite/expiry.ts'
import { checkListing } from './suite/listing.ts'
import { checkOwners } from './suite/owners.ts'
import { checkScrape } from './suite/scrape.ts'
import { checkFamilies, checkSelection } from './suite/selection.ts'
import { checkTransitions } from './suite/transitions.ts'
import { checkWebRtc } from './suite/webrtc.ts'

export interface PeerStoreSuite {
  /** `test` of vitest, `node:test` or another runner. */
  readonly test: (name: string, run: () => Promise<void>) => void
  /** Creates an empty store with a peer lifetime of `peerLifetime` milliseconds. */
  readonly createStore: (options: {
    peerLifetime: number
  }) => StoreUnderTest | Promise<StoreUnderTest>
}

/**
 * Registers the tests that a store must pass to fulfil the `PeerStore` contract. Tests of optional
 * features pass for stores without them.
 */
export function testPeerStore(suite: PeerStoreSuite): void {
  const check: Check = (name, run) => {
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
  checkDownloads(check)
  checkSelection(check)
  checkFamilies(check)
  checkScrape(check)
  checkExpiry(check)
  checkEviction(check)
  checkListing(check)
  checkOwners(check)
  checkWebRtc(check)
}
