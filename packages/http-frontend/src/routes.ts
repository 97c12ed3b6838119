import type { FastifyInstance } from 'fastify'
import type { Frontend } from './frontend.ts'
import { trackerHandler, type Handler } from './handler.ts'
import { parseAnnounce } from './parse-announce.ts'
import { parseScrape } from './parse-scrape.ts'
import { refuseMethod } from './refuse.ts'
import { distinctPaths, scrapeTwins, type RoutePath } from './route-path.ts'
import { writeAnnounce } from './write-announce.ts'
import { writeScrape } from './write-scrape.ts'

/** Adds the announce routes, the scrape routes, and for each the refusal of every other method. */
export function addRoutes(fastify: FastifyInstance, frontend: Frontend): void {
  const { announceRoutes, scrapeRoutes } = frontend.options
  const { ignoreTrailingSlash, routerOptions } = fastify.initialConfig
  const sameWithSlash = ignoreTrailingSlash === true || routerOptions?.ignoreTrailingSlash === true
  for (const path of distinctPaths(announceRoutes, sameWithSlash)) addRoute(fastify, path, announceHandler(frontend, path))
  if (scrapeRoutes.length === 0) return
  for (const path of distinctPaths([...scrapeRoutes, ...announceRoutes.flatMap(scrapeTwins)], sameWithSlash))
    addRoute(fastify, path, scrapeHandler(frontend, path))
}

function announceHandler(frontend: Frontend, { catchAll }: RoutePath): Handler {
  const { tracker, headers } = frontend
  return trackerHandler(
    headers,
    (request) => parseAnnounce(request, frontend, catchAll),
    (announce) => tracker.announce(announce),
    writeAnnounce,
  )
}

function scrapeHandler(frontend: Frontend, { catchAll }: RoutePath): Handler {
  const { tracker, headers } = frontend
  return trackerHandler(
    headers,
    (request) => parseScrape(request, frontend, catchAll),
    (scrape) => tracker.scrape(scrape),
    writeScrape,
  )
}

function addRoute(fastify: FastifyInstance, { url }: RoutePath, handler: Handler): void {
  // A HEAD route of Fastify's own making would announce.
  fastify.route({ method: 'GET', url, exposeHeadRoute: false, handler })
  const others = fastify.supportedMethods.filter((method) => method !== 'GET')
  // Refused in `onRequest`, so that neither the body nor its content type is looked at.
  fastify.route({ method: others, url, onRequest: refuseMethod, handler: refuseMethod })
}
