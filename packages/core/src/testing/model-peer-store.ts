import {
  addressFamily,
  addressScope,
  byteString,
  compactPeer,
  type Address,
  type InfoHash,
  type PeerId,
  type ScrapeEntry,
} from '@chihaya/bittorrent'
import type { Announce } from '../announce/announce.ts'
import { Answer } from '../announce/answer.ts'
import { networkOf, type Network, type NetworkCounts } from '../announce/network.ts'
import type { Scrape, ScrapeAnswer } from '../announce/scrape.ts'
import type { PeerState } from '../announce/transition.ts'
import type { EvictionRules, PeerStore, StoreStats, SwarmEntry } from '../store/peer-store.ts'

interface ModelPeer {
  readonly address: Address
  readonly port: number
  readonly handle: number
  readonly owner: number
  peerId: string
  state: PeerState
  lastSeen: number
}

/** The peers of one infohash and network, by endpoint. */
type ModelSwarm = Map<string, ModelPeer>

/**
 * The endpoints and clients with a counted download of one infohash, and when each was last known.
 */
type CountedDownloads = Map<string, number>

export interface ModelOptions {
  /** Milliseconds. */
  readonly peerLifetime: number
  /** Milliseconds since any fixed moment. */
  readonly now: () => number
  /** @default false */
  readonly storeWebrtcPeers?: boolean
}

/**
 * The simplest possible `PeerStore`: a `Map` of `Map`s, with O(swarm) costs. Tests compare other
 * stores with it, and it is the baseline of benchmarks. It never forgets a download, and has no
 * limits.
 */
export class ModelPeerStore implements PeerStore {
  readonly keepsOwners = true
  readonly keepsWebRtcPeers: boolean
  readonly #swarms: Record<Network, Map<InfoHash, ModelSwarm>> = {
    ipv4: new Map(),
    ipv6: new Map(),
    webrtc: new Map(),
  }
  readonly #downloaded = new Map<InfoHash, number>()
  readonly #counted = new Map<InfoHash, CountedDownloads>()
  readonly #options: ModelOptions

  constructor(options: ModelOptions) {
    this.#options = options
    this.keepsWebRtcPeers = options.storeWebrtcPeers ?? false
  }

  announce(announce: Announce, answer: Answer): void {
    const swarm = this.#apply(announce, answer)
    give(draw(swarm, announce).slice(0, answer.want), announce, answer)
  }

  /**
   * Applies an announce, and answers with every peer that its answer may contain, regardless of
   * `numWant`.
   */
  announceForAll(announce: Announce): Answer {
    const answer = new Answer()
    const peers = candidates(this.#apply(announce, answer), announce)
    const family = announce.handle === 0 ? addressFamily(announce.address) : 'ipv4'
    answer.peers.reserve(family, peers.length, announce.wantsPeerIds)
    give(peers, announce, answer)
    return answer
  }

  scrape(scrape: Scrape, answer: ScrapeAnswer): void {
    const network = networkOf(scrape)
    for (const [index, infoHash] of scrape.infoHashes.entries()) {
      const { complete, incomplete, downloaders, downloaded } = this.#count(network, infoHash)
      answer.set(index, complete, incomplete, downloaders, downloaded)
    }
  }

  stats(): StoreStats {
    const infoHashes = this.#infoHashes.filter((infoHash) => this.#hasPeers(infoHash))
    const sum = (role: 'complete' | 'incomplete'): NetworkCounts =>
      this.#counts((network) =>
        infoHashes.reduce((total, infoHash) => total + this.#count(network, infoHash)[role], 0),
      )
    return { swarms: infoHashes.length, seeders: sum('complete'), leechers: sum('incomplete') }
  }

  evict(rules: EvictionRules): number {
    let evicted = 0
    for (const swarms of Object.values(this.#swarms)) {
      for (const [infoHash, swarm] of swarms) {
        const all = rules.infoHash?.(infoHash) === true
        for (const [key, peer] of swarm) {
          if (!all && !isNamed(peer, rules)) continue
          swarm.delete(key)
          evicted++
        }
      }
    }
    return evicted
  }

  async *swarms(): AsyncGenerator<SwarmEntry[]> {
    const infoHashes = this.#infoHashes.filter((infoHash) => this.#hasPeers(infoHash))
    yield infoHashes.map((infoHash) => ({
      infoHash,
      seeders: this.#counts((network) => this.#count(network, infoHash).complete),
      leechers: this.#counts((network) => this.#count(network, infoHash).incomplete),
      downloaded: this.#downloaded.get(infoHash) ?? 0,
    }))
  }

  /** Applies an announce without an answer, at the cost of a `Map`. */
  enter(announce: Announce): void {
    const { infoHash, address, port, handle, owner, peerId, transition } = announce
    if (transition === 'unchanged') return
    const swarms = this.#swarms[networkOf(announce)]
    const swarm = swarms.get(infoHash) ?? new Map<string, ModelPeer>()
    const key = nameOf(announce)
    const previous = swarm.get(key)
    const wasSeeder = previous?.state === 'seeder' && this.#isFresh(previous)
    this.#countDownload(announce, key, wasSeeder)
    if (transition === 'stopped') {
      swarm.delete(key)
      return
    }
    const state = transition === 'completed' ? 'seeder' : transition
    swarm.set(key, {
      address: new Uint8Array(address),
      port,
      handle,
      owner,
      peerId,
      state,
      lastSeen: this.#options.now(),
    })
    swarms.set(infoHash, swarm)
  }

  /**
   * Counts a download, unless one of the endpoint or client was counted while it was known.
   */
  #countDownload(
    { infoHash, peerId, key, transition }: Announce,
    endpoint: string,
    wasSeeder: boolean,
  ): void {
    const completes = transition === 'completed' && !wasSeeder
    const counted = this.#counted.get(infoHash) ?? new Map<string, number>()
    if (!completes && counted.size === 0) return
    const now = this.#options.now()
    const isKnown = (name: string): boolean =>
      (counted.get(name) ?? -Infinity) >= now - this.#options.peerLifetime
    const client = key ? `client ${peerId} ${key}` : endpoint
    const wasCounted = isKnown(endpoint)
    if (completes && !wasCounted && !isKnown(client))
      this.#downloaded.set(infoHash, (this.#downloaded.get(infoHash) ?? 0) + 1)
    if (completes || wasCounted) counted.set(endpoint, now)
    if (completes) counted.set(client, now)
    this.#counted.set(infoHash, counted)
  }

  /** Applies an announce and sets the counters. Returns the peers of the swarm. */
  #apply(announce: Announce, answer: Answer): ModelSwarm {
    const { infoHash } = announce
    const network = networkOf(announce)
    answer.before = this.#live(network, infoHash).get(nameOf(announce))?.state
    this.enter(announce)
    const swarm = this.#live(network, infoHash)
    if (swarm.size === 0) this.#swarms[network].delete(infoHash)
    const { complete, incomplete, downloaded } = this.#count(network, infoHash)
    Object.assign(answer, { complete, incomplete, downloaded })
    return swarm
  }

  #isFresh(peer: ModelPeer): boolean {
    return peer.lastSeen >= this.#options.now() - this.#options.peerLifetime
  }

  /** All infohashes with swarms, which may be empty. */
  get #infoHashes(): InfoHash[] {
    return [...new Set(Object.values(this.#swarms).flatMap((swarms) => [...swarms.keys()]))]
  }

  #hasPeers(infoHash: InfoHash): boolean {
    const networks = Object.keys(this.#swarms) as Network[]
    return networks.some((network) => this.#live(network, infoHash).size > 0)
  }

  #counts(count: (network: Network) => number): NetworkCounts {
    const counts = { ipv4: count('ipv4'), ipv6: count('ipv6') }
    return this.keepsWebRtcPeers ? { ...counts, webrtc: count('webrtc') } : counts
  }

  /** The swarm without its expired peers, created if missing. */
  #live(network: Network, infoHash: InfoHash): ModelSwarm {
    const swarm = this.#swarms[network].get(infoHash) ?? new Map<string, ModelPeer>()
    for (const [key, peer] of swarm) if (!this.#isFresh(peer)) swarm.delete(key)
    return swarm
  }

  #count(network: Network, infoHash: InfoHash): ScrapeEntry {
    const entry = {
      complete: 0,
      incomplete: 0,
      downloaders: 0,
      downloaded: this.#downloaded.get(infoHash) ?? 0,
    }
    for (const { state } of this.#live(network, infoHash).values()) {
      if (state === 'seeder') entry.complete++
      else entry.incomplete++
      if (state === 'leecher') entry.downloaders++
    }
    return entry
  }
}

