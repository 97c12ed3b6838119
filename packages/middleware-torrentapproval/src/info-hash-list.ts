import { byteString, INFO_HASH_LENGTH } from '@chihaya/bittorrent'
import type { ListFormat } from '@chihaya/core/lists'
import { InfoHashTable } from './info-hash-table.ts'

const V1_DIGITS = 40
const V2_DIGITS = 64

/** The value of each byte as a hex digit; -1 for other bytes. */
const DIGITS: Int8Array = new Int8Array(256).fill(-1)
for (const digits of ['0123456789abcdef', '0123456789ABCDEF']) {
  for (let value = 0; value < digits.length; value++) DIGITS[digits.charCodeAt(value)] = value
}

const infoHash: Uint8Array = new Uint8Array(INFO_HASH_LENGTH)

/** Infohashes of 40 hex digits, or 64 of a v2 torrent, which trackers truncate (BEP 52). */
export const infoHashList: ListFormat<InfoHashTable> = {
  // A line has at least 40 digits and a newline.
  create: (bytes) => new InfoHashTable(bytes / (V1_DIGITS + 1)),

  add(table, bytes, start, end) {
    if (!readHex(bytes, start, end))
      throw new RangeError(`${quote(bytes, start, end)} is not an infohash of 40 or 64 hex digits`)
    table.set(infoHash, 0, 1)
  },
}

/** Decodes into `infoHash`, checking all digits. False for anything else than an infohash. */
function readHex(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== V1_DIGITS && end - start !== V2_DIGITS) return false
  for (let at = start; at < end; at += 2) {
    const high = DIGITS[bytes[at] as number] as number
    const low = DIGITS[bytes[at + 1] as number] as number
    if (high < 0 || low < 0) return false
    // A typed array ignores writes beyond its end.
    infoHash[(at - start) >> 1] = (high << 4) | low
  }
  return true
}

function quote(bytes: Uint8Array, start: number, end: number): string {
  const shown = Math.min(end, start + V2_DIGITS + 1)
  return JSON.stringify(byteString(bytes, start, shown) + (shown < end ? '…' : ''))
}
