import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { TrackerMetrics } from './tracker-metrics.ts'

/** Serves metrics at `path`, to GET alone. Whatever else the request holds is not looked at. */
export function addMetricsRoute(
  fastify: FastifyInstance,
  path: string,
  metrics: TrackerMetrics,
): void {
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
  // Refused in `onRequest`, so that neither a body nor its type is looked at.
  fastify.route({ method: others, url: path, onRequest: refuse, handler: refuse })
}
