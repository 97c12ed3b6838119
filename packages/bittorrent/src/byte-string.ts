/**
 * A byte string holds one byte per UTF-16 unit (U+0000 to U+00FF, "latin1"). It is how infohashes, peer ids and query
 * values travel through the tracker: cheap to compare and to use as a `Map` key, and unlike UTF-8 it never loses a byte.
 */

/** The bytes from `start` up to `end` as a byte string. */
export function byteString(bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  let text = ''
  for (let at = start; at < end; at++) text += String.fromCharCode(bytes[at] as number)
  return text
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

/** Lower-case hex of a byte string, for logs and lists. */
export function toHex(text: string): string {
  let hex = ''
  for (let index = 0; index < text.length; index++) hex += text.charCodeAt(index).toString(16).padStart(2, '0')
  return hex
}

/** The byte string written in hex of either case, or undefined when `hex` is not hex or has an odd length. */
export function fromHex(hex: string): string | undefined {
  if (hex.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(hex)) return undefined
  let text = ''
  for (let at = 0; at < hex.length; at += 2) text += String.fromCharCode(Number.parseInt(hex.slice(at, at + 2), 16))
  return text
}
