import { createHash } from 'node:crypto'
import { addressScope, compactPeer, PEER_ID_LENGTH, writeByteString } from '@chihaya/bittorrent'
import type { Announce, Transition } from '@chihaya/core'

const KIND: Readonly<Record<Transition, number>> = {
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
const NAMES_CLIENT = 16
const NO_NEW_SWARM = 32

/** Bytes of the digest that names a client. */
export const CLIENT_LENGTH = 8

/** More peers than any client can use; Lua could not list many more. */
const MAX_WANT = 2000
/** Where the endpoint is, or the peer id before it. */
export const HEADER_LENGTH = 17

/** What Redis is told of an announce. */
export type ToldAnnounce = Pick<
  Announce,
  | 'infoHash'
  | 'peerId'
  | 'address'
  | 'port'
  | 'key'
  | 'transition'
  | 'leechersOnly'
  | 'publicOnly'
  | 'wantsPeerIds'
>

/** When an announce takes place. */
export interface Moment {
  /** The second since 1970, or 0 for Redis' own clock. */
  readonly now: number
  /**
   * Seconds since the announce came, for one that is entered late: it gives way to what has come
   * since.
   */
  readonly age?: number
}

/** What a store has been told of announces. */
export interface AnnounceSettings {
  readonly storePeerIds: boolean
  /** Peers on ports below are given to nobody. */
  readonly withholdPortsBelow: number
}

/**
 * The argument of the announce script, in one piece as each costs the client three writes:
 *
 *     kind 1 | reach 1 | flags 1 | want 2 | dice 4 | now 4 | age 4 | peer id 20, where they are kept | endpoint 6 or 18
 *     | client 8, where a download is completed by a client that has told its key
 */
export function announceArgument(
  announce: ToldAnnounce,
  want: number,
  { storePeerIds, withholdPortsBelow }: AnnounceSettings,
  moment: Moment,
  mayMakeSwarm = true,
): Buffer {
  const endpoint = compactPeer(announce.address, announce.port)
  const endpointAt = HEADER_LENGTH + (storePeerIds ? PEER_ID_LENGTH : 0)
  const clientAt = endpointAt + endpoint.length
  const namesClient = announce.transition === 'completed' && announce.key !== 0
  const argument = Buffer.allocUnsafe(clientAt + (namesClient ? CLIENT_LENGTH : 0))
  argument[0] = KIND[announce.transition]
  argument[1] = reach(announce, withholdPortsBelow)
  argument[2] =
    (announce.leechersOnly ? LEECHERS_ONLY : 0) |
    (announce.publicOnly ? PUBLIC_ONLY : 0) |
    (announce.wantsPeerIds ? WANTS_PEER_IDS : 0) |
    (moment.age === undefined ? 0 : MERGES) |
    (namesClient ? NAMES_CLIENT : 0) |
    (mayMakeSwarm ? 0 : NO_NEW_SWARM)
  argument.writeUInt16BE(Math.min(want, MAX_WANT), 3)
  // Lua's own random numbers are the same in every script.
  argument.writeUInt32BE(Math.floor(Math.random() * 2 ** 32), 5)
  argument.writeUInt32BE(moment.now, 9)
  argument.writeUInt32BE(moment.age ?? 0, 13)
  if (storePeerIds) writeByteString(announce.peerId, argument, HEADER_LENGTH)
  argument.set(endpoint, endpointAt)
  if (namesClient) argument.set(clientName(announce), clientAt)
  return argument
}

/** A client by what it tells over both families (BEP 7). */
function clientName({ peerId, key }: ToldAnnounce): Buffer {
  return createHash('sha1').update(`${peerId}${key}`, 'latin1').digest().subarray(0, CLIENT_LENGTH)
}

function reach({ address, port }: ToldAnnounce, withholdPortsBelow: number): number {
  if (port <= 1 || port < withholdPortsBelow) return WITHHELD
  return addressScope(address) === 'public' ? PUBLIC : NOT_PUBLIC
}
