import { createError, type FastifyErrorConstructor } from '@fastify/error'

/** Options violate their schema. Arguments: package, problem. */
export const TRK_ERR_OPTIONS: FastifyErrorConstructor<
  { code: 'TRK_ERR_OPTIONS'; statusCode: 500 },
  [string, string]
> = createError('TRK_ERR_OPTIONS', '%s: %s', 500, TypeError)

/** A list cannot be read. Arguments: file, with the line if there is one; problem. */
export const TRK_ERR_LIST: FastifyErrorConstructor<{ code: 'TRK_ERR_LIST' }, [string, string]> =
  createError('TRK_ERR_LIST', '%s: %s')

/** Unknown name of a hook. Arguments: name, known names. */
export const TRK_ERR_HOOK_NAME: FastifyErrorConstructor<
  { code: 'TRK_ERR_HOOK_NAME'; statusCode: 500 },
  [string, string]
> = createError(
  'TRK_ERR_HOOK_NAME',
  'tracker.addHook: unknown hook %s; hooks are %s',
  500,
  TypeError,
)

/** A hook is not a function. Argument: name of the hook. */
export const TRK_ERR_HOOK_HANDLER: FastifyErrorConstructor<
  { code: 'TRK_ERR_HOOK_HANDLER'; statusCode: 500 },
  [string]
> = createError(
  'TRK_ERR_HOOK_HANDLER',
  'tracker.addHook: the %s hook must be a function',
  500,
  TypeError,
)

/** A hook was added after the application became ready. Argument: name of the hook. */
export const TRK_ERR_STARTED: FastifyErrorConstructor<{ code: 'TRK_ERR_STARTED' }, [string]> =
  createError(
    'TRK_ERR_STARTED',
    'tracker.addHook: the tracker has started, so %s comes too late; add hooks while plugins load',
  )
