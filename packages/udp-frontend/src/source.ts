import { parseSource, type Address } from '@chihaya/bittorrent'

/** The sender of a datagram. Its address family is that of the peers in the reply. */
export interface Source {
  /** 4 or 16 bytes, never a mapped IPv4 address. Valid while the datagram is handled. */
  readonly address: Address
  /** 0 to 65535. */
  readonly port: number
}

/** The source in the text that sockets use; undefined for other text. */
export function sourceFrom(text: string, port: number): Source | undefined {
  const address = parseSource(text)
  return address && { address, port }
}

/**
 * Whether a host can have sent from an address: false for unspecified, multicast, broadcast and
 * reserved ones.
 */
export function isUnicast(address: Address): boolean {
  const first = address[0] as number
  if (address.length === 4) return first !== 0 && first < 224
  if (first === 0xff) return false
  for (let index = 0; index < 16; index++) if (address[index] !== 0) return true
  return false
}
