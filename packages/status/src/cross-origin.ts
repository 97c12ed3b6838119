import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

const NO_CONTENT = 204
const A_DAY = '86400'

/**
 * Lets pages of other origins read a route (CORS), without credentials. The hook covers errors too.
 * Browsers send OPTIONS first if a request has custom headers.
 */
export function allowOrigins(
  fastify: FastifyInstance,
  path: string,
  origins: readonly string[],
): void {
  if (origins.length === 0) return
  const allowed = new Set(origins.map((origin) => origin.toLowerCase()))
  fastify.addHook(
    'onRequest',
    async ({ routeOptions, headers }: FastifyRequest, reply: FastifyReply) => {
      if (routeOptions.url !== `${fastify.prefix}${path}`) return
      if (allowed.has('*')) {
        reply.header('access-control-allow-origin', '*')
        return
      }
      // Caches must keep one answer per origin.
      reply.header('vary', 'Origin')
      const { origin } = headers
      if (origin !== undefined && allowed.has(origin))
        reply.header('access-control-allow-origin', origin)
    },
  )
  fastify.options(path, async (_request, reply) => {
    reply.headers({ 'access-control-allow-methods': 'GET, HEAD', 'access-control-max-age': A_DAY })
    return reply.code(NO_CONTENT).send()
  })
}
