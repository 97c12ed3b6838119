import type { FastifyInstance } from 'fastify'
import type { StatusOptions } from './options.ts'
import type { TrackerStatus } from './tracker-status.ts'

const UNAVAILABLE = 503

/**
 * Health: the process answers. Readiness: the tracker can do its work. Both in JSON that no cache
 * may keep.
 */
export function addHealthRoutes(
  fastify: FastifyInstance,
  status: TrackerStatus,
  { healthPath, readyPath }: Required<StatusOptions>,
): void {
  fastify.get(healthPath, async (_request, reply) => {
    reply.header('cache-control', 'no-store')
    return { status: 'ok' }
  })
  fastify.get(readyPath, async (_request, reply) => {
    const report = await status.report()
    reply.header('cache-control', 'no-store')
    if (report.status !== 'ready') reply.code(UNAVAILABLE)
    return report
  })
}
