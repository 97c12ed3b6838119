import type { Tracker } from '@chihaya/core'
import type { FastifyError, FastifyInstance, FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { routeErrorHandler } from './routes/error-handlers.ts'
import { createFrontend } from './frontend.ts'
import type { HttpFrontendOptions } from './options.ts'
import { RequestCounter } from './routes/request-counter.ts'
import { addRoutes } from './routes/routes.ts'

/** Fastify's default, which is too short for tokens. */
const DEFAULT_MAX_PARAM_LENGTH = 100

// Async only for its errors: Fastify does not catch errors of a plugin with a callback.
const plugin: FastifyPluginAsync<HttpFrontendOptions> = async (fastify, options) => {
  const tracker = fastify.getDecorator<Tracker>('tracker')
  const frontend = createFrontend(tracker, options)
  fastify.setErrorHandler((error: FastifyError, request, reply) =>
    routeErrorHandler(error, request, reply, frontend, 'other'),
  )
  addRoutes(fastify, frontend)
  warnOfShortParameters(fastify, frontend.options)
  fastify.addHook('onClose', async () => frontend.fullScrape?.close())
  fastify.addHook('onReady', async () => {
    const { requestMeter } = fastify
    if (requestMeter)
      frontend.counter = new RequestCounter(requestMeter, frontend.options.requestTiming)
  })
  // The server has answered its last request, and middleware closes only after this plugin.
  fastify.addHook('onClose', async () => tracker.drain())
}

/** Warns if routes have parameters and the server limits them to Fastify's default length. */
function warnOfShortParameters(
  fastify: FastifyInstance,
  { announceRoutes, scrapeRoutes }: Required<HttpFrontendOptions>,
): void {
  if (![...announceRoutes, ...scrapeRoutes].some((route) => route.includes(':'))) return
  const { maxParamLength = 0, routerOptions } = fastify.initialConfig
  if (Math.max(maxParamLength, routerOptions?.maxParamLength ?? 0) > DEFAULT_MAX_PARAM_LENGTH)
    return
  fastify.log.warn(
    { maxParamLength: DEFAULT_MAX_PARAM_LENGTH },
    'longer route parameters than maxParamLength are refused: raise it in routerOptions, or use recommendedServerOptions',
  )
}

export const httpFrontend: FastifyPluginAsync<HttpFrontendOptions> = fp(plugin, {
  name: '@chihaya/http-frontend',
  fastify: '5.x',
  dependencies: ['@chihaya/core'],
  encapsulate: true,
})
