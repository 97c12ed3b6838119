import { describe, test } from 'vitest'
import { ModelPeerStore, testPeerStore } from '@chihaya/core/testing'

describe('the model store', () => {
  testPeerStore({
    test,
    createStore: ({ peerLifetime }) => {
      let clock = 0
      const advance = (milliseconds: number): void => void (clock += milliseconds)
      return { store: new ModelPeerStore({ peerLifetime, now: () => clock }), advance }
    },
  })
})
