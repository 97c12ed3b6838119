import type { FastifyInstance } from 'fastify'
import type { HttpFrontendOptions } from './options.ts'

/** Fastify's default, which a passkey fits and a token does not. */
const DEFAULT_MAX_PARAM_LENGTH = 100

/**
 * Warns when a route has parameters and the server has the default limit on them, which only
 * `Fastify()` can raise.
 */
export function warnOfShortParameters(
  fastify: FastifyInstance,
  options: Required<HttpFrontendOptions>,
): void {
  if (![...options.announceRoutes, ...options.scrapeRoutes].some((route) => route.includes(':')))
    return
  const { maxParamLength = 0, routerOptions } = fastify.initialConfig
  if (Math.max(maxParamLength, routerOptions?.maxParamLength ?? 0) > DEFAULT_MAX_PARAM_LENGTH)
    return
  fastify.log.warn(
    { maxParamLength: DEFAULT_MAX_PARAM_LENGTH },
    'longer route parameters than maxParamLength are refused: raise it in routerOptions, or use recommendedServerOptions',
  )
}
