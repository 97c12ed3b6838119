import { byteString, isByteString } from '../codec/byte-string.ts'
import { fromHex } from '../codec/byte-string.ts'

declare const brand: unique symbol

/**
 * 20 opaque bytes as a byte string: a SHA-1 (BEP 3), or the first 20 bytes of a SHA-256 (BEP 52).
 */
export type InfoHash = string & { readonly [brand]: 'InfoHash' }

export const INFO_HASH_LENGTH = 20

/** The infohash in a byte string. Undefined unless it is 20 bytes long. */
export function infoHashFrom(text: string): InfoHash | undefined {
  return text.length === INFO_HASH_LENGTH && isByteString(text) ? (text as InfoHash) : undefined
}

/** Reads the 20 bytes at `at`. The caller checks the length. */
export function readInfoHash(bytes: Uint8Array, at: number): InfoHash {
  return byteString(bytes, at, at + INFO_HASH_LENGTH) as InfoHash
}

/** Parses 40 hex digits, or the 64 of a v2 infohash, which trackers truncate (BEP 52). */
export function infoHashFromHex(hex: string): InfoHash | undefined {
  if (hex.length !== 40 && hex.length !== 64) return undefined
  return fromHex(hex)?.slice(0, INFO_HASH_LENGTH) as InfoHash | undefined
}
