import { byteString, compactPeer } from '@chihaya/bittorrent'
import type { Announce, Answer, PeerStore, StoreStats } from '@chihaya/core'

interface MapPeer {
  readonly endpoint: Uint8Array
  peerId: string
  seeder: boolean
  lastSeen: number
}

interface MapSwarm {
  readonly peers: Map<string, MapPeer>
  seeders: number
  downloaded: number
}

/**
 * The obvious store in JavaScript: a `Map` of swarms, each a `Map` of peers by endpoint, with
 * counters. It answers with the first peers of the map, as a random sample would cost far more.
 */
export class MapPeerStore implements PeerStore {
  readonly #swarms = new Map<string, MapSwarm>()

  announce(announce: Announce, answer: Answer): void {
    let swarm = this.#swarms.get(announce.infoHash)
    if (!swarm)
      this.#swarms.set(announce.infoHash, (swarm = { peers: new Map(), seeders: 0, downloaded: 0 }))
    const endpoint = compactPeer(announce.address, announce.port)
    const key = byteString(endpoint)
    const seeder = announce.transition === 'seeder' || announce.transition === 'completed'
    const known = swarm.peers.get(key)
    if (known) {
      swarm.seeders += Number(seeder) - Number(known.seeder)
      known.seeder = seeder
      known.peerId = announce.peerId
      known.lastSeen = Date.now()
    } else {
      swarm.peers.set(key, { endpoint, peerId: announce.peerId, seeder, lastSeen: Date.now() })
      swarm.seeders += Number(seeder)
    }
    answer.complete = swarm.seeders
    answer.incomplete = swarm.peers.size - swarm.seeders
    answer.peers.set(firstPeers(swarm, known, announce, answer.want))
  }

  scrape(): void {
    // No benchmark scrapes.
  }

  stats(): StoreStats {
    return {
      swarms: this.#swarms.size,
      seeders: { ipv4: 0, ipv6: 0 },
      leechers: { ipv4: 0, ipv6: 0 },
    }
  }
}

function firstPeers(
  swarm: MapSwarm,
  own: MapPeer | undefined,
  announce: Announce,
  want: number,
): Uint8Array {
  const stride = announce.address.length + 2
  const endpoints = Buffer.allocUnsafe(Math.min(want, swarm.peers.size) * stride)
  let at = 0
  for (const peer of swarm.peers.values()) {
    if (at === endpoints.length) break
    if (peer === own) continue
    endpoints.set(peer.endpoint, at)
    at += stride
  }
  return endpoints.subarray(0, at)
}
