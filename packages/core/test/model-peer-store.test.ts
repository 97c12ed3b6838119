import { ModelPeerStore, testPeerStore } from '@chihaya/core/testing'
import { describe, test } from 'vitest'
import { asyncStore } from './async-store.ts'

function createModel({ peerLifetime }: { peerLifetime: number }): {
  store: ModelPeerStore
  advance: (ms: number) => void
} {
  let clock = 0
  return {
    store: new ModelPeerStore({ peerLifetime, now: () => clock }),
    advance: (ms) => void (clock += ms),
  }
}

describe('the model store', () => {
  testPeerStore({ test, createStore: createModel })
})

describe('the model store behind promises', () => {
  testPeerStore({
    test,
    createStore: (options) => {
      const { store, advance } = createModel(options)
      return { store: asyncStore(store), advance }
    },
  })
})
