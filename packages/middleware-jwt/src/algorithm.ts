import type { KeyObject } from 'node:crypto'

/** Asymmetric signature algorithms (RFC 7518, RFC 8037), which are verified with a public key. */
export type Algorithm =
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'EdDSA'

export const ALGORITHMS: readonly Algorithm[] = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
]

/** RFC 7518 section 3.3. */
const MIN_RSA_BITS = 2048
const CURVES: Readonly<Record<string, Algorithm>> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
  secp521r1: 'ES512',
}

/** The algorithms of a public key. None for a key that is too short or of an unknown kind. */
export function algorithmsOf({
  asymmetricKeyType: type,
  asymmetricKeyDetails: details = {},
}: KeyObject): readonly Algorithm[] {
  if (type === 'rsa' && (details.modulusLength ?? 0) >= MIN_RSA_BITS)
    return ALGORITHMS.filter((name) => /^[RP]S/.test(name))
  if (type === 'ed25519' || type === 'ed448') return ['EdDSA']
  const curve = type === 'ec' ? CURVES[details.namedCurve ?? ''] : undefined
  return curve === undefined ? [] : [curve]
}
