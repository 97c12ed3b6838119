import type { Tracker } from '@chihaya/core'
import type { FastifyError, FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { routeErrorHandler } from './routes/error-handlers.ts'
import { createFrontend } from './frontend.ts'
import type { HttpFrontendOptions } from './options.ts'
import { warnOfShortParameters } from './parameter-length.ts'
import { RequestCounter } from './routes/request-counter.ts'
import { addRoutes } from './routes/routes.ts'

// Asynchronous, as Fastify rejects what such a plugin throws; what one with a callback throws ends
// the process.
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
  // The server has answered its last request, and the middleware before this plugin is still open.
  fastify.addHook('onClose', async () => tracker.drain())
}

export const httpFrontend: FastifyPluginAsync<HttpFrontendOptions> = fp(plugin, {
  name: '@chihaya/http-frontend',
  fastify: '5.x',
  dependencies: ['@chihaya/core'],
  encapsulate: true,
})
