import { addressFamily, addressScope, byteString, compactPeer } from '@chihaya/bittorrent'

/**
 * Swarms in maps. An announce walks over its swarm, so this is for small trackers. Times are in
 * milliseconds.
 */
export class MapPeerStore {
  /** By family and infohash; the peers of a swarm by address and port. */
  #swarms = new Map()
  /**
   * By infohash: the number of downloads, and when the peers and clients that were counted were
   * last known.
   */
  #downloads = new Map()

  constructor({ peerLifetime, now = Date.now }) {
    this.peerLifetime = peerLifetime
    this.now = now
  }

  announce(announce, answer) {
    const { infoHash, address, port, peerId, transition } = announce
    const family = addressFamily(address)
    const peers = this.#peers(family + infoHash)
    const endpoint = byteString(compactPeer(address, port))
    if (transition !== 'unchanged')
      this.#countDownload(announce, endpoint, peers.get(endpoint)?.state)
    if (transition === 'stopped') peers.delete(endpoint)
    else if (transition !== 'unchanged') {
      const state = transition === 'completed' ? 'seeder' : transition
      // A copy of the address: its bytes belong to the caller.
      peers.set(endpoint, {
        address: new Uint8Array(address),
        port,
        peerId,
        state,
        lastSeen: this.now(),
      })
    }
    if (peers.size > 0) this.#swarms.set(family + infoHash, peers)
    else this.#swarms.delete(family + infoHash)

    Object.assign(answer, this.#count(infoHash, family))
    for (const peer of select(peers, announce).slice(0, answer.want))
      answer.peers.add(peer.address, peer.port, peer.peerId)
  }

  scrape({ infoHashes, address }, answer) {
    const family = addressFamily(address)
    for (const [index, infoHash] of infoHashes.entries()) {
      const { complete, incomplete, downloaders, downloaded } = this.#count(infoHash, family)
      answer.set(index, complete, incomplete, downloaders, downloaded)
    }
  }

  stats() {
    this.expire()
    const stats = { seeders: { ipv4: 0, ipv6: 0 }, leechers: { ipv4: 0, ipv6: 0 } }
    for (const key of this.#swarms.keys()) {
      const [family, infoHash] = [key.slice(0, 4), key.slice(4)]
      const { complete, incomplete } = this.#count(infoHash, family)
      stats.seeders[family] += complete
      stats.leechers[family] += incomplete
    }
    return { swarms: new Set([...this.#swarms.keys()].map((key) => key.slice(4))).size, ...stats }
  }

  /** Forgets peers past their lifetime, and torrents without peers, their downloads included. */
  expire() {
    for (const key of this.#swarms.keys()) if (this.#peers(key).size === 0) this.#swarms.delete(key)
    for (const [infoHash, { counted }] of this.#downloads) {
      const isKnown = [...counted.values()].some((lastKnown) => this.#isRecent(lastKnown))
      const hasPeers = this.#swarms.has('ipv4' + infoHash) || this.#swarms.has('ipv6' + infoHash)
      if (!isKnown && !hasPeers) this.#downloads.delete(infoHash)
    }
  }

  /**
   * The peers of a swarm that are not past their lifetime; a new map, not yet kept, where there are
   * none.
   */
  #peers(key) {
    const peers = this.#swarms.get(key) ?? new Map()
    for (const [endpoint, { lastSeen }] of peers)
      if (!this.#isRecent(lastSeen)) peers.delete(endpoint)
    return peers
  }

  /**
   * Counts a download, unless the peer, or the same client over the other family, has been counted
   * while it was known.
   */
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

  #count(infoHash, family) {
    const states = [...this.#peers(family + infoHash).values()].map(({ state }) => state)
    const complete = states.filter((state) => state === 'seeder').length
    const downloaders = states.filter((state) => state === 'leecher').length
    const downloaded = this.#downloads.get(infoHash)?.count ?? 0
    return { complete, incomplete: states.length - complete, downloaders, downloaded }
  }

  #isRecent(time) {
    return time >= this.now() - this.peerLifetime
  }
}

/** Peers of a swarm at random, those of no use to the announcer left out. */
function select(peers, { address, port, peerId, leechersOnly, publicOnly }) {
  const own = byteString(address)
  return [...peers.values()]
    .filter((peer) => peer.port > 1 && !(leechersOnly && peer.state === 'seeder'))
    .filter((peer) => !(publicOnly && addressScope(peer.address) !== 'public'))
    .filter(
      (peer) => byteString(peer.address) !== own || (peer.port !== port && peer.peerId !== peerId),
    )
    .map((peer) => ({ peer, order: Math.random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ peer }) => peer)
}
