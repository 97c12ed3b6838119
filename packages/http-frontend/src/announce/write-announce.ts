import {
  BencodeWriter,
  compactLength,
  formatAddress,
  PEER_ID_LENGTH,
  utf8,
  type AddressFamily,
} from '@chihaya/bittorrent'
import type { Answer, PeerList } from '@chihaya/core'
import type { HttpAnnounce } from './parse-announce.ts'

/** Bytes for everything except peers and warning: keys, five integers, an IPv6 address. */
const FIXED = 256
/** Bytes for one peer as a dictionary. */
const DICTIONARY = 96

/** Writes the answer to an announce, with keys in byte order (BEP 3). */
export function writeAnnounce(answer: Answer, announce: HttpAnnounce): Buffer {
  const writer = new BencodeWriter(FIXED + peersCapacity(answer, announce.compact))
  writer.raw('d8:complete')
  writer.integer(answer.complete)
  // The announcer's address as others see it (BEP 24).
  writer.raw('11:external ip')
  writer.bytes(announce.address)
  writer.raw('10:incomplete')
  writer.integer(answer.incomplete)
  writer.raw('8:interval')
  writer.integer(answer.interval)
  writer.raw('12:min interval')
  writer.integer(answer.minInterval)
  if (announce.compact) writeCompact(writer, answer)
  else writeDictionaries(writer, answer, announce.wantsPeerIds)
  if (answer.warning !== undefined) {
    writer.raw('15:warning message')
    writer.string(utf8(answer.warning))
  }
  writer.raw('e')
  return writer.take()
}

function peersCapacity({ peers, otherPeers }: Answer, compact: boolean): number {
  if (!compact) return (peers.count + (otherPeers?.count ?? 0)) * DICTIONARY
  return bytesOf(peers) + (otherPeers === undefined ? 0 : bytesOf(otherPeers))
}

function bytesOf({ count, family }: PeerList): number {
  return count * compactLength(family)
}

function writeCompact(writer: BencodeWriter, answer: Answer): void {
  const ipv4 = ofFamily(answer, 'ipv4')
  const ipv6 = ofFamily(answer, 'ipv6')
  // Some clients take an answer without `peers` for a failure, even if all peers are in `peers6`.
  if (ipv4) {
    writer.raw('5:peers')
    writer.bytes(ipv4.endpoints)
  } else {
    writer.raw('5:peers0:')
  }
  if (ipv6) {
    writer.raw('6:peers6')
    writer.bytes(ipv6.endpoints)
  }
}

function ofFamily({ peers, otherPeers }: Answer, family: AddressFamily): PeerList | undefined {
  if (peers.family === family) return peers
  return otherPeers?.family === family ? otherPeers : undefined
}

function writeDictionaries(
  writer: BencodeWriter,
  { peers, otherPeers }: Answer,
  withPeerIds: boolean,
): void {
  writer.raw('5:peersl')
  writeDictionaryPeers(writer, peers, withPeerIds)
  if (otherPeers) writeDictionaryPeers(writer, otherPeers, withPeerIds)
  writer.raw('e')
}

function writeDictionaryPeers(writer: BencodeWriter, peers: PeerList, withPeerIds: boolean): void {
  const { endpoints } = peers
  const peerIds = withPeerIds ? peers.peerIds : undefined
  const stride = compactLength(peers.family)
  for (let at = 0, id = 0; at < endpoints.length; at += stride, id += PEER_ID_LENGTH) {
    const port = at + stride - 2
    writer.raw('d2:ip')
    writer.string(formatAddress(endpoints.subarray(at, port)))
    if (peerIds) {
      writer.raw('7:peer id')
      writer.bytes(peerIds.subarray(id, id + PEER_ID_LENGTH))
    }
    writer.raw('4:port')
    writer.integer(((endpoints[port] as number) << 8) | (endpoints[port + 1] as number))
    writer.raw('e')
  }
}
