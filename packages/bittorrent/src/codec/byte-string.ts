/**
 * A byte string holds one byte per UTF-16 unit (U+0000 to U+00FF, "latin1"). It is how infohashes,
 * peer ids and query values travel through the tracker: cheap to compare and to use as a `Map` key,
 * and unlike UTF-8 it never loses a byte.
 */

interface Latin1 {
  readonly latin1Slice: (this: Uint8Array, start: number, end: number) => string
}

// What `buffer.toString('latin1')` calls. It takes any Uint8Array, and halves the cost of building
// the string by units.
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

/** Whether the first byte of a word is its lowest. */
const LITTLE_ENDIAN: boolean = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1

/**
 * Writes a byte string whose length is a multiple of four into 32-bit words, so that its bytes lie
 * in memory in their order.
 */
export function writeWords(text: string, target: Uint32Array): void {
  for (let index = 0; index < text.length; index += 4) target[index >> 2] = wordAt(text, index)
}

function wordAt(text: string, index: number): number {
  const [first, second] = [text.charCodeAt(index), text.charCodeAt(index + 1)]
  const [third, fourth] = [text.charCodeAt(index + 2), text.charCodeAt(index + 3)]
  return LITTLE_ENDIAN
    ? first | (second << 8) | (third << 16) | (fourth << 24)
    : (first << 24) | (second << 16) | (third << 8) | fourth
}
