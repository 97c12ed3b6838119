import { createError, type FastifyErrorConstructor } from '@fastify/error'

/** Options that do not fit their schema. Arguments: the package, what is wrong. */
export const TRK_ERR_OPTIONS: FastifyErrorConstructor<
  { code: 'TRK_ERR_OPTIONS'; statusCode: 500 },
  [string, string]
> = createError('TRK_ERR_OPTIONS', '%s: %s', 500, TypeError)

/**
 * A list that cannot be read. Arguments: the file, with the line where there is one; what is wrong.
 */
export const TRK_ERR_LIST: FastifyErrorConstructor<{ code: 'TRK_ERR_LIST' }, [string, string]> =
  createError('TRK_ERR_LIST', '%s: %s')

/** A hook name that the tracker does not know. Arguments: the name, the names there are. */
export const TRK_ERR_HOOK_NAME: FastifyErrorConstructor<
  { code: 'TRK_ERR_HOOK_NAME'; statusCode: 500 },
  [string, string]
> = createError(
  'TRK_ERR_HOOK_NAME',
  'tracker.addHook: there is no hook %s, only %s',
  500,
  TypeError,
)

/** A hook that is not a function. Argument: the hook's name. */
export const TRK_ERR_HOOK_HANDLER: FastifyErrorConstructor<
  { code: 'TRK_ERR_HOOK_HANDLER'; statusCode: 500 },
  [string]
> = createError(
  'TRK_ERR_HOOK_HANDLER',
  'tracker.addHook: the %s hook must be a function',
  500,
  TypeError,
)

/** A hook added after the application was ready. Argument: the hook's name. */
export const TRK_ERR_STARTED: FastifyErrorConstructor<{ code: 'TRK_ERR_STARTED' }, [string]> =
  createError(
    'TRK_ERR_STARTED',
    'tracker.addHook: the tracker has started, so %s comes too late; add hooks while plugins load',
  )
