/**
 * A byte string holds one byte per UTF-16 unit (U+0000 to U+00FF, "latin1"). Infohashes, peer ids
 * and query values are byte strings: cheap to compare, good `Map` keys, and lossless unlike UTF-8.
 */

interface Latin1 {
  readonly latin1Slice: (this: Uint8Array, start: number, end: number) => string
}

// The function behind `buffer.toString('latin1')`. It takes any Uint8Array and costs half as much
// as building the string unit by unit.
const { latin1Slice } = Buffer.prototype as unknown as Latin1

/** The bytes from `start` up to `end` as a byte string. */
export function byteString(bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  return latin1Slice.call(bytes, start, end)
}

/** Writes a byte string at `at`. The caller ensures that it fits. */
export function writeByteString(text: string, target: Uint8Array, at: number): void {
  for (let index = 0; index < text.length; index++) target[at + index] = text.charCodeAt(index)
}

/** Whether every unit of `text` is a byte. */
export function isByteString(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0xff) return false
  return true
}

const LITTLE_ENDIAN: boolean = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1

/** Writes a byte string, whose length is a multiple of 4, as 32-bit words in memory order. */
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

/** Lower-case hex of a byte string. */
export function toHex(text: string): string {
  return Buffer.from(text, 'latin1').toString('hex')
}

/** The byte string in hex digits of either case. Undefined for any other text. */
export function fromHex(hex: string): string | undefined {
  if (hex.length % 2 !== 0) return undefined
  let text = ''
  for (let at = 0; at < hex.length; at += 2) {
    const high = hexDigit(hex.charCodeAt(at))
    const low = hexDigit(hex.charCodeAt(at + 1))
    if (high < 0 || low < 0) return undefined
    text += String.fromCharCode(high * 16 + low)
  }
  return text
}

/** The value of an ASCII hex digit of either case; -1 for any other code. */
export function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48
  const lower = code | 0x20
  return lower >= 97 && lower <= 102 ? lower - 87 : -1
}
