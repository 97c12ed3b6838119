import { parseAddress, type Address } from './address.ts'
import { addressScope } from './address-scope.ts'
import { LOCAL_NETWORKS, Networks } from './networks.ts'

const LOOPBACK = new Networks(['127.0.0.0/8', '::1'])

/** NAT64 (RFC 6052) and 6to4 (RFC 3056). Neither may wrap a private address. */
const WRAPPERS = new Networks(['64:ff9b::/96', '2002::/16'])

/** Documentation and benchmarking ranges (RFC 6890), which test networks use. */
const LABORATORY = new Networks([
  '192.0.2.0/24',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '198.18.0.0/15',
  '2001:db8::/32',
  '2001:2::/48',
  '3fff::/20',
])

/** The source of requests over a Unix socket: a process on this host. */
export const LOCAL_HOST: Address = parseAddress('127.0.0.1') as Address

/**
 * The sources that may announce an address other than their own: none (`false`), loopback and
 * private ones (`true`), or a list of addresses and CIDR ranges.
 * @throws {RangeError} naming an invalid entry.
 */
export function claimSources(allowed: boolean | readonly string[]): Networks | undefined {
  if (allowed === false) return undefined
  return new Networks(allowed === true ? LOCAL_NETWORKS : allowed)
}

/**
 * Whether `source` may name `address` as a peer's: a `client` that announces it instead of its own,
 * or a trusted `proxy` that reports its client. The source of a request itself needs no check.
 *
 * | address                                                 | client         | proxy          |
 * | ------------------------------------------------------- | -------------- | -------------- |
 * | public                                                  | yes            | yes            |
 * | private                                                 | not if public  | not if public  |
 * | documentation, benchmarks                               | no             | yes            |
 * | loopback                                                | no             | over loopback  |
 * | unspecified, link-local, multicast, broadcast, reserved | no             | no             |
 * | private, wrapped in NAT64 or 6to4                       | no             | no             |
 */
export function mayName(namer: 'client' | 'proxy', address: Address, source: Address): boolean {
  const scope = addressScope(address)
  if (scope === 'public') return true
  // A public source must not direct a swarm at a private network.
  if (scope === 'private') return addressScope(source) !== 'public' && !WRAPPERS.has(address)
  if (namer === 'client') return false
  return LABORATORY.has(address) || (LOOPBACK.has(address) && LOOPBACK.has(source))
}
