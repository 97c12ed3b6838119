import type { Address } from '@chihaya/bittorrent'
import { isPromise, UNTIMED, type Action, type MaybePromise } from '@chihaya/core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { failureOf, failureText } from './error-handlers.ts'
import type { Frontend } from '../frontend.ts'
import { withoutBody, type Handler } from './request-body.ts'

/** How one kind of request is read, answered by the tracker, and written. */
export interface Exchange<
  Asked extends { readonly address: Address },
  Answer extends { keep(): unknown },
> {
  readonly action: Action
  /** @throws {ClientError} for what does not parse. */
  parse(request: FastifyRequest): Asked
  /** An empty answer with room for what is asked for. */
  prepare(asked: Asked): Answer
  ask(asked: Asked, answer: Answer): MaybePromise<void>
  write(answer: Answer, asked: Asked): Buffer
}

/**
 * The handler of a route, which replies at once unless the tracker returns a promise, or the
 * request comes in chunks.
 */
export function trackerHandler<
  Asked extends { readonly address: Address },
  Answer extends { keep(): unknown },
>(frontend: Frontend, exchange: Exchange<Asked, Answer>): Handler {
  const serve: Handler = (request, reply) => {
    const { counter } = frontend
    const begun = counter === undefined ? UNTIMED : counter.begin()
    reply.headers(frontend.headers)
    let body: Buffer
    let asked: Asked | undefined
    let failure = ''
    try {
      asked = exchange.parse(request)
      const answer = exchange.prepare(asked)
      const pending = exchange.ask(asked, answer)
      if (isPromise(pending)) {
        // The next request must not be given the same one.
        answer.keep()
        return answerLater(frontend, exchange, pending, asked, answer, request, reply, begun)
      }
      body = exchange.write(answer, asked)
    } catch (error) {
      body = failureOf(error, request.log)
      failure = failureText(error)
    }
    counter?.count(request, exchange.action, asked?.address, failure, body, begun)
    reply.send(body)
  }
  return withoutBody(frontend, exchange.action, serve)
}

async function answerLater<
  Asked extends { readonly address: Address },
  Answer extends { keep(): unknown },
>(
  { counter }: Frontend,
  exchange: Exchange<Asked, Answer>,
  pending: Promise<void>,
  asked: Asked,
  answer: Answer,
  request: FastifyRequest,
  reply: FastifyReply,
  begun: number,
): Promise<Buffer | undefined> {
  let body: Buffer
  let failure = ''
  try {
    await pending
    body = exchange.write(answer, asked)
  } catch (error) {
    body = failureOf(error, request.log)
    failure = failureText(error)
  }
  counter?.count(request, exchange.action, asked.address, failure, body, begun)
  // Fastify would log the URL, secrets included, of an answer that comes after its
  // `handlerTimeout`.
  return reply.sent ? undefined : body
}
