import type { Algorithm } from './algorithm.ts'

/** A public key, and what it may verify. */
export interface VerificationKey {
  /** The name by which tokens refer to it; keys in PEM have none. */
  readonly kid: string | undefined
  /** The algorithms that are allowed, fit the key, and are the one that it is published for. */
  readonly algorithms: readonly Algorithm[]
  /** SubjectPublicKeyInfo in PEM. */
  readonly pem: string
}

/** Public keys, found by the `kid` and `alg` of a token. */
export class KeySet {
  readonly size: number
  /** Equal for sets that verify the same tokens. */
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

  /** Whether there is a key of that name, or one that any name fits because it has none. */
  knows(kid: string): boolean {
    return this.#byKid.has(kid) || this.#nameless.length > 0
  }

  /**
   * The keys that may have signed a token: those of its `kid`, or those without; a token without
   * one fits a lone key too.
   */
  candidates(kid: string | undefined, algorithm: Algorithm): readonly VerificationKey[] {
    const named = kid === undefined ? this.#only && [this.#only] : this.#byKid.get(kid)
    return (named ?? this.#nameless).filter((key) => key.algorithms.includes(algorithm))
  }
}

export const NO_KEYS: KeySet = new KeySet([])
