import { parseAddress, type Address } from './address.ts'
import { addressScope } from './address-scope.ts'
import { LOCAL_NETWORKS, Networks } from './networks.ts'

const LOOPBACK = new Networks(['127.0.0.0/8', '::1'])

/**
 * NAT64 (RFC 6052) and 6to4 (RFC 3056). Neither may wrap an address that means something in one
 * network only.
 */
const WRAPPERS = new Networks(['64:ff9b::/96', '2002::/16'])

/** Documentation and benchmarks (RFC 6890). Nobody owns them, and laboratories use them. */
const LABORATORY = new Networks([
  '192.0.2.0/24',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '198.18.0.0/15',
  '2001:db8::/32',
  '2001:2::/48',
  '3fff::/20',
])

/** The source of what arrives over a Unix socket: a process on this host. */
export const LOCAL_HOST: Address = parseAddress('127.0.0.1') as Address

/**
 * The sources that may announce another address than their own: nobody, loopback and private ones,
 * or those in a list of addresses and CIDR ranges. @throws {RangeError} naming the entry that is
 * neither.
 */
export function claimSources(allowed: boolean | readonly string[]): Networks | undefined {
  if (allowed === false) return undefined
  return new Networks(allowed === true ? LOCAL_NETWORKS : allowed)
}

/**
 * Whether `address` may become a peer's when `source` names it: a `client` that announces it in
 * place of its own, or a trusted `proxy` that says whom it has seen. The source of a request itself
 * needs no such test, as it has been seen here.
 *
 * | address                                               | client         | proxy          |
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
  // Strangers must not send a swarm into somebody's network.
  if (scope === 'private') return addressScope(source) !== 'public' && !WRAPPERS.has(address)
  if (namer === 'client') return false
  return LABORATORY.has(address) || (LOOPBACK.has(address) && LOOPBACK.has(source))
}
