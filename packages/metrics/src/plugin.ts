import { lasting, parseDuration, parseOptions } from '@chihaya/core'
import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { optionsSchema, type MetricsOptions } from './options.ts'
import { addMetricsRoute } from './route.ts'
import { TrackerMetrics } from './tracker-metrics.ts'

const NAME = '@chihaya/metrics'

const plugin: FastifyPluginAsync<MetricsOptions> = async (fastify, given) => {
  const options = parseOptions(NAME, optionsSchema, given)
  const metrics = options.metrics ?? ownMetrics(fastify, options)
  if (!fastify.requestMeter) fastify.decorate('requestMeter', metrics.meter)
  if (options.hookTiming && !fastify.hookMeter) fastify.decorate('hookMeter', metrics.hookMeter)
  if (options.path !== false) addMetricsRoute(fastify, options.path, metrics)
  fastify.addHook('onReady', async () => {
    // Metrics that are handed on from one application to the next follow the store of the last.
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

export const metrics: FastifyPluginAsync<MetricsOptions> = fp(plugin, {
  name: NAME,
  fastify: '5.x',
})
