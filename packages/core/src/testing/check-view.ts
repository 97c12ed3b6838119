import assert from 'node:assert/strict'
import { readCompactPeers, type CompactPeers } from '@chihaya/bittorrent'
import type { SwarmView } from '../peer-store.ts'
import { endpoints } from './suite/check.ts'

/**
 * Holds the answer of a store against what `ModelPeerStore` answers when it is asked for more peers than there are: the same
 * counters, and `numWant` of those peers, or all of them, each once and with its own peer id. @throws {AssertionError}
 */
export function checkView(actual: SwarmView, candidates: SwarmView, numWant: number): void {
  const counters = ({ complete, incomplete, downloaded }: SwarmView): number[] => [complete, incomplete, downloaded]
  assert.deepEqual(counters(actual), counters(candidates))
  const given = endpoints(actual.peers)
  const allowed = new Set(endpoints(candidates.peers))
  assert.equal(given.length, Math.min(numWant, allowed.size))
  assert.equal(new Set(given).size, given.length, 'a peer is given twice')
  for (const endpoint of given) assert.ok(allowed.has(endpoint), `${endpoint} is none of the swarm's peers`)
  if (given.length === 0) return
  assert.equal(actual.peers.peerIds === undefined, candidates.peers.peerIds === undefined)
  const expected = peerIds(candidates.peers)
  for (const [endpoint, id] of peerIds(actual.peers)) assert.equal(id, expected.get(endpoint), `the peer id of ${endpoint}`)
}

/** Peer ids in hexadecimal by endpoint; none where the answer has none. */
function peerIds({ endpoints: bytes, family, peerIds: ids }: CompactPeers): Map<string, string> {
  if (ids === undefined) return new Map()
  return new Map(
    readCompactPeers(bytes, family).map(({ address, port }, index) => [
      `${address.join('.')}:${port}`,
      Buffer.from(ids.subarray(index * 20, index * 20 + 20)).toString('hex'),
    ]),
  )
}
