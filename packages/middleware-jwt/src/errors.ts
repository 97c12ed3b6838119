import { ClientError } from '@chihaya/bittorrent'
import { createError, type FastifyErrorConstructor } from '@fastify/error'

/** The tracker cannot start without keys. Arguments: source, problem, cause. */
export const TRK_ERR_JWT_KEYS: FastifyErrorConstructor<
  { code: 'TRK_ERR_JWT_KEYS' },
  [string, string, ErrorOptions]
> = createError('TRK_ERR_JWT_KEYS', '@chihaya/middleware-jwt: no keys from %s: %s')

/** The client sent no token. */
export const MISSING_JWT: ClientError = new ClientError('unapproved request: missing jwt')

/** The token does not approve the request. The client does not learn why. */
export const INVALID_JWT: ClientError = new ClientError('unapproved request: invalid jwt')

/** Keys cannot be used. The message is a clause without subject: `answered 503`. */
export class KeySetError extends Error {
  override readonly name = 'KeySetError'
}
