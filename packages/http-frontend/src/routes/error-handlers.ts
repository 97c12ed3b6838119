import { isClientError } from '@chihaya/bittorrent'
import { UNTIMED, type Action } from '@chihaya/core'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import type { Frontend } from '../frontend.ts'
import {
  CLOSE,
  failureOf,
  INTERNAL,
  NOT_FOUND,
  statusFailure,
  type ReplyHeaders,
} from './refusals.ts'
import { countStray } from './request-counter.ts'

/**
 * The error handler of announce and scrape routes, for errors of the application's hooks. Their
 * refusals keep their status. A fault has status 200, as clients ignore other bodies.
 */
export function routeErrorHandler(
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
  { headers, counter }: Frontend,
  action: Action,
): void {
  const status = statusOf(error, reply)
  const keepsStatus = status < 500 && !isClientError(error)
  const { text, body } = keepsStatus ? statusFailure(status) : failureOf(error, request.log)
  counter?.count(request, action, undefined, text, body, UNTIMED)
  send(reply, keepsStatus ? status : 200, body, headers)
}

/**
 * For `setErrorHandler` and `frameworkErrors` of a server that is only a tracker: a bencoded body
 * with the status of the error, and without its message, which may contain the URL.
 */
export function bencodedErrorHandler(
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const status = statusOf(error, reply)
  const { text, body } = status < 500 ? statusFailure(status) : INTERNAL
  countStray(request, text, body)
  if (status >= 500) request.log.error({ err: error }, 'a request failed')
  send(reply, status, body, CLOSE)
}

/** For `setNotFoundHandler` of a server that is only a tracker. */
export function bencodedNotFoundHandler(request: FastifyRequest, reply: FastifyReply): void {
  countStray(request, NOT_FOUND.text, NOT_FOUND.body)
  send(reply, 404, NOT_FOUND.body, CLOSE)
}

/** The status of the error, else that of the reply, else 500, as in Fastify. 400 to 599. */
function statusOf(error: Partial<FastifyError> | null | undefined, reply: FastifyReply): number {
  const status = error?.statusCode ?? reply.statusCode
  return status >= 400 && status < 600 ? status : 500
}

function send(reply: FastifyReply, statusCode: number, body: Buffer, headers: ReplyHeaders): void {
  reply.code(statusCode).headers(headers).send(body)
}
