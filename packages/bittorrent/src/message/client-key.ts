const HEX = /^[0-9a-f]{8}$/i
const FNV_OFFSET = 0x811c_9dc5
const FNV_PRIME = 0x0100_0193

/**
 * The `key` of an HTTP announce as the 32 unsigned bits that UDP announces carry (BEP 15). Most
 * clients send these as eight hexadecimal digits; any other byte string is hashed. 0 for an empty
 * one.
 */
export function clientKey(text: string): number {
  if (text === '') return 0
  if (HEX.test(text)) return Number.parseInt(text, 16)
  let hash = FNV_OFFSET
  for (let index = 0; index < text.length; index++)
    hash = Math.imul(hash ^ text.charCodeAt(index), FNV_PRIME)
  return hash >>> 0
}
