import fastifyJwt, { type JWT } from '@fastify/jwt'
import type { FastifyInstance } from 'fastify'

const NAMESPACE = 'chihaya'

export interface ExpectedClaims {
  readonly issuer: string
  readonly audience: string
  /** Milliseconds. */
  readonly maxClockSkew: number
}

/**
 * `@fastify/jwt`, set to verify what the claims of every token must be. It is registered in a scope
 * of its own, where its decorators are out of the application's way, which may use it for something
 * else.
 */
export async function jwtLibrary(
  fastify: FastifyInstance,
  expected: ExpectedClaims,
): Promise<Pick<JWT, 'decode' | 'verify'>> {
  const namespaces: Record<string, JWT> = Object.create(null) as Record<string, JWT>
  await fastify.register(async (scope) => {
    // The library adds to the nearest `jwt` there is.
    scope.decorate('jwt', namespaces as unknown as JWT)
    await scope.register(fastifyJwt, {
      namespace: NAMESPACE,
      secret: { public: refuse },
      decode: { complete: true },
      verify: {
        allowedIss: expected.issuer,
        allowedAud: expected.audience,
        requiredClaims: ['iss', 'aud', 'exp'],
        clockTolerance: expected.maxClockSkew,
      },
    })
  })
  return namespaces[NAMESPACE] as JWT
}

/** Each call names its key; the library wants one for those that do not. */
async function refuse(): Promise<never> {
  throw new Error('a token was to be verified without a key')
}
