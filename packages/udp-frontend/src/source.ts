import { parseSource, type Address } from '@chihaya/bittorrent'

/** Where a datagram came from. Its reply's peers are of the address's family. */
export interface Source {
  /** 4 or 16 bytes, never a mapped IPv4 address. Only read while the datagram is handled. */
  readonly address: Address
  /** 0 to 65535. */
  readonly port: number
}

/**
 * The source in a socket's words; the zone of a link-local address (`fe80::1%eth0`) is left out.
 * Undefined for other text.
 */
export function sourceFrom(text: string, port: number): Source | undefined {
  const address = parseSource(text)
  return address && { address, port }
}

/**
 * Whether a host can have sent from this address: it is not unspecified, multicast, broadcast or
 * reserved.
 */
export function isUnicast(address: Address): boolean {
  const first = address[0] as number
  if (address.length === 4) return first !== 0 && first < 224
  if (first === 0xff) return false
  for (let index = 0; index < 16; index++) if (address[index] !== 0) return true
  return false
}
