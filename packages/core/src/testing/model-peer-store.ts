import {
  addressFamily,
  addressScope,
  byteString,
  compactPeer,
  type Address,
  type AddressFamily,
  type InfoHash,
  type PeerId,
  type ScrapeEntry,
} from '@chihaya/bittorrent'
import type { Announce } from '../announce/announce.ts'
import { Answer } from '../announce/answer.ts'
import type { Scrape, ScrapeAnswer } from '../announce/scrape.ts'
import type { PeerState } from '../announce/transition.ts'
import type { EvictionRules, PeerStore, StoreStats, SwarmEntry } from '../peer-store.ts'

interface ModelPeer {
  readonly address: Address
  readonly port: number
  peerId: string
  state: PeerState
  lastSeen: number
}

/** The peers of one infohash and family, by endpoint. */
type ModelSwarm = Map<string, ModelPeer>

/**
 * The endpoints and clients whose download of one infohash has been counted, and when each was last
 * known.
 */
type CountedDownloads = Map<string, number>

export interface ModelOptions {
  /** Milliseconds. */
  readonly peerLifetime: number
  /** Milliseconds since any fixed moment. */
  readonly now: () => number
}

/**
 * A `PeerStore` as plain as the contract allows: a `Map` of `Map`s, with every cost O(swarm). The
 * model that tests hold other stores against, and the baseline of their benchmarks. It never
 * forgets a download, and has no limits.
 */
export class ModelPeerStore implements PeerStore {
  readonly #swarms: Record<AddressFamily, Map<InfoHash, ModelSwarm>> = {
    ipv4: new Map(),
    ipv6: new Map(),
  }
  readonly #downloaded = new Map<InfoHash, number>()
  readonly #counted = new Map<InfoHash, CountedDownloads>()
  readonly #options: ModelOptions

  constructor(options: ModelOptions) {
    this.#options = options
  }

  announce(announce: Announce, answer: Answer): void {
    const swarm = this.#apply(announce, answer)
    for (const { address, port, peerId } of draw(swarm, announce).slice(0, answer.want)) {
      answer.peers.add(address, port, announce.wantsPeerIds ? (peerId as PeerId) : undefined)
    }
  }

  /**
   * Applies an announce, and answers with every peer that the answer to it may hold, whatever it
   * wants.
   */
  announceForAll(announce: Announce): Answer {
    const answer = new Answer()
    const peers = candidates(this.#apply(announce, answer), announce)
    answer.peers.reserve(addressFamily(announce.address), peers.length, announce.wantsPeerIds)
    for (const { address, port, peerId } of peers) {
      answer.peers.add(address, port, announce.wantsPeerIds ? (peerId as PeerId) : undefined)
    }
    return answer
  }

  scrape(scrape: Scrape, answer: ScrapeAnswer): void {
    const family = addressFamily(scrape.address)
    for (const [index, infoHash] of scrape.infoHashes.entries()) {
      const { complete, incomplete, downloaders, downloaded } = this.#count(family, infoHash)
      answer.set(index, complete, incomplete, downloaders, downloaded)
    }
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

  evict({
    infoHash: refusesInfoHash,
    address: refusesAddress,
    peerId: refusesPeerId,
  }: EvictionRules): number {
    let evicted = 0
    for (const swarms of Object.values(this.#swarms)) {
      for (const [infoHash, swarm] of swarms) {
        const all = refusesInfoHash?.(infoHash) === true
        for (const [key, { address, peerId }] of swarm) {
          if (
            !all &&
            refusesAddress?.(address) !== true &&
            refusesPeerId?.(peerId as PeerId) !== true
          )
            continue
          swarm.delete(key)
          evicted++
        }
      }
    }
    return evicted
  }

  async *swarms(): AsyncGenerator<SwarmEntry[]> {
    const infoHashes = new Set([...this.#swarms.ipv4.keys(), ...this.#swarms.ipv6.keys()])
    const page = [...infoHashes].map((infoHash) => {
      const [ipv4, ipv6] = [this.#count('ipv4', infoHash), this.#count('ipv6', infoHash)]
      return {
        infoHash,
        seeders: { ipv4: ipv4.complete, ipv6: ipv6.complete },
        leechers: { ipv4: ipv4.incomplete, ipv6: ipv6.incomplete },
        downloaded: ipv4.downloaded,
      }
    })
    yield page.filter(
      ({ seeders, leechers }) => seeders.ipv4 + seeders.ipv6 + leechers.ipv4 + leechers.ipv6 > 0,
    )
  }

  /** Applies an announce and answers nothing, which costs no more than a `Map` does. */
  enter(announce: Announce): void {
    const { infoHash, address, port, peerId, transition } = announce
    if (transition === 'unchanged') return
    const swarms = this.#swarms[addressFamily(address)]
    const swarm = swarms.get(infoHash) ?? new Map<string, ModelPeer>()
    const key = byteString(compactPeer(address, port))
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
      peerId,
      state,
      lastSeen: this.#options.now(),
    })
    swarms.set(infoHash, swarm)
  }

  /**
   * Counts a download unless that of the endpoint or of the client has been counted while it was
   * known.
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

  /** Applies an announce and counts; the swarm's peers afterwards. */
  #apply(announce: Announce, answer: Answer): ModelSwarm {
    const { infoHash } = announce
    const family = addressFamily(announce.address)
    answer.before = this.#live(family, infoHash).get(
      byteString(compactPeer(announce.address, announce.port)),
    )?.state
    this.enter(announce)
    const swarm = this.#live(family, infoHash)
    if (swarm.size === 0) this.#swarms[family].delete(infoHash)
    const { complete, incomplete, downloaded } = this.#count(family, infoHash)
    Object.assign(answer, { complete, incomplete, downloaded })
    return swarm
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
    const entry = {
      complete: 0,
      incomplete: 0,
      downloaders: 0,
      downloaded: this.#downloaded.get(infoHash) ?? 0,
    }
    for (const { state } of this.#live(family, infoHash).values()) {
      if (state === 'seeder') entry.complete++
      else entry.incomplete++
      if (state === 'leecher') entry.downloaders++
    }
    return entry
  }
}

/** The peers of a swarm that an announce may be answered with, whatever its `numWant`. */
function candidates(swarm: ModelSwarm, announce: Announce): ModelPeer[] {
  if (announce.transition === 'stopped') return []
  const own = byteString(announce.address)
  return [...swarm.values()].filter((peer) => {
    if (peer.port <= 1) return false
    if (announce.leechersOnly && peer.state === 'seeder') return false
    if (announce.publicOnly && addressScope(peer.address) !== 'public') return false
    return (
      byteString(peer.address) !== own ||
      (peer.port !== announce.port && peer.peerId !== announce.peerId)
    )
  })
}

/** The same in random order. */
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
