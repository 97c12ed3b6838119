import type { Address } from './address.ts'

/**
 * How far an address reaches: `private` ones mean something in one network only, `unusable` ones are never a peer's
 * (unspecified, loopback, link-local, multicast, broadcast, documentation, reserved).
 */
export type AddressScope = 'public' | 'private' | 'unusable'

/** The scope of an address, by the registries of RFC 6890 and RFC 8155; NAT64 takes the scope of what it wraps. */
export function addressScope(bytes: Uint8Array, at = 0, length: number = bytes.length): AddressScope {
  return length === 4 ? ipv4Scope(bytes, at) : ipv6Scope(bytes, at)
}

function ipv4Scope(bytes: Uint8Array, at: number): AddressScope {
  const a = bytes[at] as number
  const b = bytes[at + 1] as number
  const c = bytes[at + 2] as number
  if (a === 10 || (a === 172 && (b & 0xf0) === 16) || (a === 192 && b === 168)) return 'private'
  if (a === 100 && (b & 0xc0) === 64) return 'private'
  if (a === 0 || a === 127 || a >= 224 || (a === 169 && b === 254)) return 'unusable'
  if (a === 192 && b === 0 && (c === 0 || c === 2)) return 'unusable'
  if ((a === 198 && b === 51 && c === 100) || (a === 203 && b === 0 && c === 113)) return 'unusable'
  if (a === 198 && (b & 0xfe) === 18) return 'unusable'
  return 'public'
}

function ipv6Scope(bytes: Uint8Array, at: number): AddressScope {
  const a = bytes[at] as number
  const b = bytes[at + 1] as number
  if ((a & 0xfe) === 0xfc) return 'private'
  if (a === 0xff || (a === 0xfe && (b & 0xc0) === 0x80)) return 'unusable'
  if (a === 0x20 && b === 0x01 && bytes[at + 2] === 0x0d && bytes[at + 3] === 0xb8) return 'unusable'
  if (a === 0x3f && b === 0xff && ((bytes[at + 2] as number) & 0xf0) === 0) return 'unusable'
  if (a === 0 && b === 0x64 && bytes[at + 2] === 0xff && bytes[at + 3] === 0x9b) return ipv4Scope(bytes, at + 12)
  // The first /8 holds ::, ::1, the mapped and the compatible forms, none of which is a peer's own address.
  return a === 0 ? 'unusable' : 'public'
}

/** True when `address` may be given to nobody but hosts of the same network. */
export function isPrivate(address: Address): boolean {
  return addressScope(address) === 'private'
}
