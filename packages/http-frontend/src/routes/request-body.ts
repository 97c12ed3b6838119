import type { IncomingMessage } from 'node:http'
import type { Action } from '@chihaya/core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Frontend } from '../frontend.ts'
import { refuseBody } from './refusals.ts'

export type Handler = (
  request: FastifyRequest,
  reply: FastifyReply,
) => Promise<Buffer | FastifyReply | undefined> | void

/** How a body is framed. A `chunked` one may turn out empty. */
type BodyFraming = 'none' | 'length' | 'chunked'

/** The framing by the header, which Node's parser has checked. */
export function bodyFraming({ headers }: IncomingMessage): BodyFraming {
  if (headers['transfer-encoding'] !== undefined) return 'chunked'
  const length = headers['content-length']
  return length === undefined || Number(length) === 0 ? 'none' : 'length'
}

/**
 * Whether a chunked body contains bytes. Does not settle if the connection ends first; the server's
 * `requestTimeout` bounds the wait.
 */
function hasBytes(request: IncomingMessage): Promise<boolean> {
  return new Promise((resolve) => {
    request.once('data', () => resolve(true))
    request.once('end', () => resolve(false))
  })
}

/** Serves requests without a body and refuses all others. */
export function withoutBody(frontend: Frontend, action: Action, serve: Handler): Handler {
  return (request, reply) => {
    const framing = bodyFraming(request.raw)
    if (framing === 'none') return serve(request, reply)
    if (framing === 'length') return refuseBody(request, reply, frontend.counter, action)
    // Some proxies chunk every request, even without a body.
    return afterBody(request, reply, frontend, action, serve)
  }
}

async function afterBody(
  request: FastifyRequest,
  reply: FastifyReply,
  frontend: Frontend,
  action: Action,
  serve: Handler,
): Promise<Buffer | FastifyReply | undefined> {
  if (!(await hasBytes(request.raw))) return (await serve(request, reply)) ?? undefined
  refuseBody(request, reply, frontend.counter, action)
  return undefined
}
