import { sampleInfoHash, samplePeerId } from '@chihaya/core/testing'
import type { ClientAnnounce } from '@chihaya/client'

/** A leecher's announce that every tracker accepts. */
export const ANNOUNCE: ClientAnnounce = {
  infoHash: sampleInfoHash(1),
  peerId: samplePeerId(1),
  port: 6881,
  left: 1n,
}
