import assert from 'node:assert/strict'
import { readCompactPeers } from '@chihaya/bittorrent'
import type { Answer } from '../announce/answer.ts'
import type { PeerList } from '../announce/peer-list.ts'
import { endpoints } from './suite/check.ts'

/**
 * Compares the answer of a store with that of `ModelPeerStore.announceForAll`: the same counters,
 * and `numWant` of its peers, or all if there are fewer, each once and with its peer id.
 * @throws {AssertionError}
 */
export function checkAnswer(actual: Answer, candidates: Answer, numWant: number): void {
  const counters = ({ complete, incomplete, downloaded }: Answer): number[] => [
    complete,
    incomplete,
    downloaded,
  ]
  assert.deepEqual(counters(actual), counters(candidates))
  const given = endpoints(actual.peers)
  const allowed = new Set(endpoints(candidates.peers))
  assert.equal(given.length, Math.min(numWant, allowed.size))
  assert.equal(new Set(given).size, given.length, 'a peer is given twice')
  for (const endpoint of given)
    assert.ok(allowed.has(endpoint), `${endpoint} is not a peer of the swarm`)
  if (given.length === 0) return
  assert.equal(actual.peers.peerIds === undefined, candidates.peers.peerIds === undefined)
  const expected = peerIds(candidates.peers)
  for (const [endpoint, id] of peerIds(actual.peers))
    assert.equal(id, expected.get(endpoint), `the peer id of ${endpoint}`)
}

/** Peer ids in hex by endpoint; empty if the answer has no peer ids. */
function peerIds({ endpoints: bytes, family, peerIds: ids }: PeerList): Map<string, string> {
  if (ids === undefined) return new Map()
  return new Map(
    readCompactPeers(bytes, family).map(({ address, port }, index) => [
      `${address.join('.')}:${port}`,
      Buffer.from(ids.subarray(index * 20, index * 20 + 20)).toString('hex'),
    ]),
  )
}
