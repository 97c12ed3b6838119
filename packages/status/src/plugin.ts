import { lasting, parseOptions, readinessOf, RequestMeter, type PeerStore } from '@chihaya/core'
import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { optionsSchema, type StatusOptions } from './options.ts'
import { addHealthRoutes, addStatsRoutes, addTorrentRoutes } from './routes.ts'
import { TrackerStatus } from './tracker-status.ts'

const NAME = '@chihaya/status'

const plugin: FastifyPluginAsync<StatusOptions> = async (fastify, given) => {
  const options = parseOptions(NAME, optionsSchema, given)
  const status = options.source ?? ownStatus(fastify, options)
  // Only the routes get a separate scope: frontends must find the meter in this one.
  const { prefix = '' } = given as { prefix?: string }
  const routes = async (scope: FastifyInstance): Promise<void> => {
    scope.setErrorHandler((error, request, reply) => {
      request.log.error({ err: error }, 'the status of the tracker is unavailable')
      return reply.code(500).send({ error: 'internal server error' })
    })
    if (options.health) addHealthRoutes(scope, status, options)
    if (options.stats) addStatsRoutes(scope, status, options)
    if (options.torrents) addTorrentRoutes(scope, status, options)
  }
  await fastify.register(routes, { prefix })
}

/** The status of this scope's tracker, started and stopped with the application. */
function ownStatus(
  fastify: FastifyInstance,
  { stats, torrents }: Required<StatusOptions>,
): TrackerStatus {
  const readiness = readinessOf(fastify)
  if (!stats && !torrents)
    return new TrackerStatus({
      store: () => undefined,
      meter: new RequestMeter(),
      readiness: () => readiness,
    })
  const store = fastify.getDecorator<PeerStore>('peerStore')
  if (!fastify.hasDecorator('requestMeter'))
    fastify.decorate('requestMeter', lasting(fastify, NAME, { create: () => new RequestMeter() }))
  const meter = fastify.getDecorator<RequestMeter>('requestMeter')
  const status = new TrackerStatus({ store: () => store, meter, readiness: () => readiness })
  fastify.addHook('onReady', async () => {
    status.start()
  })
  fastify.addHook('onClose', async () => {
    status.stop()
  })
  return status
}

export const status: FastifyPluginAsync<StatusOptions> = fp(plugin, { name: NAME, fastify: '5.x' })
