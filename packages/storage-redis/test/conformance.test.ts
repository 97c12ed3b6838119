import { describe, test } from 'vitest'
import { testPeerStore } from '@chihaya/core/testing'
import type { RedisStorageOptions } from '@chihaya/storage-redis'
import { SharedServer } from './shared-server.ts'
import { counted, storeOnClock } from './stores.ts'

const shared = new SharedServer()

const variants: Array<[name: string, options: RedisStorageOptions]> = [
  ['the Redis store', {}],
  ['the Redis store without peer ids', { storePeerIds: false }],
  ['the Redis store with owners and WebRTC peers', { storeOwners: true, storeWebrtcPeers: true }],
  ['the Redis store with owners and without peer ids', { storeOwners: true, storePeerIds: false }],
]

for (const [name, options] of variants) {
  describe(name, () => {
    testPeerStore({
      test,
      createStore: async ({ peerLifetime }) => {
        const clock = { now: 1_800_000_000 }
        const store = storeOnClock(shared.admin, clock, { ...options, peerLifetime })
        const advance = (milliseconds: number): void => {
          clock.now += milliseconds / 1000
        }
        return { store: counted(store), advance, close: () => store.close() }
      },
    })
  })
}
