import { addressFamily, type Address, type AddressFamily } from '@chihaya/bittorrent'

/**
 * How peers reach each other: over IPv4, over IPv6, or over WebRTC, where they cannot be dialled
 * and a frontend relays their offers.
 *
 * Peers are given to peers of the same network. A store may join IPv4 and IPv6. WebRTC stays apart,
 * in answers and in counters, as its peers reach only each other.
 */
export type Network = AddressFamily | 'webrtc'

export const NETWORKS: readonly Network[] = ['ipv4', 'ipv6', 'webrtc']

/** Peers by network. A store that keeps no WebRTC peers leaves out `webrtc`. */
export interface NetworkCounts {
  readonly ipv4: number
  readonly ipv6: number
  readonly webrtc?: number
}

/** The network of an announce, or of the swarms that a scrape asks for. */
export function networkOf(request: {
  readonly address: Address
  readonly handle?: number
  readonly webrtc?: boolean
}): Network {
  if (request.webrtc === true || (request.handle ?? 0) !== 0) return 'webrtc'
  return addressFamily(request.address)
}

/** Peers in all networks. */
export function peersIn({ ipv4, ipv6, webrtc = 0 }: NetworkCounts): number {
  return ipv4 + ipv6 + webrtc
}
