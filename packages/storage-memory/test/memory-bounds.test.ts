import { availableMemory, boundsFor } from '../src/limits/memory-bounds.ts'
import { MemoryPeerStore } from '@chihaya/storage-memory'
import { expect, test } from 'vitest'

test('allows a quarter of the memory each for swarms and peers, up to what any tracker needs', () => {
  expect(boundsFor(512 * 2 ** 20)).toEqual({ maxSwarms: 838_860, maxPeers: 2_097_152 })
  expect(boundsFor(64 * 2 ** 30)).toEqual({ maxSwarms: 5_000_000, maxPeers: 50_000_000 })
  expect(boundsFor(1)).toEqual({ maxSwarms: 1, maxPeers: 1 })
})

test('uses the memory of this machine by default', () => {
  expect(new MemoryPeerStore().limits).toEqual({
    ...boundsFor(availableMemory()),
    maxPeersPerSwarm: 100_000,
  })
  expect(new MemoryPeerStore({ maxSwarms: 7, maxPeers: 9 }).limits).toMatchObject({
    maxSwarms: 7,
    maxPeers: 9,
  })
  expect(availableMemory()).toBeGreaterThan(2 ** 20)
})
