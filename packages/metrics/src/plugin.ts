import { lasting, parseDuration, parseOptions } from '@chihaya/core'
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { optionsSchema, type MetricsOptions } from './options.ts'
import { TrackerMetrics } from './tracker-metrics.ts'

const NAME = '@chihaya/metrics'

const plugin: FastifyPluginAsync<MetricsOptions> = async (fastify, given) => {
  const options = parseOptions(NAME, optionsSchema, given)
  const metrics = options.metrics ?? ownMetrics(fastify, options)
  if (!fastify.requestMeter) fastify.decorate('requestMeter', metrics.meter)
  if (options.hookTiming && !fastify.hookMeter) fastify.decorate('hookMeter', metrics.hookMeter)
  if (options.path !== false) addMetricsRoute(fastify, options.path, metrics)
  fastify.addHook('onReady', async () => {
    // Metrics that outlive an application read the store of the latest one.
    if (fastify.hasDecorator('peerStore')) metrics.store = fastify.peerStore
  })
}

/** Metrics that outlive the application, unless it has meters already. */
function ownMetrics(fastify: FastifyInstance, options: Required<MetricsOptions>): TrackerMetrics {
  const { requestMeter, hookMeter, log } = fastify
  const { prometheusReportingInterval, processMetrics } = options
  const create = (): TrackerMetrics =>
    new TrackerMetrics({
      ...(requestMeter && { meter: requestMeter }),
      ...(hookMeter && { hookMeter }),
      log,
      storeInterval: parseDuration(prometheusReportingInterval),
      processMetrics,
    })
  if (requestMeter || hookMeter) return create()
  return lasting(fastify, NAME, { options: [prometheusReportingInterval, processMetrics], create })
}

/** Serves metrics to GET requests, and ignores everything else in them. */
function addMetricsRoute(fastify: FastifyInstance, path: string, metrics: TrackerMetrics): void {
  fastify.route({
    method: 'GET',
    url: path,
    exposeHeadRoute: false,
    handler: async (_request, reply) => {
      const text = await metrics.text()
      reply.header('content-type', metrics.contentType).header('cache-control', 'no-store')
      return text
    },
  })
  const others = fastify.supportedMethods.filter((method) => method !== 'GET')
  const refuse = (_request: FastifyRequest, reply: FastifyReply): void => {
    reply.code(405).header('allow', 'GET').type('text/plain').send('method not allowed\n')
  }
  // In `onRequest`, before Fastify parses a body.
  fastify.route({ method: others, url: path, onRequest: refuse, handler: refuse })
}

export const metrics: FastifyPluginAsync<MetricsOptions> = fp(plugin, {
  name: NAME,
  fastify: '5.x',
})
