import type { Address, AddressFamily } from './address.ts'

/** Bytes of a compact IPv4 peer: address and port (BEP 23). */
export const COMPACT_IPV4 = 6
/** Bytes of a compact IPv6 peer: address and port (BEP 7). */
export const COMPACT_IPV6 = 18

export interface Endpoint {
  readonly address: Address
  /** 0 to 65535. */
  readonly port: number
}

/** Bytes of a compact peer of a family. */
export function compactLength(family: AddressFamily): number {
  return family === 'ipv4' ? COMPACT_IPV4 : COMPACT_IPV6
}

/** An endpoint in its 6 or 18 bytes: address and port in network order. */
export function compactPeer(address: Address, port: number): Uint8Array {
  const bytes = new Uint8Array(address.length + 2)
  bytes.set(address)
  bytes[address.length] = port >> 8
  bytes[address.length + 1] = port & 0xff
  return bytes
}

/**
 * The endpoints in a compact list.
 * @throws {RangeError} if its length is not a multiple of the family's 6 or 18 bytes.
 */
export function readCompactPeers(bytes: Uint8Array, family: AddressFamily): Endpoint[] {
  const stride = compactLength(family)
  if (bytes.length % stride !== 0)
    throw new RangeError(`compact peers: ${bytes.length} bytes are not a multiple of ${stride}`)
  const endpoints: Endpoint[] = []
  for (let at = 0; at < bytes.length; at += stride) {
    const port = at + stride - 2
    // Buffer.slice would share the memory.
    endpoints.push({
      address: new Uint8Array(bytes.subarray(at, port)),
      port: ((bytes[port] as number) << 8) | (bytes[port + 1] as number),
    })
  }
  return endpoints
}

/** The number of peers in a compact list. */
export function countPeers({
  endpoints,
  family,
}: {
  readonly endpoints: Uint8Array
  readonly family: AddressFamily
}): number {
  return endpoints.length / compactLength(family)
}
