import type { FastifyInstance } from 'fastify'
import { allowOrigins } from './cross-origin.ts'
import type { StatusOptions } from './options.ts'
import { PAGE_HEADERS, renderPage } from './page/page.ts'
import type { TrackerStatus } from './tracker-status.ts'

/** The statistics, for people and for programs. */
export function addStatsRoutes(
  fastify: FastifyInstance,
  status: TrackerStatus,
  { statsPath, statsOrigins }: Required<StatusOptions>,
): void {
  allowOrigins(fastify, `${statsPath}.json`, statsOrigins)
  fastify.get(statsPath, async (_request, reply) => {
    const stats = await status.stats()
    reply.headers(PAGE_HEADERS)
    return renderPage(stats)
  })
  fastify.get(`${statsPath}.json`, async (_request, reply) => {
    const stats = await status.stats()
    reply.headers({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
    return stats
  })
}
