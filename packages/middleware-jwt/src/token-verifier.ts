import { isPromise, type MaybePromise } from '@chihaya/core'
import type { JWT } from '@fastify/jwt'
import { ApprovalCache, readApproval, type Approval } from './approval.ts'
import type { Algorithm } from './algorithm.ts'
import { INVALID_JWT } from './errors.ts'
import type { KeyRing } from './key-ring.ts'
import { NO_KEYS, type VerificationKey } from './key-set.ts'

/** Bytes. Tokens usually have a few hundred. */
const MAX_TOKEN = 2048
const MAX_KID = 256
const TOKEN = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/
/** Headers in which a token would bring its own key, or the URL of one. */
const KEY_HEADERS = ['jku', 'jwk', 'x5u', 'x5c'] as const

export interface TokenVerifierInit {
  readonly jwt: Pick<JWT, 'decode' | 'verify'>
  readonly keys: Pick<KeyRing, 'keys' | 'candidates'>
  readonly algorithms: readonly Algorithm[]
  /** Milliseconds. */
  readonly maxClockSkew: number
  readonly cacheSize: number
  readonly log: { debug(details: object, message: string): void }
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

interface Header {
  readonly algorithm: Algorithm
  readonly kid: string | undefined
}

/** Verifies each token once. */
export class TokenVerifier {
  readonly #init: TokenVerifierInit
  readonly #now: () => number
  readonly #cache: ApprovalCache
  #cachedFor = NO_KEYS

  constructor(init: TokenVerifierInit) {
    this.#init = init
    this.#now = init.now ?? Date.now
    this.#cache = new ApprovalCache(init.cacheSize)
  }

  /**
   * The approvals of a token. A promise only if its key must be fetched.
   * @throws {ClientError} `INVALID_JWT`, directly or by the promise, if the token is not valid.
   */
  verify(token: string): MaybePromise<Approval> {
    const { keys } = this.#init.keys
    if (keys !== this.#cachedFor) {
      // Approvals by a key that the issuer has withdrawn are void.
      this.#cache.clear()
      this.#cachedFor = keys
    }
    const approval = this.#cache.get(token)
    if (approval !== undefined && this.#now() <= approval.until) return approval
    const { algorithm, kid } = this.#readHeader(token)
    const candidates = this.#init.keys.candidates(kid, algorithm)
    if (isPromise(candidates))
      return candidates.then((found) => this.#verifyWith(found, algorithm, token))
    return this.#verifyWith(candidates, algorithm, token)
  }

  #readHeader(token: string): Header {
    if (token.length > MAX_TOKEN || !TOKEN.test(token)) return this.#refuse('it is malformed')
    let header: Readonly<Record<string, unknown>>
    try {
      header = this.#init.jwt.decode<{ header: Record<string, unknown> }>(token)?.header ?? {}
    } catch {
      return this.#refuse('it is malformed')
    }
    const { alg, kid } = header
    const algorithm = this.#init.algorithms.find((name) => name === alg)
    if (algorithm === undefined) return this.#refuse('its algorithm is not allowed')
    if (KEY_HEADERS.some((name) => name in header)) return this.#refuse('it brings its own key')
    if (kid !== undefined && (typeof kid !== 'string' || kid.length > MAX_KID))
      return this.#refuse('its kid is not a name')
    return { algorithm, kid }
  }

  #verifyWith(
    candidates: readonly VerificationKey[],
    algorithm: Algorithm,
    token: string,
  ): Approval {
    let reason = 'its key is unknown'
    for (const { pem } of candidates) {
      try {
        const claims = this.#init.jwt.verify<Record<string, unknown>>(token, {
          key: pem,
          algorithms: [algorithm],
        })
        const approval = readApproval(claims, this.#init.maxClockSkew)
        this.#cache.set(token, approval)
        return approval
      } catch (error) {
        reason = (error as { code?: string }).code ?? 'its exp is not a time'
      }
    }
    return this.#refuse(reason)
  }

  /** Logs the reason, but nothing of the token. The client does not learn it. */
  #refuse(reason: string): never {
    this.#init.log.debug({ reason }, 'a token was refused')
    throw INVALID_JWT
  }
}
