import { totalmem } from 'node:os'

/** Most bytes of a swarm with one peer, and of a peer: IPv6 with a peer id. */
const SWARM_BYTES = 160
const PEER_BYTES = 64
/** Shares of the memory for swarms and for peers. */
const SHARE = 1 / 4
const MOST_SWARMS = 5_000_000
const MOST_PEERS = 50_000_000

/** Bytes of memory that this process may use: those of the machine or of its cgroup. */
export function availableMemory(): number {
  return Math.min(totalmem(), process.constrainedMemory() || Infinity)
}

/**
 * Default limits of swarms and peers for an amount of memory. Each gets a quarter of it.
 */
export function boundsFor(memory: number): { maxSwarms: number; maxPeers: number } {
  return {
    maxSwarms: Math.max(1, Math.min(MOST_SWARMS, Math.floor((memory * SHARE) / SWARM_BYTES))),
    maxPeers: Math.max(1, Math.min(MOST_PEERS, Math.floor((memory * SHARE) / PEER_BYTES))),
  }
}
