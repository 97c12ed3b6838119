import { compactLength, PEER_ID_LENGTH, type ScrapeEntry } from '@chihaya/bittorrent'
import type { Answer } from '@chihaya/core'

const HEAD = 12

/**
 * Fills in an answer from the reply of the announce script, which comes with peer ids or without.
 */
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

/**
 * Whether the answer of the announce script says that its swarm is new; that is taken out of it.
 */
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
