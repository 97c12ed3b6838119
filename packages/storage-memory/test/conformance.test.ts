import { describe, test } from 'vitest'
import { testPeerStore } from '@chihaya/core/testing'
import { MemoryPeerStore, type MemoryStorageOptions } from '@chihaya/storage-memory'

const variants: Array<[name: string, options: MemoryStorageOptions]> = [
  ['the memory store', {}],
  ['the memory store without peer ids', { storePeerIds: false }],
  ['the memory store with owners', { storeOwners: true }],
  ['the memory store with owners, without peer ids', { storeOwners: true, storePeerIds: false }],
  ['the memory store with WebRTC peers', { storeWebrtcPeers: true }],
  [
    'the memory store with WebRTC peers, owners and a subnet preference',
    { storeWebrtcPeers: true, storeOwners: true, preferredSubnet: { ipv4: 24 } },
  ],
  ['the memory store with a subnet preference', { preferredSubnet: { ipv4: 24, ipv6: 64 } }],
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
        return { store, advance }
      },
    })
  })
}
