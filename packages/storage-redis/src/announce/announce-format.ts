import { createHash } from 'node:crypto'
import {
  addressScope,
  COMPACT_IPV4,
  compactLength,
  compactPeer,
  PEER_ID_LENGTH,
  writeByteString,
  type ScrapeEntry,
} from '@chihaya/bittorrent'
import type { Announce, Answer, Transition } from '@chihaya/core'

const TRANSITION: Readonly<Record<Transition, number>> = {
  leecher: 0,
  partial: 1,
  seeder: 2,
  completed: 3,
  stopped: 4,
  unchanged: 5,
}

const PUBLIC = 0
const NOT_PUBLIC = 1
const WITHHELD = 2

const LEECHERS_ONLY = 1
const PUBLIC_ONLY = 2
const WANTS_PEER_IDS = 4
const MERGES = 8
const HAS_CLIENT = 16
const NO_NEW_SWARM = 32

/** Bytes of the digest that identifies a client. */
export const CLIENT_LENGTH = 8

/** Peers in an answer at most: more than a client can use, and as many as Lua can unpack. */
export const MAX_WANT = 2000
/** Bytes before the record. */
export const HEADER_LENGTH = 17

/** The part of an announce that Redis needs. */
export type StoredAnnounce = Pick<
  Announce,
  | 'infoHash'
  | 'peerId'
  | 'address'
  | 'port'
  | 'handle'
  | 'owner'
  | 'key'
  | 'transition'
  | 'leechersOnly'
  | 'publicOnly'
  | 'wantsPeerIds'
>

/** When an announce was made. */
export interface AnnounceTime {
  /** Seconds since 1970, or 0 for Redis' own clock. */
  readonly now: number
  /** Seconds since the announce, if it is late. Newer announces take precedence. */
  readonly age?: number
}

/** The record of a peer: what is stored beside its endpoint and state. */
export interface RecordSettings {
  readonly storePeerIds: boolean
  readonly storeOwners: boolean
}

/** The options that concern announces. */
export interface AnnounceSettings extends RecordSettings {
  /** Peers on ports below this one are never returned. */
  readonly withholdPortsBelow: number
}

/** Bytes of an owner. */
export const OWNER_LENGTH = 4

/** Bytes of a record: the peer id, then the owner, if they are stored. */
export function recordLength({ storePeerIds, storeOwners }: RecordSettings): number {
  return (storePeerIds ? PEER_ID_LENGTH : 0) + (storeOwners ? OWNER_LENGTH : 0)
}

/**
 * The argument of the announce script. It is one argument because each costs the client three
 * writes:
 *
 *     transition 1 | scope 1 | flags 1 | want 2 | seed 4 | now 4 | age 4
 *     | peer id 20, if they are stored | owner 4, if they are stored | endpoint 6 or 18
 *     | client 8, if it completes its download and has a key
 */
export function announceArgument(
  announce: StoredAnnounce,
  want: number,
  settings: AnnounceSettings,
  time: AnnounceTime,
  mayMakeSwarm = true,
): Buffer {
  const endpoint = endpointOf(announce)
  const endpointAt = HEADER_LENGTH + recordLength(settings)
  const clientAt = endpointAt + endpoint.length
  const hasClient = announce.transition === 'completed' && announce.key !== 0
  const argument = Buffer.allocUnsafe(clientAt + (hasClient ? CLIENT_LENGTH : 0))
  argument[0] = TRANSITION[announce.transition]
  argument[1] = scopeOf(announce, settings.withholdPortsBelow)
  argument[2] =
    (announce.leechersOnly ? LEECHERS_ONLY : 0) |
    (announce.publicOnly ? PUBLIC_ONLY : 0) |
    (announce.wantsPeerIds ? WANTS_PEER_IDS : 0) |
    (time.age === undefined ? 0 : MERGES) |
    (hasClient ? HAS_CLIENT : 0) |
    (mayMakeSwarm ? 0 : NO_NEW_SWARM)
  argument.writeUInt16BE(Math.min(want, MAX_WANT), 3)
  // Without a seed, every script draws the same random numbers.
  argument.writeUInt32BE(Math.floor(Math.random() * 2 ** 32), 5)
  argument.writeUInt32BE(time.now, 9)
  argument.writeUInt32BE(time.age ?? 0, 13)
  if (settings.storePeerIds) writeByteString(announce.peerId, argument, HEADER_LENGTH)
  if (settings.storeOwners) argument.writeUInt32BE(announce.owner, endpointAt - OWNER_LENGTH)
  argument.set(endpoint, endpointAt)
  if (hasClient) argument.set(clientDigest(announce), clientAt)
  return argument
}

/** The peer in a swarm: address and port, or the handle of a WebRTC peer and two bytes of zero. */
export function endpointOf({
  address,
  port,
  handle,
}: Pick<Announce, 'address' | 'port' | 'handle'>): Uint8Array {
  if (handle === 0) return compactPeer(address, port)
  const endpoint = Buffer.alloc(COMPACT_IPV4)
  endpoint.writeUInt32BE(handle)
  return endpoint
}

/** Identifies a client by what it sends over both families (BEP 7). */
function clientDigest({ peerId, key }: StoredAnnounce): Buffer {
  return createHash('sha1').update(`${peerId}${key}`, 'latin1').digest().subarray(0, CLIENT_LENGTH)
}

function scopeOf(announce: StoredAnnounce, withholdPortsBelow: number): number {
  const { address, port, handle } = announce
  if (handle !== 0) return PUBLIC
  if (port <= 1 || port < withholdPortsBelow) return WITHHELD
  return addressScope(address) === 'public' ? PUBLIC : NOT_PUBLIC
}

/** Bytes of the counters in a reply. */
const HEAD = 12

/** Fills in an answer from the reply of the announce script, with peer ids or without. */
export function readAnswer(reply: Buffer, withIds: boolean, answer: Answer): void {
  answer.complete = reply.readUInt32BE(0)
  answer.incomplete = reply.readUInt32BE(4)
  answer.downloaded = reply.readUInt32BE(8)
  const { peers } = answer
  const width = compactLength(peers.family)
  const idsAt = withIds
    ? HEAD + ((reply.length - HEAD) / (width + PEER_ID_LENGTH)) * width
    : reply.length
  peers.set(reply.subarray(HEAD, idsAt), withIds ? reply.subarray(idsAt) : undefined)
}

/** Clears the bit of a reply that marks a new swarm. Returns whether it was set. */
export function takeNewSwarmBit(reply: Buffer): boolean {
  const first = reply[0] as number
  reply[0] = first & 0x7f
  return first > 0x7f
}

/** Reads the reply of the scrape script. */
export function readScrapeEntry(reply: Buffer): ScrapeEntry {
  return {
    complete: reply.readUInt32BE(0),
    incomplete: reply.readUInt32BE(4),
    downloaders: reply.readUInt32BE(8),
    downloaded: reply.readUInt32BE(12),
  }
}
