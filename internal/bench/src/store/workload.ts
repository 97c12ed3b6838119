import { infoHashFrom, peerIdFrom, type Address, type InfoHash, type PeerId } from '@chihaya/bittorrent'
import type { FlatAnnounce, SwarmAnnounce, Transition } from '@chihaya/core'

const PEER_IDS: readonly PeerId[] = Array.from(
  { length: 1000 },
  (_, number) => peerIdFrom(`-TS0001-${String(number).padStart(12, '0')}`) as PeerId,
)

const ID_LONGS = 5
/** 16-bit words for the peers of a flat announce. */
const ROOM = 1024

/** A third of all peers are seeders. */
function transitionOf(peer: number): Transition {
  return peer % 3 === 0 ? 'seeder' : 'leecher'
}

/** `swarms` swarms of `peers` peers each. One object serves for all announces, so that a benchmark measures the store. */
export class Workload {
  readonly swarms: number
  readonly peers: number
  readonly infoHashes: InfoHash[]
  readonly #address: Address = new Uint8Array(4)
  readonly #flat: FlatAnnounce
  readonly #announce: { -readonly [Key in keyof SwarmAnnounce]: SwarmAnnounce[Key] }

  constructor(swarms: number, peers: number) {
    this.swarms = swarms
    this.peers = peers
    this.infoHashes = Array.from({ length: swarms }, randomInfoHash)
    this.#announce = {
      infoHash: this.infoHashes[0] as InfoHash,
      peerId: PEER_IDS[0] as PeerId,
      address: this.#address,
      port: 0,
      transition: 'leecher',
      numWant: 0,
      leechersOnly: false,
      publicOnly: false,
      wantsPeerIds: false,
    }
    const ids = this.infoHashes.map((infoHash) => infoHash + (PEER_IDS[0] as PeerId)).join('')
    this.#flat = {
      ids: new Uint32Array(Uint8Array.from(Buffer.from(ids, 'latin1')).buffer),
      idsAt: 0,
      address: this.#address,
      port: 0,
      key: 0,
      transition: 'leecher',
      numWant: 0,
      leechersOnly: false,
      publicOnly: false,
      peers: new Uint16Array(ROOM),
      peersAt: 0,
      given: 0,
      complete: 0,
      incomplete: 0,
    }
  }

  /** Peers in all. */
  get size(): number {
    return this.swarms * this.peers
  }

  /** The announce of the `number`th of all peers, valid until the next one is asked for. */
  announce(number: number, numWant: number): SwarmAnnounce {
    const swarm = number % this.swarms
    const peer = Math.floor(number / this.swarms)
    const announce = this.#announce
    this.#address[0] = 20 + (peer >> 16)
    this.#address[1] = peer >> 8
    this.#address[2] = peer
    this.#address[3] = swarm
    announce.infoHash = this.infoHashes[swarm] as InfoHash
    announce.peerId = PEER_IDS[number % PEER_IDS.length] as PeerId
    announce.port = 1024 + ((swarm * 7 + peer) % 60_000)
    announce.transition = transitionOf(peer)
    announce.numWant = numWant
    return announce
  }

  /** The same announce as the UDP frontend makes it, with room for `numWant` peers, valid until the next one is asked for. */
  flat(number: number, numWant: number): FlatAnnounce {
    const { address, port, transition } = this.announce(number, numWant)
    const flat = this.#flat
    flat.idsAt = (number % this.swarms) * ID_LONGS * 2
    flat.address = address
    flat.port = port
    flat.transition = transition
    flat.numWant = numWant
    return flat
  }

  /** What a right answer for a full swarm counts. */
  get counters(): { complete: number; incomplete: number } {
    const complete = Math.ceil(this.peers / 3)
    return { complete, incomplete: this.peers - complete }
  }

  /** Which peer of which swarm an endpoint of an answer is, or undefined when it is none of this workload. */
  identify(endpoint: Uint8Array, swarm: number): number | undefined {
    const [a, b, c, d, high, low] = endpoint as unknown as [number, number, number, number, number, number]
    const peer = ((a - 20) << 16) | (b << 8) | c
    const port = 1024 + ((swarm * 7 + peer) % 60_000)
    return d === (swarm & 0xff) && port === high * 256 + low && peer < this.peers ? peer : undefined
  }
}

function randomInfoHash(): InfoHash {
  const bytes = Array.from({ length: 20 }, () => Math.floor(Math.random() * 256))
  return infoHashFrom(String.fromCharCode(...bytes)) as InfoHash
}
