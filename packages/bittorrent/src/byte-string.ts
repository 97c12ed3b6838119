/**
 * A byte string holds one byte per UTF-16 unit (U+0000 to U+00FF, "latin1"). It is how infohashes, peer ids and query
 * values travel through the tracker: cheap to compare and to use as a `Map` key, and unlike UTF-8 it never loses a byte.
 */

interface Latin1 {
  readonly latin1Slice: (this: Uint8Array, start: number, end: number) => string
}

// What `buffer.toString('latin1')` calls. It takes any Uint8Array, and halves the cost of building the string by units.
const { latin1Slice } = Buffer.prototype as unknown as Latin1

/** The bytes from `start` up to `end` as a byte string. */
export function byteString(bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  return latin1Slice.call(bytes, start, end)
}

/** Writes a byte string at `at`; the caller has seen to the room. */
export function writeByteString(text: string, target: Uint8Array, at: number): void {
  for (let index = 0; index < text.length; index++) target[at + index] = text.charCodeAt(index)
}

/** True when every unit of `text` is a byte. */
export function isByteString(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0xff) return false
  return true
}
