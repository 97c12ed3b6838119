import { UrlDataParams, type Params } from '@chihaya/bittorrent'

/**
 * The first 16 bytes of every request: connection id (8), action (4), transaction id (4); all
 * integers are big-endian.
 */
export const HEADER_LENGTH = 16
export const ACTION_OFFSET = 8
export const TRANSACTION_OFFSET = 12

/** The first 8 bytes of every reply: action (4), transaction id (4). */
export const REPLY_HEADER_LENGTH = 8

export const CONNECT = 0
export const ANNOUNCE = 1
export const SCRAPE = 2
export const ERROR = 3
/** An announce with a 16-byte address, an extension of old opentracker versions. */
export const ANNOUNCE_IPV6 = 4

/** Writes the first eight bytes of a reply. */
export function writeReplyHeader(
  action: number,
  transaction: number,
  output: DataView,
  at: number,
): void {
  output.setInt32(at, action)
  output.setInt32(at + 4, transaction)
}

/** The parameters of a request without a URL. */
export const NO_PARAMS: Params = new UrlDataParams('')

/** Whether the first byte of a word in memory is its lowest. */
const LITTLE_ENDIAN: boolean = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1

/** Copies the bytes at `at`, which need not be aligned, into the memory of words. */
export function copyWords(input: DataView, at: number, target: Uint32Array): void {
  for (let index = 0; index < target.length; index++)
    target[index] = input.getUint32(at + index * 4, LITTLE_ENDIAN)
}
