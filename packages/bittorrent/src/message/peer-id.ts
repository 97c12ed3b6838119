import { byteString, isByteString } from '../codec/byte-string.ts'

declare const brand: unique symbol

/** 20 bytes that a client chose, as a byte string (BEP 3, BEP 20). Any byte may occur. */
export type PeerId = string & { readonly [brand]: 'PeerId' }

export const PEER_ID_LENGTH = 20

/** The peer id in a byte string. Undefined unless it is 20 bytes long. */
export function peerIdFrom(text: string): PeerId | undefined {
  return text.length === PEER_ID_LENGTH && isByteString(text) ? (text as PeerId) : undefined
}

/** Reads the 20 bytes at `at`. The caller checks the length. */
export function readPeerId(bytes: Uint8Array, at: number): PeerId {
  return byteString(bytes, at, at + PEER_ID_LENGTH) as PeerId
}

/**
 * The six bytes with client and version: bytes 1 to 6 of an Azureus-style id (`-TR2940-…`), else
 * bytes 0 to 5.
 */
export function clientId(peerId: PeerId): string {
  return peerId.startsWith('-') ? peerId.slice(1, 7) : peerId.slice(0, 6)
}
