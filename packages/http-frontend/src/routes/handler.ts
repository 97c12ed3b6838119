import { Readable } from 'node:stream'
import { addressFamily, type Address } from '@chihaya/bittorrent'
import { isPromise, UNTIMED, type Action, type MaybePromise } from '@chihaya/core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { NO_INFO_HASH } from '../announce/parse-announce.ts'
import type { Frontend } from '../frontend.ts'
import type { FullScrape } from '../scrape/full-scrape.ts'
import { failureOf } from './refusals.ts'
import { withoutBody, type Handler } from './request-body.ts'

/** How one kind of request is parsed, answered by the tracker, and written. */
export interface Exchange<
  Request extends { readonly address: Address },
  Answer extends { keep(): unknown },
> {
  readonly action: Action
  /** @throws {ClientError} for a malformed request. */
  parse(request: FastifyRequest): Request
  /** An empty answer with room for what the request asks for. */
  prepare(request: Request): Answer
  ask(request: Request, answer: Answer): MaybePromise<void>
  write(answer: Answer, request: Request): Buffer
}

/** A route handler that replies at once, unless the tracker returns a promise. */
export function trackerHandler<
  Request extends { readonly address: Address },
  Answer extends { keep(): unknown },
>(frontend: Frontend, exchange: Exchange<Request, Answer>): Handler {
  const serve: Handler = (request, reply) => {
    const { counter } = frontend
    const begun = counter === undefined ? UNTIMED : counter.begin()
    reply.headers(frontend.headers)
    let body: Buffer
    let parsed: Request | undefined
    let refusal = ''
    try {
      parsed = exchange.parse(request)
      const answer = exchange.prepare(parsed)
      const pending = exchange.ask(parsed, answer)
      if (isPromise(pending)) {
        // The next request must not reuse it.
        answer.keep()
        return answerLater(frontend, exchange, pending, parsed, answer, request, reply, begun)
      }
      body = exchange.write(answer, parsed)
    } catch (error) {
      ;({ text: refusal, body } = failureOf(error, request.log))
    }
    counter?.count(request, exchange.action, parsed?.address, refusal, body, begun)
    reply.send(body)
  }
  return withoutBody(frontend, exchange.action, serve)
}

async function answerLater<
  Request extends { readonly address: Address },
  Answer extends { keep(): unknown },
>(
  { counter }: Frontend,
  exchange: Exchange<Request, Answer>,
  pending: Promise<void>,
  parsed: Request,
  answer: Answer,
  request: FastifyRequest,
  reply: FastifyReply,
  begun: number,
): Promise<Buffer | undefined> {
  let body: Buffer
  let refusal = ''
  try {
    await pending
    body = exchange.write(answer, parsed)
  } catch (error) {
    ;({ text: refusal, body } = failureOf(error, request.log))
  }
  counter?.count(request, exchange.action, parsed.address, refusal, body, begun)
  // For an answer after its `handlerTimeout`, Fastify would log the URL with its secrets.
  return reply.sent ? undefined : body
}

/** The handler of scrapes without an infohash. It writes as fast as the client reads. */
export function fullScrapeHandler(frontend: Frontend, fullScrape: FullScrape): Handler {
  return withoutBody(frontend, 'scrape', async (request, reply) => {
    const { counter } = frontend
    const begun = counter === undefined ? UNTIMED : counter.begin()
    reply.headers(frontend.headers)
    let address: Address | undefined
    try {
      // Claimed addresses grant nothing.
      address = frontend.addresses.requester(request)
      if (!fullScrape.allows(address)) throw NO_INFO_HASH
      const { length, body } = await fullScrape.answer(addressFamily(address))
      counter?.count(request, 'scrape', address, '', { length }, begun)
      return reply.sent
        ? undefined
        : reply.header('content-length', length).send(Readable.from(body, { objectMode: false }))
    } catch (error) {
      const { text, body } = failureOf(error, request.log)
      counter?.count(request, 'scrape', address, text, body, begun)
      return reply.sent ? undefined : reply.send(body)
    }
  })
}
