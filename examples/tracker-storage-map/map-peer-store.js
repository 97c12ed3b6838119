import { addressFamily, addressScope, byteString, compactPeer } from '@chihaya/bittorrent'

/** Swarms in maps. An announce walks over its swarm, so this is for small trackers. Times are in milliseconds. */
export class MapPeerStore {
  /** By family and infohash; the peers of a swarm by address and port. */
  #swarms = new Map()

  constructor({ peerLifetime, now = Date.now }) {
    this.peerLifetime = peerLifetime
    this.now = now
  }

  announce(announce) {
    const { infoHash, address, port, peerId, transition, wantsPeerIds } = announce
    const family = addressFamily(address)
    const swarm = this.#swarm(family + infoHash)
    const key = byteString(compactPeer(address, port))
    if (transition === 'completed' && swarm.peers.get(key)?.state !== 'seeder') swarm.downloaded++
    if (transition === 'stopped') swarm.peers.delete(key)
    else if (transition !== 'unchanged') {
      const state = transition === 'completed' ? 'seeder' : transition
      // A copy of the address: its bytes belong to the caller.
      swarm.peers.set(key, { address: new Uint8Array(address), port, peerId, state, lastSeen: this.now() })
    }
    if (swarm.peers.size + swarm.downloaded > 0) this.#swarms.set(family + infoHash, swarm)
    else this.#swarms.delete(family + infoHash)

    const chosen = select(swarm, announce)
    const endpoints = Buffer.concat(chosen.map((peer) => compactPeer(peer.address, peer.port)))
    const peerIds = wantsPeerIds ? Buffer.from(chosen.map((peer) => peer.peerId).join(''), 'latin1') : undefined
    return { ...count(swarm), peers: { family, endpoints, peerIds } }
  }

  scrape(infoHashes, family) {
    return infoHashes.map((infoHash) => count(this.#swarm(family + infoHash)))
  }

  stats() {
    this.expire()
    const stats = { seeders: { ipv4: 0, ipv6: 0 }, leechers: { ipv4: 0, ipv6: 0 } }
    for (const [key, swarm] of this.#swarms) {
      stats.seeders[key.slice(0, 4)] += count(swarm).complete
      stats.leechers[key.slice(0, 4)] += count(swarm).incomplete
    }
    return { swarms: new Set([...this.#swarms.keys()].map((key) => key.slice(4))).size, ...stats }
  }

  /** Forgets peers past their lifetime, and swarms without peers, their downloads included. */
  expire() {
    for (const key of this.#swarms.keys()) if (this.#swarm(key).peers.size === 0) this.#swarms.delete(key)
  }

  /** A swarm without the peers that are past their lifetime; a new one, not yet kept, where there is none. */
  #swarm(key) {
    const swarm = this.#swarms.get(key) ?? { peers: new Map(), downloaded: 0 }
    const oldest = this.now() - this.peerLifetime
    for (const [endpoint, { lastSeen }] of swarm.peers) if (lastSeen < oldest) swarm.peers.delete(endpoint)
    return swarm
  }
}

function count({ peers, downloaded }) {
  const states = [...peers.values()].map(({ state }) => state)
  const complete = states.filter((state) => state === 'seeder').length
  const downloaders = states.filter((state) => state === 'leecher').length
  return { complete, incomplete: states.length - complete, downloaders, downloaded }
}

/** Peers of a swarm at random, those of no use to the announcer left out. */
function select({ peers }, { transition, numWant, address, port, peerId, leechersOnly, publicOnly }) {
  if (transition === 'stopped') return []
  const own = byteString(address)
  return [...peers.values()]
    .filter((peer) => peer.port > 1 && !(leechersOnly && peer.state === 'seeder'))
    .filter((peer) => !(publicOnly && addressScope(peer.address) !== 'public'))
    .filter((peer) => byteString(peer.address) !== own || (peer.port !== port && peer.peerId !== peerId))
    .map((peer) => ({ peer, order: Math.random() }))
    .sort((a, b) => a.order - b.order)
    .slice(0, numWant)
    .map(({ peer }) => peer)
}
