import type { FastifyReply, FastifyRequest } from 'fastify'
import { replyHeaders } from './reply-headers.ts'
import { writeFailure } from './write-failure.ts'

const METHOD_NOT_ALLOWED: Buffer = writeFailure('method not allowed')
const BODY_NOT_ALLOWED: Buffer = writeFailure('request body not allowed')

/** Answers every method but GET, before a body is read and without touching a swarm. */
export function refuseMethod(_request: FastifyRequest, reply: FastifyReply): void {
  reply.code(405).headers(replyHeaders(false)).header('allow', 'GET').send(METHOD_NOT_ALLOWED)
}

/** True when a request announces a body, which nothing that a tracker does has a use for. */
export function hasBody(request: FastifyRequest): boolean {
  const { headers } = request.raw
  const length = headers['content-length']
  return (length !== undefined && length !== '0') || headers['transfer-encoding'] !== undefined
}

/** Answers a GET with a body, and ends the connection so that the body is not waited for. */
export function refuseBody(reply: FastifyReply): void {
  reply.code(413).headers(replyHeaders(false)).send(BODY_NOT_ALLOWED)
}
