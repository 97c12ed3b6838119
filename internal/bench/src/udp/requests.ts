import { writeConnect } from '@chihaya/client'

/**
 * The workload of the UDP benchmarks: peers of many torrents behind a few addresses, and their
 * requests (BEP 15), written in place for speed.
 */

export const TORRENTS = 10_000
const PEERS = 100_000
const NUM_WANT = 50
/** Shares of all requests; the rest are announces. */
const CONNECT_SHARE = 0.1
const SCRAPE_SHARE = 0.05
const SCRAPED = 10

const CONNECT = writeConnect(0)

const ANNOUNCE_LENGTH = 98

/** The infohash of a torrent: 20 bytes, the same in every process. */
export function infoHash(torrent: number): Buffer {
  const bytes = Buffer.alloc(20)
  let state = (torrent + 1) * 0x9e3779b1
  for (let at = 0; at < 20; at += 4) {
    state = Math.imul(state ^ (state >>> 15), 0x85ebca6b) ^ (torrent + at)
    bytes.writeInt32BE(state | 0, at)
  }
  return bytes
}

const INFO_HASHES: readonly Buffer[] = Array.from({ length: TORRENTS }, (_, torrent) =>
  infoHash(torrent),
)

/** Peers per torrent: ten each, or by popularity, the k-th torrent 1/k of the first's. */
export type Spread = 'even' | 'popular'

/** The torrent of each peer. */
export function torrentsOfPeers(spread: Spread): Uint16Array {
  const torrents = new Uint16Array(PEERS)
  if (spread === 'even') return torrents.map((_, peer) => peer % TORRENTS)
  // Every torrent has a peer; the others are distributed by popularity.
  let peer = 0
  for (; peer < TORRENTS; peer++) torrents[peer] = peer
  let harmonic = 0
  for (let rank = 1; rank <= TORRENTS; rank++) harmonic += 1 / rank
  const dealt = PEERS - TORRENTS
  for (let rank = 1; rank <= TORRENTS; rank++) {
    for (let share = Math.ceil(dealt / (rank * harmonic)); share > 0 && peer < PEERS; share--)
      torrents[peer++] = rank - 1
  }
  return torrents
}

/** Writes the requests of the peers behind one of `sources` addresses. */
export class Requests {
  readonly #source: number
  readonly #sources: number
  readonly #torrents: Uint16Array
  readonly connectionId: Buffer = Buffer.alloc(8)
  #transaction = 0

  constructor(source: number, sources: number, torrents: Uint16Array) {
    this.#source = source
    this.#sources = sources
    this.#torrents = torrents
  }

  /** Writes the next request of the mix and returns its length. */
  writeNext(target: Buffer, at: number): number {
    const draw = Math.random()
    if (draw < CONNECT_SHARE) return this.writeConnect(target, at)
    if (draw < CONNECT_SHARE + SCRAPE_SHARE) return this.#writeScrape(target, at)
    return this.writeAnnounce(target, at, Math.floor(Math.random() * this.peers))
  }

  /** Number of peers behind this address. */
  get peers(): number {
    return Math.ceil((PEERS - this.#source) / this.#sources)
  }

  writeConnect(target: Buffer, at: number): number {
    target.set(CONNECT, at)
    target.writeInt32BE(this.#transaction++ | 0, at + 12)
    return CONNECT.length
  }

  /** The periodic announce of a peer behind this address; a third of them are seeders. */
  writeAnnounce(target: Buffer, at: number, own: number): number {
    const peer = own * this.#sources + this.#source
    this.#writeHeader(target, at, 1)
    target.set(INFO_HASHES[this.#torrents[peer] ?? 0] as Buffer, at + 16)
    target.fill(0, at + 36, at + ANNOUNCE_LENGTH)
    target.write('-BM0001-', at + 36, 'latin1')
    target.writeUInt32BE(peer, at + 52)
    if (peer % 3 !== 0) target.writeInt32BE(1000, at + 68)
    target.writeInt32BE(NUM_WANT, at + 92)
    target.writeUInt16BE(2000 + own, at + 96)
    return ANNOUNCE_LENGTH
  }

  #writeScrape(target: Buffer, at: number): number {
    this.#writeHeader(target, at, 2)
    for (let index = 0; index < SCRAPED; index++) {
      target.set(INFO_HASHES[Math.floor(Math.random() * TORRENTS)] as Buffer, at + 16 + index * 20)
    }
    return 16 + SCRAPED * 20
  }

  #writeHeader(target: Buffer, at: number, action: number): void {
    target.set(this.connectionId, at)
    target.writeInt32BE(action, at + 8)
    target.writeInt32BE(this.#transaction++ | 0, at + 12)
  }
}
