import { ClientError } from '@chihaya/bittorrent'
import { createError, type FastifyErrorConstructor } from '@fastify/error'

/**
 * The tracker cannot start, as it has no keys to verify tokens with. Arguments: where they should
 * be, what went wrong, why.
 */
export const TRK_ERR_JWT_KEYS: FastifyErrorConstructor<
  { code: 'TRK_ERR_JWT_KEYS' },
  [string, string, ErrorOptions]
> = createError('TRK_ERR_JWT_KEYS', '@chihaya/middleware-jwt: no keys from %s: %s')

/** The client sent no token. */
export const MISSING_JWT: ClientError = new ClientError('unapproved request: missing jwt')

/** The client sent a token that does not approve what it asks for. It does not learn why. */
export const INVALID_JWT: ClientError = new ClientError('unapproved request: invalid jwt')

/** Why keys cannot be used. The message is a clause without subject: `answered 503`. */
export class KeySetError extends Error {
  override readonly name = 'KeySetError'
}
