import { totalmem } from 'node:os'

/** Bytes of a swarm with one peer, and of a peer, at most: those of IPv6 with its peer id. */
const SWARM_BYTES = 160
const PEER_BYTES = 64
/** What of the memory swarms may take, and what peers. */
const SHARE = 1 / 4
const MOST_SWARMS = 5_000_000
const MOST_PEERS = 50_000_000

/** Bytes of memory that this process may use: the machine's, or what its cgroup allows. */
export function availableMemory(): number {
  return Math.min(totalmem(), process.constrainedMemory() || Infinity)
}

/**
 * How many swarms and peers there may be by default with so much memory: a quarter of it for
 * either.
 */
export function boundsFor(memory: number): { maxSwarms: number; maxPeers: number } {
  return {
    maxSwarms: Math.max(1, Math.min(MOST_SWARMS, Math.floor((memory * SHARE) / SWARM_BYTES))),
    maxPeers: Math.max(1, Math.min(MOST_PEERS, Math.floor((memory * SHARE) / PEER_BYTES))),
  }
}
