import {
  formatAddress,
  infoHashFrom,
  peerIdFrom,
  type Endpoint,
  type InfoHash,
  type PeerId,
} from '@chihaya/bittorrent'
import type { ClientAnnounce } from '../src/index.ts'

/** An announce with bytes that need every kind of escape. */
export const ANNOUNCE: ClientAnnounce = {
  infoHash: infoHashFrom('\x00\xff&=%+ infohash 20 b') as InfoHash,
  peerId: peerIdFrom('-TS0001-\x00\x80\xc3\xa9/?#%&+ x') as PeerId,
  port: 6881,
  left: 2n ** 63n,
}

export function endpointText({ address, port }: Endpoint): string {
  return `${formatAddress(address)} ${port}`
}
