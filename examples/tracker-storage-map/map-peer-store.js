import { addressScope, byteString, compactPeer } from '@chihaya/bittorrent'
import { networkOf } from '@chihaya/core'

/**
 * Swarms in maps. An announce walks over its swarm, so this is for small trackers. Times are in
 * milliseconds.
 */
export class MapPeerStore {
  keepsOwners = true
  keepsWebRtcPeers = true
  /** By network, then by infohash; the peers of a swarm by endpoint. */
  #swarms = { ipv4: new Map(), ipv6: new Map(), webrtc: new Map() }
  /**
   * By infohash: the number of downloads, and when each counted endpoint or client was last known.
   */
  #downloads = new Map()

  constructor({ peerLifetime, now = Date.now }) {
    this.peerLifetime = peerLifetime
    this.now = now
  }

  announce(announce, answer) {
    const { infoHash, address, port, handle, owner, peerId, transition } = announce
    const network = networkOf(announce)
    const peers = this.#peers(network, infoHash)
    const endpoint = handle === 0 ? byteString(compactPeer(address, port)) : String(handle)
    answer.before = peers.get(endpoint)?.state
    if (transition !== 'unchanged') this.#countDownload(announce, endpoint, answer.before)
    if (transition === 'stopped') peers.delete(endpoint)
    else if (transition !== 'unchanged') {
      const state = transition === 'completed' ? 'seeder' : transition
      // The bytes of the address belong to the caller: copy them.
      const copy = new Uint8Array(address)
      const lastSeen = this.now()
      peers.set(endpoint, { address: copy, port, handle, owner, peerId, state, lastSeen })
    }
    if (peers.size > 0) this.#swarms[network].set(infoHash, peers)
    else this.#swarms[network].delete(infoHash)

    Object.assign(answer, this.#count(network, infoHash))
    for (const peer of select(peers, announce).slice(0, answer.want)) {
      if (peer.handle === 0) answer.peers.add(peer.address, peer.port, peer.peerId)
      else answer.peers.addHandle(peer.handle, peer.peerId)
    }
  }

  scrape(scrape, answer) {
    for (const [index, infoHash] of scrape.infoHashes.entries()) {
      const { complete, incomplete, downloaders, downloaded } = this.#count(
        networkOf(scrape),
        infoHash,
      )
      answer.set(index, complete, incomplete, downloaders, downloaded)
    }
  }

  stats() {
    this.expire()
    const infoHashes = new Set()
    const [seeders, leechers] = [{}, {}]
    for (const [network, swarms] of Object.entries(this.#swarms)) {
      seeders[network] = leechers[network] = 0
      for (const infoHash of swarms.keys()) {
        const { complete, incomplete } = this.#count(network, infoHash)
        seeders[network] += complete
        leechers[network] += incomplete
        infoHashes.add(infoHash)
      }
    }
    return { swarms: infoHashes.size, seeders, leechers }
  }

  /** Forgets peers past their lifetime, and torrents without peers, their downloads included. */
  expire() {
    for (const [network, swarms] of Object.entries(this.#swarms))
      for (const infoHash of swarms.keys())
        if (this.#peers(network, infoHash).size === 0) swarms.delete(infoHash)
    for (const [infoHash, { counted }] of this.#downloads) {
      const isKnown = [...counted.values()].some((lastKnown) => this.#isRecent(lastKnown))
      const hasPeers = Object.values(this.#swarms).some((swarms) => swarms.has(infoHash))
      if (!isKnown && !hasPeers) this.#downloads.delete(infoHash)
    }
  }

  /** The live peers of a swarm; for an unknown swarm, a new map that is not stored yet. */
  #peers(network, infoHash) {
    const peers = this.#swarms[network].get(infoHash) ?? new Map()
    for (const [endpoint, { lastSeen }] of peers)
      if (!this.#isRecent(lastSeen)) peers.delete(endpoint)
    return peers
  }

  /** Counts a download, unless that of the peer, or of the same client elsewhere, is counted. */
  #countDownload({ infoHash, peerId, key, transition }, endpoint, stateBefore) {
    const completes = transition === 'completed' && stateBefore !== 'seeder'
    const downloads = this.#downloads.get(infoHash) ?? { count: 0, counted: new Map() }
    const client = key ? peerId + key : endpoint
    const isKnown = (name) => this.#isRecent(downloads.counted.get(name) ?? -Infinity)
    const wasCounted = isKnown(endpoint)
    if (completes && !wasCounted && !isKnown(client)) downloads.count++
    for (const name of completes ? [endpoint, client] : wasCounted ? [endpoint] : [])
      downloads.counted.set(name, this.now())
    if (downloads.count > 0) this.#downloads.set(infoHash, downloads)
  }

  #count(network, infoHash) {
    const states = [...this.#peers(network, infoHash).values()].map(({ state }) => state)
    const complete = states.filter((state) => state === 'seeder').length
    const downloaders = states.filter((state) => state === 'leecher').length
    const downloaded = this.#downloads.get(infoHash)?.count ?? 0
    return { complete, incomplete: states.length - complete, downloaders, downloaded }
  }

  #isRecent(time) {
    return time >= this.now() - this.peerLifetime
  }
}

/** Peers of a swarm in random order, without peers that the announcer cannot use. */
function select(peers, announce) {
  if (announce.transition === 'stopped') return []
  return [...peers.values()]
    .filter((peer) => !(announce.leechersOnly && peer.state === 'seeder'))
    .filter((peer) => announce.owner === 0 || peer.owner !== announce.owner)
    .filter((peer) =>
      announce.handle === 0 ? isDialled(peer, announce) : peer.handle !== announce.handle,
    )
    .map((peer) => ({ peer, order: Math.random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ peer }) => peer)
}

/** Whether the announcer may dial a peer: it is another client with a port and a useful address. */
function isDialled(peer, { address, port, peerId, publicOnly }) {
  if (peer.port <= 1) return false
  if (publicOnly && addressScope(peer.address) !== 'public') return false
  if (byteString(peer.address) !== byteString(address)) return true
  return peer.port !== port && peer.peerId !== peerId
}
