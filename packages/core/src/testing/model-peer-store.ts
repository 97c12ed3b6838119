import {
  addressFamily,
  addressScope,
  byteString,
  COMPACT_IPV4,
  COMPACT_IPV6,
  compactPeer,
  PEER_ID_LENGTH,
  writeByteString,
  type Address,
  type AddressFamily,
  type CompactPeers,
  type InfoHash,
  type ScrapeEntry,
} from '@chihaya/bittorrent'
import type { PeerStore, StoreStats, SwarmAnnounce, SwarmView } from '../peer-store.ts'

type PeerState = 'leecher' | 'partial' | 'seeder'

interface ModelPeer {
  readonly address: Address
  readonly port: number
  peerId: string
  state: PeerState
  lastSeen: number
}

/** The peers of one infohash and family, by endpoint. */
type ModelSwarm = Map<string, ModelPeer>

export interface ModelOptions {
  /** Milliseconds. */
  readonly peerLifetime: number
  /** Milliseconds since any fixed moment. */
  readonly now: () => number
}

/**
 * A `PeerStore` as plain as the contract allows: a `Map` of `Map`s, with every cost O(swarm). The model that tests hold
 * other stores against, and the baseline of their benchmarks. It never forgets a download, and has no limits.
 */
export class ModelPeerStore implements PeerStore {
  readonly #swarms: Record<AddressFamily, Map<InfoHash, ModelSwarm>> = { ipv4: new Map(), ipv6: new Map() }
  readonly #downloaded = new Map<InfoHash, number>()
  readonly #options: ModelOptions

  constructor(options: ModelOptions) {
    this.#options = options
  }

  announce(announce: SwarmAnnounce): SwarmView {
    const { infoHash, wantsPeerIds } = announce
    const family = addressFamily(announce.address)
    this.enter(announce)
    const swarm = this.#live(family, infoHash)
    if (swarm.size === 0) this.#swarms[family].delete(infoHash)
    const { complete, incomplete, downloaded } = this.#count(family, infoHash)
    return { complete, incomplete, downloaded, peers: compact(family, select(swarm, announce), wantsPeerIds) }
  }

  scrape(infoHashes: readonly InfoHash[], family: AddressFamily): ScrapeEntry[] {
    return infoHashes.map((infoHash) => this.#count(family, infoHash))
  }

  stats(): StoreStats {
    const infoHashes = new Set<InfoHash>()
    const stats = { seeders: { ipv4: 0, ipv6: 0 }, leechers: { ipv4: 0, ipv6: 0 } }
    for (const family of ['ipv4', 'ipv6'] as const) {
      for (const infoHash of this.#swarms[family].keys()) {
        const { complete, incomplete } = this.#count(family, infoHash)
        stats.seeders[family] += complete
        stats.leechers[family] += incomplete
        if (complete + incomplete > 0) infoHashes.add(infoHash)
      }
    }
    return { swarms: infoHashes.size, ...stats }
  }

  /** Applies an announce and answers nothing, which costs no more than a `Map` does. */
  enter(announce: SwarmAnnounce): void {
    const { infoHash, address, port, peerId, transition } = announce
    if (transition === 'unchanged') return
    const swarms = this.#swarms[addressFamily(address)]
    const swarm = swarms.get(infoHash) ?? new Map<string, ModelPeer>()
    const key = byteString(compactPeer(address, port))
    const previous = swarm.get(key)
    if (transition === 'stopped') {
      swarm.delete(key)
      return
    }
    if (transition === 'completed' && !(previous?.state === 'seeder' && this.#isFresh(previous))) {
      this.#downloaded.set(infoHash, (this.#downloaded.get(infoHash) ?? 0) + 1)
    }
    const state = transition === 'completed' ? 'seeder' : transition
    swarm.set(key, { address: new Uint8Array(address), port, peerId, state, lastSeen: this.#options.now() })
    swarms.set(infoHash, swarm)
  }

  #isFresh(peer: ModelPeer): boolean {
    return peer.lastSeen >= this.#options.now() - this.#options.peerLifetime
  }

  /** The swarm without its expired peers; a new one where there is none. */
  #live(family: AddressFamily, infoHash: InfoHash): ModelSwarm {
    const swarm = this.#swarms[family].get(infoHash) ?? new Map<string, ModelPeer>()
    for (const [key, peer] of swarm) if (!this.#isFresh(peer)) swarm.delete(key)
    return swarm
  }

  #count(family: AddressFamily, infoHash: InfoHash): ScrapeEntry {
    const entry = { complete: 0, incomplete: 0, downloaders: 0, downloaded: this.#downloaded.get(infoHash) ?? 0 }
    for (const { state } of this.#live(family, infoHash).values()) {
      if (state === 'seeder') entry.complete++
      else entry.incomplete++
      if (state === 'leecher') entry.downloaders++
    }
    return entry
  }
}

/** The peers of a swarm that an announce may be answered with, whatever its `numWant`. */
function candidates(swarm: ModelSwarm, announce: SwarmAnnounce): ModelPeer[] {
  const own = byteString(announce.address)
  return [...swarm.values()].filter((peer) => {
    if (peer.port <= 1) return false
    if (announce.leechersOnly && peer.state === 'seeder') return false
    if (announce.publicOnly && addressScope(peer.address) !== 'public') return false
    return byteString(peer.address) !== own || (peer.port !== announce.port && peer.peerId !== announce.peerId)
  })
}

function select(swarm: ModelSwarm, announce: SwarmAnnounce): ModelPeer[] {
  if (announce.transition === 'stopped') return []
  const peers = candidates(swarm, announce)
  for (let last = peers.length - 1; last > 0; last--) {
    const other = Math.floor(Math.random() * (last + 1))
    const swapped = peers[last] as ModelPeer
    peers[last] = peers[other] as ModelPeer
    peers[other] = swapped
  }
  return peers.slice(0, announce.numWant)
}

function compact(family: AddressFamily, peers: readonly ModelPeer[], wantsPeerIds: boolean): CompactPeers {
  const stride = family === 'ipv4' ? COMPACT_IPV4 : COMPACT_IPV6
  const endpoints = new Uint8Array(peers.length * stride)
  const peerIds = wantsPeerIds ? new Uint8Array(peers.length * PEER_ID_LENGTH) : undefined
  for (const [index, peer] of peers.entries()) {
    endpoints.set(compactPeer(peer.address, peer.port), index * stride)
    if (peerIds) writeByteString(peer.peerId, peerIds, index * PEER_ID_LENGTH)
  }
  return { family, endpoints, peerIds }
}
