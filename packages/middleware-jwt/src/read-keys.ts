import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { algorithmsOf, type Algorithm } from './algorithm.ts'
import { KeySetError } from './errors.ts'
import { KeySet, type VerificationKey } from './key-set.ts'
import type { JwkSet } from './options.ts'

/** Making a key of a JWK takes time that announces wait for. */
const MAX_KEYS = 100
/** Each of these costs a token one more verification. */
const MAX_NAMELESS_KEYS = 4

const PEM_BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[^-]*-----END \1-----/g

/**
 * The keys in the text of a JWK set or of one JWK (RFC 7517), or in PEM: public keys and
 * certificates. Those that can verify none of `algorithms` are left out.
 * @throws {KeySetError} when it is neither, has a private key, or nothing is left.
 */
export function readKeys(text: string, algorithms: readonly Algorithm[]): KeySet {
  if (text.trimStart().startsWith('{')) return readJwkSet(parseJson(text), algorithms)
  const blocks = [...text.matchAll(PEM_BLOCK)]
  if (blocks.length === 0) throw new KeySetError('holds neither a JWK set nor PEM')
  return keySet(blocks.map(([block, label]) => pemKey(block, label as string, algorithms)))
}

/** The keys of a JWK set or of one JWK. @throws as `readKeys` does. */
export function readJwkSet(set: JwkSet, algorithms: readonly Algorithm[]): KeySet {
  const keys: unknown = 'kty' in set ? [set] : set['keys']
  if (!Array.isArray(keys)) throw new KeySetError('holds no JWK set: it has no keys')
  if (keys.length > MAX_KEYS) throw new KeySetError(`holds more than ${MAX_KEYS} keys`)
  return keySet(keys.map((jwk: unknown) => jwkKey(jwk, algorithms)))
}

function parseJson(text: string): JwkSet {
  try {
    return JSON.parse(text) as JwkSet
  } catch {
    throw new KeySetError('holds no JWK set: it is not JSON')
  }
}

function keySet(read: ReadonlyArray<VerificationKey | undefined>): KeySet {
  const keys = read.filter((key) => key !== undefined)
  if (keys.length === 0) throw new KeySetError('holds no public key that fits the algorithms')
  const nameless = keys.filter((key) => key.kid === undefined).length
  if (nameless > MAX_NAMELESS_KEYS)
    throw new KeySetError(`holds more than ${MAX_NAMELESS_KEYS} keys without a kid`)
  return new KeySet(keys)
}

function pemKey(
  block: string,
  label: string,
  algorithms: readonly Algorithm[],
): VerificationKey | undefined {
  if (label.endsWith('PRIVATE KEY'))
    throw new KeySetError('holds a private key, which belongs to the issuer alone')
  try {
    return verificationKey(createPublicKey(block), undefined, algorithms)
  } catch (error) {
    throw new KeySetError('holds PEM that is no public key', { cause: error })
  }
}

/**
 * Undefined for keys of other uses, and of kinds that do not exist yet: an issuer may publish them
 * beside ours.
 */
function jwkKey(value: unknown, allowed: readonly Algorithm[]): VerificationKey | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const jwk = value as Readonly<Record<string, unknown>>
  const { kid, alg, use, key_ops: operations } = jwk
  // Who reads the private half in public can sign as well.
  if ('d' in jwk || (use !== undefined && use !== 'sig')) return undefined
  if (Array.isArray(operations) && !operations.includes('verify')) return undefined
  if (kid !== undefined && typeof kid !== 'string') return undefined
  try {
    const key = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' })
    return verificationKey(
      key,
      kid,
      alg === undefined ? allowed : allowed.filter((algorithm) => algorithm === alg),
    )
  } catch {
    return undefined
  }
}

function verificationKey(
  key: KeyObject,
  kid: string | undefined,
  allowed: readonly Algorithm[],
): VerificationKey | undefined {
  const algorithms = algorithmsOf(key).filter((algorithm) => allowed.includes(algorithm))
  return algorithms.length === 0
    ? undefined
    : { kid, algorithms, pem: key.export({ type: 'spki', format: 'pem' }) as string }
}
