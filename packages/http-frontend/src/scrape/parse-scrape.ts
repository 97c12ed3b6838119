import { ClientError, infoHashFrom, Query, splitTarget, type InfoHash } from '@chihaya/bittorrent'
import { PlainScrape } from '@chihaya/core'
import { HttpParams } from '@chihaya/core/http'
import type { FastifyRequest } from 'fastify'
import type { Frontend } from '../frontend.ts'
import { INVALID_INFO_HASH, NO_INFO_HASH } from '../announce/parse-announce.ts'

// Transmission recognizes this text and then scrapes fewer torrents at once.
const TOO_MANY: ClientError = new ClientError('Request-URI Too Long: scrape fewer torrents at once')

/** Parses a scrape (BEP 48). @throws {ClientError} for a malformed one. */
export function parseScrape(
  request: FastifyRequest,
  frontend: Frontend,
  catchAll: string | undefined,
): PlainScrape {
  const target = request.raw.url as string
  const { path, queryStart, queryEnd } = splitTarget(target)
  const query = Query.parse(target, queryStart, queryEnd, frontend.scrapeQuery)
  if (query.infoHashes.length === 0) throw NO_INFO_HASH
  if (query.infoHashes.length > frontend.options.maxScrapeInfoHashes) throw TOO_MANY
  const { address } = frontend.addresses.of(request, query)
  const params = new HttpParams(
    path,
    query,
    request.params as Record<string, string>,
    catchAll,
    request.raw.headers,
  )
  return new PlainScrape('http', query.infoHashes.map(infoHash), address, params)
}

/** Whether a scrape names no infohash and so requests all swarms. False if malformed. */
export function asksForAll(request: FastifyRequest, frontend: Frontend): boolean {
  const target = request.raw.url as string
  const { queryStart, queryEnd } = splitTarget(target)
  try {
    return Query.parse(target, queryStart, queryEnd, frontend.scrapeQuery).infoHashes.length === 0
  } catch {
    return false
  }
}

function infoHash(text: string): InfoHash {
  const hash = infoHashFrom(text)
  if (hash === undefined) throw INVALID_INFO_HASH
  return hash
}
