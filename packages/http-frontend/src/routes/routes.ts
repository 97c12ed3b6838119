import { addressFamily } from '@chihaya/bittorrent'
import { Answer, ScrapeAnswer, type Action, type PlainScrape } from '@chihaya/core'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { routeErrorHandler } from './error-handlers.ts'
import type { Frontend } from '../frontend.ts'
import { fullScrapeHandler, trackerHandler } from './handler.ts'
import { parseAnnounce, type HttpAnnounce } from '../announce/parse-announce.ts'
import { asksForAll, parseScrape } from '../scrape/parse-scrape.ts'
import { refuseMethod } from './refusals.ts'
import type { Handler } from './request-body.ts'
import { distinctPaths, scrapeTwins, type RoutePath } from './route-path.ts'
import { writeAnnounce } from '../announce/write-announce.ts'
import { writeScrape } from '../scrape/write-scrape.ts'

/** Adds announce and scrape routes, and refuses other methods on each of them. */
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
      // One answer serves all announces until it is kept. Hooks might hold on to theirs.
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
  const listed = trackerHandler<PlainScrape, ScrapeAnswer>(frontend, {
    action: 'scrape',
    parse: (request) => parseScrape(request, frontend, catchAll),
    prepare: () => new ScrapeAnswer(),
    ask: (scrape, answer) => tracker.scrape(scrape, answer),
    write: writeScrape,
  })
  if (frontend.fullScrape === undefined) return listed
  const full = fullScrapeHandler(frontend, frontend.fullScrape)
  return (request, reply) =>
    asksForAll(request, frontend) ? full(request, reply) : listed(request, reply)
}

function addRoute(
  fastify: FastifyInstance,
  { url }: RoutePath,
  frontend: Frontend,
  action: Action,
  handler: Handler,
): void {
  // An automatic HEAD route would announce.
  fastify.route({
    method: 'GET',
    url,
    exposeHeadRoute: false,
    handler,
    errorHandler: (error, request, reply) =>
      routeErrorHandler(error, request, reply, frontend, action),
  })
  const others = fastify.supportedMethods.filter((method) => method !== 'GET')
  // In `onRequest`, so that neither the body nor its content type is parsed.
  const refuse = (request: FastifyRequest, reply: FastifyReply): void =>
    refuseMethod(request, reply, frontend.counter)
  fastify.route({ method: others, url, onRequest: refuse, handler: refuse })
}
