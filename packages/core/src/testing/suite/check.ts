import { formatAddress, readCompactPeers } from '@chihaya/bittorrent'
import type { Answer } from '../../announce/answer.ts'
import type { NetworkCounts } from '../../announce/network.ts'
import type { PeerList } from '../../announce/peer-list.ts'
import type { PeerStore } from '../../store/peer-store.ts'

export interface StoreUnderTest {
  readonly store: PeerStore
  /** Advances the store's clock by `milliseconds`, and lets peers expire. */
  readonly advance: (milliseconds: number) => void | Promise<void>
  close?(): void | Promise<void>
}

/** Registers one test of the suite, with a fresh store. */
export type Check = (
  name: string,
  run: (store: PeerStore, under: StoreUnderTest) => Promise<void>,
) => void

/** The peer lifetime in the suite, in milliseconds. */
export const LIFETIME = 60_000

/** Peers of an answer as `address:port`, sorted. */
export function endpoints(peers: Pick<PeerList, 'endpoints' | 'family'>): string[] {
  return readCompactPeers(peers.endpoints, peers.family)
    .map((peer) => `${formatAddress(peer.address)}:${peer.port}`)
    .sort()
}

/** Expected peers by network, in the form that the store reports them. */
export function counts(store: PeerStore, ipv4: number, ipv6: number): NetworkCounts {
  return store.keepsWebRtcPeers === true ? { ipv4, ipv6, webrtc: 0 } : { ipv4, ipv6 }
}

export function counters(view: Answer): [complete: number, incomplete: number, downloaded: number] {
  return [view.complete, view.incomplete, view.downloaded]
}
