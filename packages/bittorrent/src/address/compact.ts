import { addressFamily, type Address, type AddressFamily } from './address.ts'

/** Bytes of one compact peer over IPv4: address and port (BEP 23). */
export const COMPACT_IPV4 = 6
/** Bytes of one compact peer over IPv6: address and port (BEP 7). */
export const COMPACT_IPV6 = 18

export interface Endpoint {
  readonly address: Address
  /** 0 to 65535. */
  readonly port: number
}

/** Bytes of one compact peer of a family. */
export function compactLength(family: AddressFamily): number {
  return family === 'ipv4' ? COMPACT_IPV4 : COMPACT_IPV6
}

/** An endpoint as its 6 or 18 bytes, address first, both in network order. */
export function compactPeer(address: Address, port: number): Uint8Array {
  const bytes = new Uint8Array(address.length + 2)
  bytes.set(address)
  bytes[address.length] = port >> 8
  bytes[address.length + 1] = port & 0xff
  return bytes
}

/**
 * The endpoints in a compact list. @throws {RangeError} when its length is no multiple of the
 * family's 6 or 18 bytes.
 */
export function readCompactPeers(bytes: Uint8Array, family: AddressFamily): Endpoint[] {
  const stride = compactLength(family)
  if (bytes.length % stride !== 0)
    throw new RangeError(`compact peers: ${bytes.length} bytes are no multiple of ${stride}`)
  const endpoints: Endpoint[] = []
  for (let at = 0; at < bytes.length; at += stride) {
    const port = at + stride - 2
    // `slice` of a Buffer would share its memory.
    endpoints.push({
      address: new Uint8Array(bytes.subarray(at, port)),
      port: ((bytes[port] as number) << 8) | (bytes[port + 1] as number),
    })
  }
  return endpoints
}

/**
 * Peers of one family as they travel: compact bytes, with the peer ids beside them when an answer
 * needs them.
 */
export interface CompactPeers {
  readonly family: AddressFamily
  /** 6 or 18 bytes a peer. */
  readonly endpoints: Uint8Array
  /** 20 bytes a peer in the same order; undefined when they were not asked for or are not kept. */
  readonly peerIds: Uint8Array | undefined
}

const NO_BYTES: Uint8Array = new Uint8Array(0)

export const NO_PEERS: Readonly<Record<AddressFamily, CompactPeers>> = {
  ipv4: { family: 'ipv4', endpoints: NO_BYTES, peerIds: undefined },
  ipv6: { family: 'ipv6', endpoints: NO_BYTES, peerIds: undefined },
}

/** How many peers a list holds. */
export function countPeers(peers: CompactPeers): number {
  return peers.endpoints.length / compactLength(peers.family)
}

/** A list of one; `peerId` is its 20 bytes, where an answer needs them. */
export function onePeer(address: Address, port: number, peerId?: Uint8Array): CompactPeers {
  return { family: addressFamily(address), endpoints: compactPeer(address, port), peerIds: peerId }
}
