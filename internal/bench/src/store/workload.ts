import { infoHashFrom, peerIdFrom, type InfoHash, type PeerId } from '@chihaya/bittorrent'
import { Announce, Answer, type PeerStore, type Transition } from '@chihaya/core'

const PEER_IDS: readonly PeerId[] = Array.from(
  { length: 1000 },
  (_, number) => peerIdFrom(`-TS0001-${String(number).padStart(12, '0')}`) as PeerId,
)

const MOST_PEERS = 200

/** A third of all peers are seeders. */
function transitionOf(peer: number): Transition {
  return peer % 3 === 0 ? 'seeder' : 'leecher'
}

/** An announce with infohash and peer id in a packet, as over UDP. */
class PackedAnnounce extends Announce {
  readonly protocol = 'bench'
  readonly left = 1000n
  readonly uploaded = 0n
  readonly downloaded = 0n
  readonly params = { path: '', get: () => undefined, route: () => undefined }
  infoHash: InfoHash
  peerId: PeerId = PEER_IDS[0] as PeerId
  /** Offset of the infohash. */
  at = 0
  readonly #packets: DataView

  constructor(infoHashes: readonly InfoHash[]) {
    super()
    this.infoHash = infoHashes[0] as InfoHash
    const bytes = Buffer.from(
      infoHashes.map((infoHash) => infoHash + this.peerId).join(''),
      'latin1',
    )
    this.#packets = new DataView(Uint8Array.from(bytes).buffer)
  }

  copyIds(infoHash: Uint32Array, peerId: Uint32Array): void {
    for (let index = 0; index < 5; index++) {
      infoHash[index] = this.#packets.getUint32(this.at + index * 4, true)
      peerId[index] = this.#packets.getUint32(this.at + 20 + index * 4, true)
    }
  }

  keep(): this {
    return this
  }

  end(): void {
    // Nothing borrows it.
  }
}

/** `swarms` swarms of `peers` peers each. All announces reuse one object, to measure the store only. */
export class Workload {
  readonly swarms: number
  readonly peers: number
  readonly infoHashes: InfoHash[]
  readonly answer: Answer = new Answer()
  readonly #announce: PackedAnnounce

  constructor(
    swarms: number,
    peers: number,
    infoHashes: InfoHash[] = Array.from({ length: swarms }, randomInfoHash),
  ) {
    this.swarms = swarms
    this.peers = peers
    this.infoHashes = infoHashes
    this.#announce = new PackedAnnounce(infoHashes)
    this.answer.peers.reserve('ipv4', MOST_PEERS, false)
  }

  /** Number of all peers. */
  get size(): number {
    return this.swarms * this.peers
  }

  /** Announces one of all peers. The answer is valid until the next announce. */
  announce(store: PeerStore, number: number, want: number): Answer {
    const swarm = number % this.swarms
    const peer = Math.floor(number / this.swarms)
    const announce = this.#announce
    const { address } = announce
    address[0] = 20 + (peer >> 16)
    address[1] = peer >> 8
    address[2] = peer
    address[3] = swarm
    announce.infoHash = this.infoHashes[swarm] as InfoHash
    announce.at = swarm * 40
    announce.peerId = PEER_IDS[number % PEER_IDS.length] as PeerId
    announce.port = 1024 + ((swarm * 7 + peer) % 60_000)
    announce.transition = transitionOf(peer)
    this.answer.begin(0, 0)
    this.answer.want = want
    void store.announce(announce, this.answer)
    return this.answer
  }

  /** Counters of a correct answer for a full swarm. */
  get counters(): { complete: number; incomplete: number } {
    const complete = Math.ceil(this.peers / 3)
    return { complete, incomplete: this.peers - complete }
  }

  /** The peer of a swarm with this endpoint; undefined for an unknown one. */
  identify(endpoint: Uint8Array, swarm: number): number | undefined {
    const [a, b, c, d, high, low] = endpoint as unknown as [
      number,
      number,
      number,
      number,
      number,
      number,
    ]
    const peer = ((a - 20) << 16) | (b << 8) | c
    const port = 1024 + ((swarm * 7 + peer) % 60_000)
    return d === (swarm & 0xff) && port === high * 256 + low && peer < this.peers ? peer : undefined
  }
}

function randomInfoHash(): InfoHash {
  const bytes = Array.from({ length: 20 }, () => Math.floor(Math.random() * 256))
  return infoHashFrom(String.fromCharCode(...bytes)) as InfoHash
}
