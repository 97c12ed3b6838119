import {
  byteString,
  INFO_HASH_LENGTH,
  writeByteString,
  type InfoHash,
  type PeerId,
} from '@chihaya/bittorrent'
import type { EvictionRules, Transition } from '@chihaya/core'
import { endpointOf, type StoredAnnounce } from '../announce/announce-format.ts'

/** The last announce of a peer. */
export interface PeerRecord {
  readonly peerId: PeerId
  readonly clientKey: number
  readonly owner: number
  readonly transition: Transition
  /** Whether the peer completed its download, in this announce or an earlier one. */
  readonly completed: boolean
  /** When it announced, on the clock of `performance.now()`. */
  readonly announcedAt: number
  /** When it was recorded here, on the same clock. */
  readonly recordedAt: number
}

/** An announce to apply late. */
export interface LateAnnounce {
  readonly announce: StoredAnnounce
  /** Seconds. */
  readonly age: number
}

/** The last announce of each peer, for a bounded number of peers: the oldest are forgotten. */
export class Backlog {
  /** Oldest first. */
  readonly #peers = new Map<string, PeerRecord>()
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  get size(): number {
    return this.#peers.size
  }

  record(announce: StoredAnnounce): void {
    const { peerId, key: clientKey, owner, transition } = announce
    if (transition === 'unchanged') return
    const key = keyOf(announce)
    const completed = transition === 'completed' || this.#peers.get(key)?.completed === true
    // Deleted first, so that it is added at the end.
    this.#peers.delete(key)
    const now = performance.now()
    const times = { announcedAt: now, recordedAt: now }
    this.#set(key, { peerId, clientKey, owner, transition, completed, ...times })
  }

  #set(key: string, peer: PeerRecord): void {
    this.#peers.set(key, peer)
    if (this.#peers.size > this.#limit)
      this.#peers.delete(this.#peers.keys().next().value as string)
  }

  /** Moves the records of another backlog here, except for peers that have one here. */
  takeOver(other: Backlog): void {
    for (const [key, peer] of other.#peers) this.add(key, peer)
    other.#peers.clear()
  }

  /** Adds a record of another backlog, unless the peer has one here. */
  add(key: string, peer: PeerRecord): void {
    if (!this.#peers.has(key)) this.#set(key, { ...peer, recordedAt: performance.now() })
  }

  /** Forgets peers recorded before a time. */
  forgetBefore(time: number): void {
    for (const [key, { recordedAt }] of this.#peers) {
      if (recordedAt >= time) return
      this.#peers.delete(key)
    }
  }

  /** Forgets the peer of an announce that Redis has applied. */
  forget(announce: StoredAnnounce): void {
    if (announce.transition !== 'unchanged') this.#peers.delete(keyOf(announce))
  }

  /** Forgets the peers that match the rules. */
  evict(rules: EvictionRules): void {
    for (const [key, { peerId, owner }] of this.#peers) {
      const { infoHash, address, handle } = peerOf(key)
      const isRefused =
        rules.infoHash?.(infoHash) ||
        (handle === 0 && rules.address?.(address)) ||
        rules.peerId?.(peerId) ||
        (owner !== 0 && rules.owner?.(owner))
      if (isRefused === true) this.#peers.delete(key)
    }
  }

  /** The oldest records, each with the announces to apply for it. They stay until `remove`. */
  oldest(count: number): Array<{ key: string; peer: PeerRecord; announces: LateAnnounce[] }> {
    const oldest = []
    for (const [key, peer] of this.#peers) {
      if (oldest.length === count) break
      oldest.push({ key, peer, announces: announcesOf(key, peer) })
    }
    return oldest
  }

  /** Removes a record that Redis has applied, unless a newer one has replaced it. */
  remove(key: string, peer: PeerRecord): void {
    if (this.#peers.get(key) === peer) this.#peers.delete(key)
  }
}

function keyOf(announce: StoredAnnounce): string {
  return announce.infoHash + byteString(endpointOf(announce))
}

function peerOf(key: string): Pick<StoredAnnounce, 'infoHash' | 'address' | 'port' | 'handle'> {
  const endpoint = Buffer.alloc(key.length - INFO_HASH_LENGTH)
  writeByteString(key.slice(INFO_HASH_LENGTH), endpoint, 0)
  const portAt = endpoint.length - 2
  const port = endpoint.readUInt16BE(portAt)
  return {
    infoHash: key.slice(0, INFO_HASH_LENGTH) as InfoHash,
    address: endpoint.subarray(0, portAt),
    port,
    // No other peer without a port is stored.
    handle: port === 0 ? endpoint.readUInt32BE(0) : 0,
  }
}

function announcesOf(
  key: string,
  { peerId, clientKey, owner, transition, completed, announcedAt }: PeerRecord,
): LateAnnounce[] {
  const announce = {
    ...peerOf(key),
    peerId,
    key: clientKey,
    owner,
    leechersOnly: false,
    publicOnly: false,
    wantsPeerIds: false,
  }
  const age = Math.round((performance.now() - announcedAt) / 1000)
  const late = (of: Transition): LateAnnounce => ({
    announce: { ...announce, transition: of },
    age,
  })
  if (!completed) return [late(transition)]
  return transition === 'completed' || transition === 'seeder'
    ? [late('completed')]
    : [late('completed'), late(transition)]
}
