import { sampleInfoHash, samplePeerId } from '@chihaya/core/testing'
import type { ClientAnnounce } from '@internal/client'

/** An announce of a leecher that every tracker takes. */
export const ANNOUNCE: ClientAnnounce = {
  infoHash: sampleInfoHash(1),
  peerId: samplePeerId(1),
  port: 6881,
  left: 1n,
}
