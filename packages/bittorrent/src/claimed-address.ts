import type { Address } from './address.ts'
import { addressScope } from './address-scope.ts'
import { ClientError } from './client-error.ts'
import { LOCAL_NETWORKS, Networks } from './networks.ts'

const INVALID_IP: ClientError = new ClientError('invalid IP')

/**
 * The sources that may announce another address than their own: nobody, loopback and private ones, or those in a list of
 * addresses and CIDR ranges. @throws {RangeError} naming the entry that is neither.
 */
export function claimSources(allowed: boolean | readonly string[]): Networks | undefined {
  if (allowed === false) return undefined
  return new Networks(allowed === true ? LOCAL_NETWORKS : allowed)
}

/**
 * `claimed`, if a source that may claim an address may claim this one.
 * @throws {ClientError} for an address that is no peer's, and for a private one from a public source.
 */
export function acceptClaim(claimed: Address, source: Address): Address {
  const scope = addressScope(claimed)
  // Strangers must not send a swarm into somebody's network, nor anyone send it to addresses that are no host's.
  if (scope === 'unusable' || (scope === 'private' && addressScope(source) === 'public')) throw INVALID_IP
  return claimed
}
