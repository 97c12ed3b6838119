import { describe, test } from 'node:test'
import { testPeerStore } from '@chihaya/core/testing'
import { MapPeerStore } from './map-peer-store.js'

describe('a store of maps', () => {
  testPeerStore({
    test: (name, run) => void test(name, run),
    createStore: ({ peerLifetime }) => {
      let clock = 0
      const store = new MapPeerStore({ peerLifetime, now: () => clock })
      return { store, advance: (milliseconds) => void (clock += milliseconds) }
    },
  })
})
