import {
  compactLength,
  NO_PEERS,
  PEER_ID_LENGTH,
  type AddressFamily,
  type CompactPeers,
  type ScrapeEntry,
} from '@chihaya/bittorrent'
import type { SwarmView } from '@chihaya/core'

const VIEW_HEAD = 12

/** The answer of the announce script, to an announcer of a family, with peer ids or without. */
export function readView(reply: Buffer, family: AddressFamily, withIds: boolean): SwarmView {
  return {
    complete: reply.readUInt32BE(0),
    incomplete: reply.readUInt32BE(4),
    downloaded: reply.readUInt32BE(8),
    peers: readPeers(reply, family, withIds),
  }
}

function readPeers(reply: Buffer, family: AddressFamily, withIds: boolean): CompactPeers {
  if (reply.length === VIEW_HEAD) return NO_PEERS[family]
  if (!withIds) return { family, endpoints: reply.subarray(VIEW_HEAD), peerIds: undefined }
  const width = compactLength(family)
  const idsAt = VIEW_HEAD + ((reply.length - VIEW_HEAD) / (width + PEER_ID_LENGTH)) * width
  return { family, endpoints: reply.subarray(VIEW_HEAD, idsAt), peerIds: reply.subarray(idsAt) }
}

/** Whether the answer of the announce script says that its swarm is new; that is taken out of it. */
export function takeNewSwarmBit(reply: Buffer): boolean {
  const first = reply[0] as number
  reply[0] = first & 0x7f
  return first > 0x7f
}

/** The answer of the scrape script. */
export function readScrapeEntry(reply: Buffer): ScrapeEntry {
  return {
    complete: reply.readUInt32BE(0),
    incomplete: reply.readUInt32BE(4),
    downloaders: reply.readUInt32BE(8),
    downloaded: reply.readUInt32BE(12),
  }
}
