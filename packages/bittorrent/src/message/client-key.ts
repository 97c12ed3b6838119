const HEX = /^[0-9a-f]{8}$/i
const FNV_OFFSET = 0x811c_9dc5
const FNV_PRIME = 0x0100_0193

/**
 * The `key` of an HTTP announce as an unsigned 32-bit number, which is its form over UDP (BEP 15).
 * Most clients send it as eight hex digits. Any other byte string is hashed; an empty one is 0.
 */
export function clientKey(text: string): number {
  if (text === '') return 0
  if (HEX.test(text)) return Number.parseInt(text, 16)
  let hash = FNV_OFFSET
  for (let index = 0; index < text.length; index++)
    hash = Math.imul(hash ^ text.charCodeAt(index), FNV_PRIME)
  return hash >>> 0
}
