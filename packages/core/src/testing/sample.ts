import { infoHashFrom, parseAddress, peerIdFrom, type AnnounceRequest, type InfoHash, type PeerId } from '@chihaya/bittorrent'
import type { SwarmAnnounce } from '../peer-store.ts'

/** The `number`th infohash of a test. */
export function sampleInfoHash(number: number): InfoHash {
  return infoHashFrom(String.fromCharCode(number & 0xff, (number >> 8) & 0xff, (number >> 16) & 0xff).padEnd(20, 'H')) as InfoHash
}

/** The `number`th peer id of a test. */
export function samplePeerId(number: number): PeerId {
  return peerIdFrom(`-TS0001-${String(number).padStart(12, '0')}`) as PeerId
}

/** An address by its text. @throws {TypeError} when it is none. */
export function address(text: string): Uint8Array {
  const bytes = parseAddress(text)
  if (!bytes) throw new TypeError(`${text} is no address`)
  return bytes
}

/** A leecher's announce from 10.0.0.1:6881 into the first sample swarm, but for what `changes` says. */
export function sampleAnnounce(changes: Partial<SwarmAnnounce> = {}): SwarmAnnounce {
  return {
    infoHash: sampleInfoHash(1),
    peerId: samplePeerId(1),
    address: address('10.0.0.1'),
    port: 6881,
    transition: 'leecher',
    numWant: 50,
    leechersOnly: false,
    publicOnly: false,
    wantsPeerIds: false,
    ...changes,
  }
}

/** The same as a request to the tracker. */
export function sampleRequest(changes: Partial<AnnounceRequest> = {}): AnnounceRequest {
  return {
    protocol: 'http',
    infoHash: sampleInfoHash(1),
    peerId: samplePeerId(1),
    address: address('10.0.0.1'),
    port: 6881,
    event: 'none',
    left: 1000n,
    seeding: false,
    uploaded: 0n,
    downloaded: 0n,
    numWant: 50,
    wantsPeerIds: false,
    params: { path: '/announce', get: () => undefined, route: () => undefined },
    ...changes,
  }
}
