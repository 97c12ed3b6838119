/**
 * How far an address reaches. A `private` address is valid inside one network. An `unusable` one
 * never belongs to a peer: unspecified, loopback, link-local, multicast, broadcast, documentation,
 * reserved.
 */
export type AddressScope = 'public' | 'private' | 'unusable'

/**
 * The scope of the address in the `length` bytes (4 or 16) from `at`, by the registries of RFC
 * 6890. A NAT64 (RFC 6052) or 6to4 (RFC 3056) address has the scope of the IPv4 address it wraps.
 */
export function addressScope(
  bytes: Uint8Array,
  at = 0,
  length: number = bytes.length,
): AddressScope {
  return length === 4 ? ipv4Scope(bytes, at) : ipv6Scope(bytes, at)
}

function ipv4Scope(bytes: Uint8Array, at: number): AddressScope {
  const a = bytes[at] as number
  const b = bytes[at + 1] as number
  const c = bytes[at + 2] as number
  if (a === 10 || (a === 172 && (b & 0xf0) === 16) || (a === 192 && b === 168)) return 'private'
  if (a === 100 && (b & 0xc0) === 64) return 'private' // 100.64.0.0/10, carrier-grade NAT
  if (a === 0 || a === 127 || a >= 224 || (a === 169 && b === 254)) return 'unusable'
  if (a === 192 && b === 0 && (c === 0 || c === 2)) return 'unusable' // protocols, documentation
  if (a === 198 && b === 51 && c === 100) return 'unusable' // documentation
  if (a === 203 && b === 0 && c === 113) return 'unusable' // documentation
  if (a === 198 && (b & 0xfe) === 18) return 'unusable' // benchmarks
  return 'public'
}

function ipv6Scope(bytes: Uint8Array, at: number): AddressScope {
  const first = pair(bytes, at)
  const second = pair(bytes, at + 2)
  if ((first & 0xfe00) === 0xfc00) return 'private' // unique local
  if ((first & 0xffc0) === 0xfec0) return 'private' // site-local
  if (first === 0x64 && second === 0xff9b) return nat64Scope(bytes, at)
  if (first === 0x2002) return ipv4Scope(bytes, at + 2) // 6to4
  if (first === 0x2001 && second === 0xdb8) return 'unusable' // documentation
  if (first === 0x2001 && second === 2 && pair(bytes, at + 4) === 0) return 'unusable' // benchmarks
  if (first === 0x3fff && (second & 0xf000) === 0) return 'unusable' // documentation
  // All global unicast addresses are in 2000::/3. Mapped addresses have been unmapped before.
  return (first & 0xe000) === 0x2000 ? 'public' : 'unusable'
}

function nat64Scope(bytes: Uint8Array, at: number): AddressScope {
  if (pair(bytes, at + 4) === 1) return 'private' // 64:ff9b:1::/48 is for local use (RFC 8215)
  for (let index = 4; index < 12; index++) if (bytes[at + index] !== 0) return 'unusable'
  return ipv4Scope(bytes, at + 12)
}

function pair(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
}
