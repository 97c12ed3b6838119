import type { PeerStore } from '@chihaya/core'

/** The same store with an answer that must be waited for. */
export function asyncStore(store: PeerStore): PeerStore {
  const later = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  return {
    keepsOwners: store.keepsOwners ?? false,
    keepsWebRtcPeers: store.keepsWebRtcPeers ?? false,
    announce: (announce, answer) => later().then(() => store.announce(announce, answer)),
    scrape: (scrape, answer) => later().then(() => store.scrape(scrape, answer)),
    stats: () => later().then(() => store.stats()),
    evict: (rules) => later().then(() => store.evict?.(rules) ?? 0),
    ...(store.swarms && { swarms: store.swarms.bind(store) }),
  }
}
