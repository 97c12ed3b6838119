import { ClientError } from '@chihaya/bittorrent'
import { UNTIMED, type Action } from '@chihaya/core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Frontend } from './frontend.ts'
import { replyHeaders } from './reply-headers.ts'
import { writeFailure } from './routes/refusals.ts'

const METHOD: string = new ClientError('method not allowed').message
const BODY: string = new ClientError('request body not allowed').message
const METHOD_NOT_ALLOWED: Buffer = writeFailure(METHOD)
const BODY_NOT_ALLOWED: Buffer = writeFailure(BODY)

/** Answers every method but GET, before a body is read and without touching a swarm. */
export function refuseMethod(
  request: FastifyRequest,
  reply: FastifyReply,
  { counter }: Frontend,
): void {
  counter?.count(request, 'other', undefined, METHOD, METHOD_NOT_ALLOWED, UNTIMED)
  reply.code(405).headers(replyHeaders(false)).header('allow', 'GET').send(METHOD_NOT_ALLOWED)
}

/** Answers a GET with a body, and ends the connection so that the body is not waited for. */
export function refuseBody(
  request: FastifyRequest,
  reply: FastifyReply,
  { counter }: Frontend,
  action: Action,
): void {
  counter?.count(request, action, undefined, BODY, BODY_NOT_ALLOWED, UNTIMED)
  reply.code(413).headers(replyHeaders(false)).send(BODY_NOT_ALLOWED)
}
