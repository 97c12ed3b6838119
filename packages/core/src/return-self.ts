import {
  countPeers,
  onePeer,
  PEER_ID_LENGTH,
  writeByteString,
  type AnnounceRequest,
  type AnnounceResponse,
} from '@chihaya/bittorrent'

/** libtorrent announces this port when it does not listen. */
export const UNDIALLABLE_PORT = 1

/**
 * Puts the announcer into an answer that names nobody, unless it wants no peers or cannot be dialled. Chihaya does the same:
 * its `e2e` and some clients take an empty list for a failure.
 */
export function returnSelf(request: AnnounceRequest, response: AnnounceResponse): void {
  if (countPeers(response.peers) > 0) return
  if (response.otherPeers !== undefined && countPeers(response.otherPeers) > 0) return
  if (request.event === 'stopped' || request.numWant === 0 || request.port <= UNDIALLABLE_PORT) return
  response.peers = onePeer(request.address, request.port, request.wantsPeerIds ? peerIdBytes(request) : undefined)
}

function peerIdBytes(request: AnnounceRequest): Uint8Array {
  const bytes = new Uint8Array(PEER_ID_LENGTH)
  writeByteString(request.peerId, bytes, 0)
  return bytes
}
