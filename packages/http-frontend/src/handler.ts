import { isPromise, type MaybePromise } from '@chihaya/core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { failureOf } from './error-handlers.ts'
import { hasBody, refuseBody } from './refuse.ts'
import type { ReplyHeaders } from './reply-headers.ts'

export type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<Buffer | undefined> | void

/**
 * The handler of a route: what `parse` reads is given to the tracker by `ask`, and `write` encodes what comes back. It
 * replies at once unless the tracker returns a promise.
 */
export function trackerHandler<Asked, Answer>(
  headers: ReplyHeaders,
  parse: (request: FastifyRequest) => Asked,
  ask: (asked: Asked) => MaybePromise<Answer>,
  write: (answer: Answer, asked: Asked) => Buffer,
): Handler {
  return (request, reply) => {
    if (hasBody(request)) return refuseBody(reply)
    reply.headers(headers)
    let body: Buffer
    try {
      const asked = parse(request)
      const answer = ask(asked)
      if (isPromise(answer)) return answerLater(answer, asked, write, request, reply)
      body = write(answer, asked)
    } catch (error) {
      body = failureOf(error, request.log)
    }
    reply.send(body)
  }
}

async function answerLater<Asked, Answer>(
  pending: Promise<Answer>,
  asked: Asked,
  write: (answer: Answer, asked: Asked) => Buffer,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Buffer | undefined> {
  let body: Buffer
  try {
    body = write(await pending, asked)
  } catch (error) {
    body = failureOf(error, request.log)
  }
  // Fastify would log the URL, secrets included, of an answer that comes after its `handlerTimeout`.
  return reply.sent ? undefined : body
}
