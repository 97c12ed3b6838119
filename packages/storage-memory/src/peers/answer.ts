import type { AddressFamily } from '@chihaya/bittorrent'
import type { Announce, PeerList } from '@chihaya/core'
import type { AnnouncedPeer } from './announced-peer.ts'
import { entryU32 } from './entry.ts'
import { PeerDraw, type Refuses } from './draw.ts'
import { PEER_ID_U32 } from './layout.ts'
import type { SourceLimit } from '../limits/source-limit.ts'
import type { SubnetPeers } from '../swarms/subnet-peers.ts'
import { LEECHERS, SEEDERS, WEBRTC_SETS } from '../swarms/records.ts'
import type { Swarms } from '../swarms/swarms.ts'

/** 16-bit words of endpoints and peer ids in answers. */
const ENDPOINT_U16: Readonly<Record<AddressFamily, number>> = { ipv4: 3, ipv6: 9 }
const PEER_ID_U16 = PEER_ID_U32 * 2

/** The endpoint that no entry has. */
const NOBODY = new Uint32Array(entryU32('ipv6'))

/** Selects the peers of an answer: the sets, the share of each, and their order. */
export class Answerer {
  readonly #swarms: Swarms
  readonly #peer: AnnouncedPeer
  readonly #subnetPeers: SubnetPeers | undefined
  readonly #draw = new PeerDraw()
  #endpoints = new Uint16Array(0)
  #peerIds = new Uint16Array(0)
  readonly #refusesSource: Refuses | undefined
  readonly #refusesSubnet: Refuses

  constructor(
    swarms: Swarms,
    peer: AnnouncedPeer,
    sourceLimit: SourceLimit | undefined,
    subnetPeers: SubnetPeers | undefined,
  ) {
    this.#swarms = swarms
    this.#peer = peer
    this.#subnetPeers = subnetPeers
    const draw = this.#draw
    this.#refusesSource = sourceLimit && ((u32, at) => sourceLimit.fills(draw, u32, at))
    this.#refusesSubnet = (u32, at) =>
      subnetPeers?.holds(u32, at) === true || this.#refusesSource?.(u32, at) === true
  }

  /**
   * Fills a list with up to `want` peers of the network with the sets from `first` on. `subnet` is
   * the record of the announcer's subnet, or 0.
   */
  write(
    announce: Announce,
    list: PeerList,
    first: number,
    record: number,
    subnet: number,
    want: number,
  ): void {
    const draw = this.#draw
    const peer = this.#peer
    const { columns } = this.#swarms.sets(first).blocks
    const withIds = announce.wantsPeerIds && columns.peerIds !== undefined
    draw.begin(ENDPOINT_U16[list.family])
    // A peer of the other family is never the announcer.
    draw.own = peer.sets === first ? peer.endpoint : NOBODY
    draw.ownPeerId = peer.id
    draw.owner = columns.owners === undefined ? 0 : peer.owner
    draw.publicOnly = announce.publicOnly && first < WEBRTC_SETS
    draw.refuses = this.#refusesSource
    if (subnet === 0) {
      draw.endpoints = list.words
      draw.at = list.at >> 1
      draw.peerIds = withIds ? list.idWords : undefined
      this.#drawFrom(announce.leechersOnly, first, record, want)
    } else {
      this.#preferSubnet(announce.leechersOnly, list, first, withIds, record, subnet, want)
    }
    list.count = draw.drawn
    list.hasPeerIds = withIds
  }

  /** Draws evenly over the leechers and seeders of a record. */
  #drawFrom(leechersOnly: boolean, first: number, record: number, want: number): void {
    const { records } = this.#swarms
    const sets = this.#swarms.sets(first)
    const leechers = records.root(record, first + LEECHERS)
    if (leechersOnly) {
      this.#draw.fromSet(sets, leechers, want)
      return
    }
    const seeders = records.root(record, first + SEEDERS)
    const draw = this.#draw
    const before = draw.drawn
    const share = seedersShare(sets.size(leechers), sets.size(seeders), want)
    draw.fromSet(sets, seeders, share)
    draw.fromSet(sets, leechers, before + want - draw.drawn)
    if (draw.drawn === before + want || share >= sets.size(seeders)) return
    // Too few leechers may be given to this announcer, so seeders fill their share.
    draw.drawn = before
    draw.fromSet(sets, seeders, want)
    draw.fromSet(sets, leechers, before + want - draw.drawn)
  }

  /**
   * Draws peers of the subnet first, then peers from outside for their share, which takes room for
   * twice as many.
   */
  #preferSubnet(
    leechersOnly: boolean,
    list: PeerList,
    first: number,
    withIds: boolean,
    record: number,
    subnet: number,
    want: number,
  ): void {
    const draw = this.#draw
    if (this.#endpoints.length < want * 2 * draw.width)
      this.#endpoints = new Uint16Array(want * 2 * draw.width)
    if (withIds && this.#peerIds.length < want * 2 * PEER_ID_U16)
      this.#peerIds = new Uint16Array(want * 2 * PEER_ID_U16)
    draw.endpoints = this.#endpoints
    draw.at = 0
    draw.peerIds = withIds ? this.#peerIds : undefined
    this.#drawFrom(leechersOnly, first, subnet, want)
    const near = draw.drawn
    const outside = Math.round(want * (this.#subnetPeers?.outsideShare ?? 0))
    draw.refuses = this.#refusesSubnet
    this.#drawFrom(leechersOnly, first, record, Math.max(want - near, outside))
    if (draw.drawn > want) draw.dropFromMiddle(want - (draw.drawn - near), near)
    list.words.set(this.#endpoints.subarray(0, draw.drawn * draw.width), list.at >> 1)
    if (withIds) list.idWords.set(this.#peerIds.subarray(0, draw.drawn * PEER_ID_U16))
  }
}

/** How many of `want` peers to draw from the seeders, for an even sample over both. */
function seedersShare(leechers: number, seeders: number, want: number): number {
  if (leechers + seeders <= want) return seeders
  const share = Math.floor((want * seeders) / (leechers + seeders) + Math.random())
  return Math.min(Math.max(share, want - leechers), want)
}
