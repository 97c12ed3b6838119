import { addressScope, compactPeer } from '@chihaya/bittorrent'
import type { SwarmAnnounce, Transition } from '@chihaya/core'

const KIND: Readonly<Record<Transition, number>> = { leecher: 0, partial: 1, seeder: 2, completed: 3, stopped: 4, unchanged: 5 }

const PUBLIC = 0
const NOT_PUBLIC = 1
const CANNOT_BE_DIALLED = 2

const LEECHERS_ONLY = 1
const PUBLIC_ONLY = 2
const WANTS_PEER_IDS = 4
const MERGES = 8

/** More peers than any client can use; Lua could not list many more. */
const MAX_WANT = 2000
const HEADER_LENGTH = 17

/** When an announce takes place. */
export interface Moment {
  /** The second since 1970, or 0 for Redis' own clock. */
  readonly now: number
  /** Seconds since the announce came, for one that is entered late: it gives way to what has come since. */
  readonly age?: number
}

/**
 * The arguments of the announce script:
 *
 *     header    kind 1 | reach 1 | flags 1 | want 2 | dice 4 | now 4 | age 4, big-endian
 *     endpoint  6 or 18 bytes
 *     peer id   20 bytes, or none where they are not kept
 */
export function announceArguments(announce: SwarmAnnounce, storePeerIds: boolean, moment: Moment): Buffer[] {
  const header = Buffer.allocUnsafe(HEADER_LENGTH)
  header[0] = KIND[announce.transition]
  header[1] = reach(announce)
  header[2] =
    (announce.leechersOnly ? LEECHERS_ONLY : 0) |
    (announce.publicOnly ? PUBLIC_ONLY : 0) |
    (announce.wantsPeerIds ? WANTS_PEER_IDS : 0) |
    (moment.age === undefined ? 0 : MERGES)
  header.writeUInt16BE(Math.min(announce.numWant, MAX_WANT), 3)
  // Lua's own random numbers are the same in every script.
  header.writeUInt32BE(Math.floor(Math.random() * 2 ** 32), 5)
  header.writeUInt32BE(moment.now, 9)
  header.writeUInt32BE(moment.age ?? 0, 13)
  const { buffer } = compactPeer(announce.address, announce.port)
  return [header, Buffer.from(buffer), Buffer.from(storePeerIds ? announce.peerId : '', 'latin1')]
}

function reach({ address, port }: SwarmAnnounce): number {
  if (port <= 1) return CANNOT_BE_DIALLED
  return addressScope(address) === 'public' ? PUBLIC : NOT_PUBLIC
}
