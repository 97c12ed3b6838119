import { addressFamily, NO_PEERS, type AddressFamily, type CompactPeers } from '@chihaya/bittorrent'
import type { FlatAnnounce, SwarmAnnounce } from '@chihaya/core'
import { AnswerSpace } from './answer-space.ts'
import { writeEndpoint } from './entry.ts'
import { PeerDraw, type Refuses } from './peer-draw.ts'
import { PEER_ID_LONGS } from './peer-layout.ts'
import type { SourceLimit } from './source-limit.ts'
import type { SubnetPeers } from './subnet-peers.ts'
import { LEECHERS, SEEDERS } from './swarm-records.ts'
import { setsOf, type SwarmStore } from './swarm-store.ts'

/** 16-bit words of what answers carry. */
const ENDPOINT_WORDS: Readonly<Record<AddressFamily, number>> = { ipv4: 3, ipv6: 9 }
const PEER_ID_WORDS = PEER_ID_LONGS * 2

/** Selects the peers of an answer: from which sets, how many of each, and in what order. */
export class Answerer {
  readonly #store: SwarmStore
  readonly #subnetPeers: SubnetPeers | undefined
  readonly #draw = new PeerDraw()
  readonly #endpoints = new AnswerSpace()
  readonly #peerIds = new AnswerSpace()
  readonly #refusesSource: Refuses | undefined
  readonly #refusesSubnet: Refuses

  constructor(store: SwarmStore, sourceLimit: SourceLimit | undefined, subnetPeers: SubnetPeers | undefined) {
    this.#store = store
    this.#subnetPeers = subnetPeers
    const draw = this.#draw
    this.#refusesSource = sourceLimit && ((longs, at) => sourceLimit.fills(draw, longs, at))
    this.#refusesSubnet = (longs, at) => subnetPeers?.holds(longs, at) === true || this.#refusesSource?.(longs, at) === true
  }

  /** Up to `want` peers of one family, in memory of their own; `subnet` is the record of the announcer's subnet, or 0. */
  peers(announce: SwarmAnnounce, family: AddressFamily, record: number, subnet: number, want: number): CompactPeers {
    const draw = this.#draw
    // Twice over: where a subnet is preferred, peers of it are drawn first and peers from outside then take their share.
    const room = this.#subnetPeers === undefined ? want : want * 2
    this.#endpoints.reserve(room * ENDPOINT_WORDS[family])
    draw.peerIds = undefined
    if (announce.wantsPeerIds && this.#store.sets(setsOf(family)).blocks.keepsPeerIds) {
      this.#peerIds.reserve(room * PEER_ID_WORDS)
      draw.peerIds = this.#peerIds.words
      draw.idsAt = this.#peerIds.at
    }
    this.#drawInto(this.#endpoints.words, this.#endpoints.at, announce, family, record, subnet, want)
    if (draw.drawn === 0) return NO_PEERS[family]
    return {
      family,
      endpoints: this.#endpoints.take(draw.drawn * draw.width),
      peerIds: draw.peerIds && this.#peerIds.take(draw.drawn * PEER_ID_WORDS),
    }
  }

  /** The same into memory of the announce's own. */
  write(announce: FlatAnnounce, family: AddressFamily, record: number, subnet: number, want: number): void {
    const draw = this.#draw
    draw.peerIds = undefined
    if (subnet === 0) {
      this.#drawInto(announce.peers, announce.peersAt, announce, family, record, 0, want)
    } else {
      this.#endpoints.reserve(want * 2 * ENDPOINT_WORDS[family])
      const { words, at } = this.#endpoints
      this.#drawInto(words, at, announce, family, record, subnet, want)
      for (let word = 0; word < draw.drawn * draw.width; word++) announce.peers[announce.peersAt + word] = words[at + word]!
    }
    announce.given = draw.drawn
  }

  #drawInto(
    words: Uint16Array,
    at: number,
    announce: SwarmAnnounce | FlatAnnounce,
    family: AddressFamily,
    record: number,
    subnet: number,
    want: number,
  ): void {
    const draw = this.#draw
    draw.begin(ENDPOINT_WORDS[family])
    draw.endpoints = words
    draw.at = at
    // Peers of the other family are never the announcer; port 0 is nobody's.
    if (addressFamily(announce.address) === family) writeEndpoint(draw.own, announce.address, announce.port)
    else draw.own.fill(0)
    for (let index = 0; index < PEER_ID_LONGS; index++) draw.ownPeerId[index] = this.#store.peerId[index]!
    draw.publicOnly = announce.publicOnly
    draw.refuses = this.#refusesSource
    if (subnet === 0) this.#drawFrom(announce.leechersOnly, family, record, want)
    else this.#preferSubnet(announce.leechersOnly, family, record, subnet, want)
  }

  /** Draws evenly over the leechers and seeders of a record. */
  #drawFrom(leechersOnly: boolean, family: AddressFamily, record: number, want: number): void {
    const store = this.#store
    const set = setsOf(family)
    const sets = store.sets(set)
    const leechers = store.records.root(record, set + LEECHERS)
    if (leechersOnly) {
      this.#draw.fromSet(sets, leechers, want)
      return
    }
    const seeders = store.records.root(record, set + SEEDERS)
    const draw = this.#draw
    const before = draw.drawn
    const share = seedersShare(sets.size(leechers), sets.size(seeders), want)
    draw.fromSet(sets, seeders, share)
    draw.fromSet(sets, leechers, before + want - draw.drawn)
    if (draw.drawn === before + want || share >= sets.size(seeders)) return
    // Too few of the leechers may be given to this announcer, so let seeders fill their share as well.
    draw.drawn = before
    draw.fromSet(sets, seeders, want)
    draw.fromSet(sets, leechers, before + want - draw.drawn)
  }

  #preferSubnet(leechersOnly: boolean, family: AddressFamily, record: number, subnet: number, want: number): void {
    const draw = this.#draw
    this.#drawFrom(leechersOnly, family, subnet, want)
    const near = draw.drawn
    const outside = Math.round(want * (this.#subnetPeers?.outsideShare ?? 0))
    draw.refuses = this.#refusesSubnet
    this.#drawFrom(leechersOnly, family, record, Math.max(want - near, outside))
    if (draw.drawn > want) draw.dropFromMiddle(want - (draw.drawn - near), near)
  }
}

/** How many of `want` peers to draw from the seeders, for a sample that is even over both. */
function seedersShare(leechers: number, seeders: number, want: number): number {
  if (leechers + seeders <= want) return seeders
  const share = Math.floor((want * seeders) / (leechers + seeders) + Math.random())
  return Math.min(Math.max(share, want - leechers), want)
}
