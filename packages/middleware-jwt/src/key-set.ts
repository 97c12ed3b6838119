import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { algorithmsOf, type Algorithm } from './algorithm.ts'
import { KeySetError } from './errors.ts'
import type { JwkSet } from './options.ts'

/** A public key with the algorithms it may verify. */
export interface VerificationKey {
  /** The name by which tokens refer to it. Keys in PEM have none. */
  readonly kid: string | undefined
  /** Allowed algorithms that fit the key, and for which it was published. */
  readonly algorithms: readonly Algorithm[]
  /** SubjectPublicKeyInfo in PEM. */
  readonly pem: string
}

/** Public keys by the `kid` and `alg` of tokens. */
export class KeySet {
  readonly size: number
  /** Equal for sets with the same keys. */
  readonly fingerprint: string
  readonly #byKid = new Map<string, VerificationKey[]>()
  readonly #nameless: VerificationKey[] = []
  readonly #only: VerificationKey | undefined

  constructor(keys: readonly VerificationKey[]) {
    this.size = keys.length
    this.fingerprint = JSON.stringify(keys)
    this.#only = keys.length === 1 ? keys[0] : undefined
    for (const key of keys) {
      if (key.kid === undefined) this.#nameless.push(key)
      else this.#byKid.set(key.kid, [...(this.#byKid.get(key.kid) ?? []), key])
    }
  }

  /** Whether a key has this name, or has no name and so fits any. */
  knows(kid: string): boolean {
    return this.#byKid.has(kid) || this.#nameless.length > 0
  }

  /**
   * The keys that may have signed a token: those with its `kid`, else those without a name. A token
   * without `kid` also fits the only key of a set.
   */
  candidates(kid: string | undefined, algorithm: Algorithm): readonly VerificationKey[] {
    const named = kid === undefined ? this.#only && [this.#only] : this.#byKid.get(kid)
    return (named ?? this.#nameless).filter((key) => key.algorithms.includes(algorithm))
  }
}

export const NO_KEYS: KeySet = new KeySet([])

/** Importing a JWK blocks announces for a moment. */
const MAX_KEYS = 100
/** Each of them costs a token another verification. */
const MAX_NAMELESS_KEYS = 4

const PEM_BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[^-]*-----END \1-----/g

/**
 * Reads the keys in the text of a JWK set or a single JWK (RFC 7517), or in PEM: public keys and
 * certificates. Keys for none of `algorithms` are skipped.
 * @throws {KeySetError} for any other text, for a private key, and if no key is left.
 */
export function readKeys(text: string, algorithms: readonly Algorithm[]): KeySet {
  if (text.trimStart().startsWith('{')) return readJwkSet(parseJson(text), algorithms)
  const blocks = [...text.matchAll(PEM_BLOCK)]
  if (blocks.length === 0) throw new KeySetError('holds neither a JWK set nor PEM')
  return keySet(blocks.map(([block, label]) => pemKey(block, label as string, algorithms)))
}

/** Reads the keys of a JWK set or a single JWK. @throws {KeySetError} like `readKeys`. */
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
    throw new KeySetError('holds PEM that is not a public key', { cause: error })
  }
}

/**
 * Undefined for keys of other uses and unknown kinds, which an issuer may publish beside the ones
 * for tokens.
 */
function jwkKey(value: unknown, allowed: readonly Algorithm[]): VerificationKey | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const jwk = value as Readonly<Record<string, unknown>>
  const { kid, alg, use, key_ops: operations } = jwk
  // With a public private key, anyone could sign.
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
