import type { Address } from './address.ts'
import { byteString } from '../codec/byte-string.ts'

/** Bytes of an IPv6 prefix that one host has to itself: a /64. */
const IPV6_PREFIX = 8

/** Bytes of an address that identify a host: all 4 of IPv4, the /64 of IPv6. */
export function hostPrefix(address: Address): number {
  return Math.min(address.length, IPV6_PREFIX)
}

/** The key of an address in a map of hosts: equal for all addresses of an IPv6 /64. */
export function hostKey(address: Address): string {
  return byteString(address, 0, hostPrefix(address))
}
