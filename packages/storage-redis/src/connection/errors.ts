import { createError, type FastifyErrorConstructor } from '@fastify/error'

/** A Redis that cannot be reached when the tracker starts. Arguments: which Redis, why. */
export const TRK_ERR_REDIS: FastifyErrorConstructor<
  { code: 'TRK_ERR_REDIS'; statusCode: 500 },
  [string, string]
> = createError('TRK_ERR_REDIS', 'cannot use Redis at %s: %s', 500)
