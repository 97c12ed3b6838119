import { addressScope, type Address } from '@chihaya/bittorrent'

/**
 * Endpoints as 16-bit words. The words hold the bytes in network order whatever the machine's own order is, so that a view
 * of them in bytes is what goes on the wire.
 */

const LITTLE_ENDIAN: boolean = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1

/** The word whose two bytes, as they lie in memory, are `first` and `second`. */
export function wordOf(first: number, second: number): number {
  return LITTLE_ENDIAN ? first | (second << 8) : (first << 8) | second
}

/** Writes address and port to the front of `words`. */
export function writeEndpoint(words: Uint16Array, address: Address, port: number): void {
  const length = address.length
  for (let at = 0; at < length; at += 2) words[at >> 1] = wordOf(address[at]!, address[at + 1]!)
  words[length >> 1] = wordOf(port >> 8, port & 0xff)
}

/** Writes a byte string of even length to the front of `words`. */
export function writeText(words: Uint16Array, at: number, text: string): void {
  for (let index = 0; index < text.length; index += 2) {
    words[at + (index >> 1)] = wordOf(text.charCodeAt(index), text.charCodeAt(index + 1))
  }
}

const PORT_0 = 0
const PORT_1: number = wordOf(0, 1)

/** True for ports 0 and 1, which nobody can dial. */
export function isUndiallable(words: Uint16Array, at: number, stride: number): boolean {
  const port = words[at + stride - 1]!
  return port === PORT_0 || port === PORT_1
}

const scratch = new Uint16Array(8)
const scratchBytes = new Uint8Array(scratch.buffer)

/** True when the address of an endpoint has a meaning on the public internet. */
export function isPublicEndpoint(words: Uint16Array, at: number, stride: number): boolean {
  for (let word = 0; word < stride - 1; word++) scratch[word] = words[at + word]!
  return addressScope(scratchBytes, 0, (stride - 1) * 2) === 'public'
}
