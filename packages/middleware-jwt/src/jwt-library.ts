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
 * `@fastify/jwt`, configured with the claims that every token needs. A separate scope keeps its
 * decorators out of the application, which may use the library for something else.
 */
export async function jwtLibrary(
  fastify: FastifyInstance,
  expected: ExpectedClaims,
): Promise<Pick<JWT, 'decode' | 'verify'>> {
  const namespaces: Record<string, JWT> = Object.create(null) as Record<string, JWT>
  await fastify.register(async (scope) => {
    // The library adds its namespace to the nearest `jwt` decorator.
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

/** Each call passes its key, but the library requires a default. */
async function refuse(): Promise<never> {
  throw new Error('a token must be verified with a key')
}