/** The key of a peer within its network. */
function nameOf({ address, port, handle }: Announce): string {
  return handle === 0 ? byteString(compactPeer(address, port)) : String(handle)
}

function isNamed({ address, handle, peerId, owner }: ModelPeer, rules: EvictionRules): boolean {
  if (handle === 0 && rules.address?.(address) === true) return true
  if (owner !== 0 && rules.owner?.(owner) === true) return true
  return rules.peerId?.(peerId as PeerId) === true
}

function give(peers: readonly ModelPeer[], announce: Announce, { peers: list }: Answer): void {
  for (const { address, port, handle, peerId } of peers) {
    const id = announce.wantsPeerIds ? (peerId as PeerId) : undefined
    if (handle === 0) list.add(address, port, id)
    else list.addHandle(handle, id)
  }
}

/** The peers of a swarm that the answer to an announce may contain, regardless of `numWant`. */
function candidates(swarm: ModelSwarm, announce: Announce): ModelPeer[] {
  if (announce.transition === 'stopped') return []
  const own = byteString(announce.address)
  return [...swarm.values()].filter((peer) => {
    if (announce.owner !== 0 && peer.owner === announce.owner) return false
    if (announce.handle !== 0)
      return peer.handle !== announce.handle && !(announce.leechersOnly && peer.state === 'seeder')
    if (peer.port <= 1) return false
    if (announce.leechersOnly && peer.state === 'seeder') return false
    if (announce.publicOnly && addressScope(peer.address) !== 'public') return false
    return (
      byteString(peer.address) !== own ||
      (peer.port !== announce.port && peer.peerId !== announce.peerId)
    )
  })
}

/** A copy in random order. */
function draw(swarm: ModelSwarm, announce: Announce): ModelPeer[] {
  const peers = candidates(swarm, announce)
  for (let last = peers.length - 1; last > 0; last--) {
    const other = Math.floor(Math.random() * (last + 1))
    const swapped = peers[last] as ModelPeer
    peers[last] = peers[other] as ModelPeer
    peers[other] = swapped
  }
  return peers
}
