import type { Address } from '@chihaya/bittorrent'
import { isPromise, UNTIMED, type Action, type MaybePromise } from '@chihaya/core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { failureOf, failureText } from './error-handlers.ts'
import type { Frontend } from './frontend.ts'
import { withoutBody, type Handler } from './request-body.ts'

/** What requests of both kinds tell. */
interface FromPeer {
  readonly address: Address
}

/**
 * The handler of a route: what `parse` reads is given to the tracker by `ask`, and `write` encodes what comes back. It
 * replies at once unless the tracker returns a promise, or the request comes in chunks, which may or may not be a body.
 */
export function trackerHandler<Asked extends FromPeer, Answer>(
  frontend: Frontend,
  action: Action,
  parse: (request: FastifyRequest) => Asked,
  ask: (asked: Asked) => MaybePromise<Answer>,
  write: (answer: Answer, asked: Asked) => Buffer,
): Handler {
  const serve: Handler = (request, reply) => {
    const { counter } = frontend
    const begun = counter === undefined ? UNTIMED : counter.begin()
    reply.headers(frontend.headers)
    let body: Buffer
    let asked: Asked | undefined
    let failure = ''
    try {
      asked = parse(request)
      const answer = ask(asked)
      if (isPromise(answer)) return answerLater(frontend, action, answer, asked, write, request, reply, begun)
      body = write(answer, asked)
    } catch (error) {
      body = failureOf(error, request.log)
      failure = failureText(error)
    }
    counter?.count(request, action, asked?.address, failure, body, begun)
    reply.send(body)
  }
  return withoutBody(frontend, action, serve)
}

async function answerLater<Asked extends FromPeer, Answer>(
  { counter }: Frontend,
  action: Action,
  pending: Promise<Answer>,
  asked: Asked,
  write: (answer: Answer, asked: Asked) => Buffer,
  request: FastifyRequest,
  reply: FastifyReply,
  begun: number,
): Promise<Buffer | undefined> {
  let body: Buffer
  let failure = ''
  try {
    body = write(await pending, asked)
  } catch (error) {
    body = failureOf(error, request.log)
    failure = failureText(error)
  }
  counter?.count(request, action, asked.address, failure, body, begun)
  // Fastify would log the URL, secrets included, of an answer that comes after its `handlerTimeout`.
  return reply.sent ? undefined : body
}
