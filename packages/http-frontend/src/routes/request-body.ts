import type { IncomingMessage } from 'node:http'
import type { Action } from '@chihaya/core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Frontend } from '../frontend.ts'
import { refuseBody } from '../refuse.ts'

export type Handler = (
  request: FastifyRequest,
  reply: FastifyReply,
) => Promise<Buffer | FastifyReply | undefined> | void

/** Whether a request comes with a body: `chunked` does not tell before the chunks are there. */
type BodyFraming = 'none' | 'length' | 'chunked'

/** What the header says of the body, whose framing Node's parser has checked. */
export function bodyFraming({ headers }: IncomingMessage): BodyFraming {
  if (headers['transfer-encoding'] !== undefined) return 'chunked'
  const length = headers['content-length']
  return length === undefined || Number(length) === 0 ? 'none' : 'length'
}

/**
 * Whether a chunked body has bytes in it, known from its first byte or its end. Does not settle
 * where the connection ends before; the server's `requestTimeout` bounds the wait.
 */
function hasBytes(request: IncomingMessage): Promise<boolean> {
  return new Promise((resolve) => {
    request.once('data', () => resolve(true))
    request.once('end', () => resolve(false))
  })
}

/** A handler that serves requests without a body, and refuses the others. */
export function withoutBody(frontend: Frontend, action: Action, serve: Handler): Handler {
  return (request, reply) => {
    const framing = bodyFraming(request.raw)
    if (framing === 'none') return serve(request, reply)
    if (framing === 'length') return refuseBody(request, reply, frontend, action)
    // Some proxies frame every request so, those without a body among them.
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
  refuseBody(request, reply, frontend, action)
  return undefined
}
