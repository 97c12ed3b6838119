import { infoHashFromHex } from '@chihaya/bittorrent'
import { ProbeTimeout } from '@chihaya/core'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { allowOrigins } from './cross-origin.ts'
import type { StatusOptions } from './options.ts'
import { PAGE_HEADERS, renderPage } from './page/page.ts'
import { MOST_TORRENTS, SORTS, type Sort } from './torrents.ts'
import type { TrackerStatus } from './tracker-status.ts'

const UNAVAILABLE = 503
const DEFAULT_LIMIT = 100
const HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }

interface TopQuery {
  readonly sort?: unknown
  readonly limit?: unknown
}

/** Health: the process answers. Readiness: the tracker can do its work. */
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

/** Statistics as a page and as JSON. */
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
    reply.headers(HEADERS)
    return stats
  })
}

/** Single torrents and the largest ones, for operators only: they reveal infohashes. */
export function addTorrentRoutes(
  fastify: FastifyInstance,
  status: TrackerStatus,
  { torrentsPath }: Required<StatusOptions>,
): void {
  // Fastify's request log would contain the path with its infohash.
  const quiet = { logLevel: 'error' } as const
  fastify.get<{ Params: { hex: string } }>(
    `${torrentsPath}/:hex.json`,
    quiet,
    async (request, reply) => {
      reply.headers(HEADERS)
      const infoHash = infoHashFromHex(request.params.hex)
      if (infoHash === undefined)
        return refuse(reply, 400, 'an infohash is 40 hex digits, or 64 for a torrent of version 2')
      const figures = await status.torrent(infoHash)
      return figures ?? refuse(reply, 404, 'unknown torrent')
    },
  )
  fastify.get<{ Querystring: TopQuery }>(`${torrentsPath}.json`, quiet, async (request, reply) => {
    reply.headers(HEADERS)
    const { sort = 'peers', limit = String(DEFAULT_LIMIT) } = request.query
    if (!isSort(sort)) return refuse(reply, 400, `sort is one of ${SORTS.join(', ')}`)
    const count =
      typeof limit === 'string' && /^[1-9]\d{0,3}$/.test(limit) ? Number(limit) : Number.NaN
    if (!(count <= MOST_TORRENTS))
      return refuse(reply, 400, `limit is a whole number from 1 to ${MOST_TORRENTS}`)
    try {
      return (
        (await status.topTorrents(sort, count)) ??
        refuse(reply, 501, 'this store cannot list its torrents')
      )
    } catch (error) {
      if (error instanceof ProbeTimeout)
        return refuse(reply, 503, 'the store has not listed its torrents in time')
      throw error
    }
  })
}

function isSort(text: unknown): text is Sort {
  return (SORTS as readonly unknown[]).includes(text)
}

function refuse(reply: FastifyReply, code: number, error: string): { error: string } {
  reply.code(code)
  return { error }
}
