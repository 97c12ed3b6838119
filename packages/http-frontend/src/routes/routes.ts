import { addressFamily } from '@chihaya/bittorrent'
import { Answer, ScrapeAnswer, type Action, type PlainScrape } from '@chihaya/core'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { routeErrorHandler } from './error-handlers.ts'
import type { Frontend } from '../frontend.ts'
import { fullScrapeHandler } from '../full-scrape-handler.ts'
import { trackerHandler } from './handler.ts'
import { parseAnnounce, type HttpAnnounce } from '../announce/parse-announce.ts'
import { asksForAll, parseScrape } from '../scrape/parse-scrape.ts'
import { refuseMethod } from '../refuse.ts'
import type { Handler } from './request-body.ts'
import { distinctPaths, scrapeTwins, type RoutePath } from './route-path.ts'
import { writeAnnounce } from '../announce/write-announce.ts'
import { writeScrape } from '../scrape/write-scrape.ts'

/** Adds the announce routes, the scrape routes, and for each the refusal of every other method. */
export function addRoutes(fastify: FastifyInstance, frontend: Frontend): void {
  const { announceRoutes, scrapeRoutes } = frontend.options
  const { ignoreTrailingSlash, routerOptions } = fastify.initialConfig
  const sameWithSlash = ignoreTrailingSlash === true || routerOptions?.ignoreTrailingSlash === true
  for (const path of distinctPaths(announceRoutes, sameWithSlash))
    addRoute(fastify, path, frontend, 'announce', announceHandler(frontend, path))
  if (scrapeRoutes.length === 0) return
  for (const path of distinctPaths(
    [...scrapeRoutes, ...announceRoutes.flatMap(scrapeTwins)],
    sameWithSlash,
  ))
    addRoute(fastify, path, frontend, 'scrape', scrapeHandler(frontend, path))
}

function announceHandler(frontend: Frontend, { catchAll }: RoutePath): Handler {
  const { tracker } = frontend
  let spare = new Answer()
  return trackerHandler<HttpAnnounce, Answer>(frontend, {
    action: 'announce',
    parse: (request) => parseAnnounce(request, frontend, catchAll),
    prepare: ({ address, numWant, wantsPeerIds }) => {
      // Hooks may hold on to an answer; without them one will do until it is kept for somebody.
      if (spare.kept || tracker.showsAnnounces) spare = new Answer()
      spare.takesOtherFamily = true
      spare.peers.reserve(addressFamily(address), numWant, wantsPeerIds)
      return spare
    },
    ask: (announce, answer) => tracker.announce(announce, answer),
    write: writeAnnounce,
  })
}

function scrapeHandler(frontend: Frontend, { catchAll }: RoutePath): Handler {
  const { tracker } = frontend
  const ofSome = trackerHandler<PlainScrape, ScrapeAnswer>(frontend, {
    action: 'scrape',
    parse: (request) => parseScrape(request, frontend, catchAll),
    prepare: () => new ScrapeAnswer(),
    ask: (scrape, answer) => tracker.scrape(scrape, answer),
    write: writeScrape,
  })
  if (frontend.fullScrape === undefined) return ofSome
  const ofAll = fullScrapeHandler(frontend, frontend.fullScrape)
  return (request, reply) =>
    asksForAll(request, frontend) ? ofAll(request, reply) : ofSome(request, reply)
}

function addRoute(
  fastify: FastifyInstance,
  { url }: RoutePath,
  frontend: Frontend,
  action: Action,
  handler: Handler,
): void {
  // A HEAD route of Fastify's own making would announce.
  fastify.route({
    method: 'GET',
    url,
    exposeHeadRoute: false,
    handler,
    errorHandler: (error, request, reply) =>
      routeErrorHandler(error, request, reply, frontend, action),
  })
  const others = fastify.supportedMethods.filter((method) => method !== 'GET')
  // Refused in `onRequest`, so that neither the body nor its content type is looked at.
  const refuse = (request: FastifyRequest, reply: FastifyReply): void =>
    refuseMethod(request, reply, frontend)
  fastify.route({ method: others, url, onRequest: refuse, handler: refuse })
}
