import { STATUS_CODES } from 'node:http'
import { isClientError } from '@chihaya/bittorrent'
import type { FastifyBaseLogger, FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { replyHeaders, type ReplyHeaders } from './reply-headers.ts'
import { writeFailure } from './write-failure.ts'

const INTERNAL: Buffer = writeFailure('internal server error')
const NOT_FOUND: Buffer = writeFailure('not found')
const CLOSE: ReplyHeaders = replyHeaders(false)

/** What a client is told of an error: the text of a `ClientError`; of anything else nothing, but the log its cause. */
export function failureOf(error: unknown, log: FastifyBaseLogger): Buffer {
  if (isClientError(error)) return writeFailure(error.message, error.retryIn)
  log.error({ err: error }, 'a tracker request failed')
  return INTERNAL
}

/**
 * The error handler of announce and scrape routes, for what the hooks of the application throw. A refusal of theirs keeps
 * its status; a fault is answered with 200, since clients read no other body.
 */
export function routeErrorHandler(
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
  headers: ReplyHeaders,
): void {
  const status = statusOf(error, reply)
  if (status < 500 && !isClientError(error)) send(reply, status, statusFailure(status), headers)
  else send(reply, 200, failureOf(error, request.log), headers)
}

/**
 * For `setErrorHandler` and `frameworkErrors` of a server that is a tracker and nothing else: bencoded bodies with the
 * status of the error, and nothing of its message, which may hold the URL.
 */
export function bencodedErrorHandler(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  const status = statusOf(error, reply)
  if (status < 500) return send(reply, status, statusFailure(status), CLOSE)
  request.log.error({ err: error }, 'a request failed')
  send(reply, status, INTERNAL, CLOSE)
}

/** For `setNotFoundHandler` of a server that is a tracker and nothing else. */
export function bencodedNotFoundHandler(_request: FastifyRequest, reply: FastifyReply): void {
  send(reply, 404, NOT_FOUND, CLOSE)
}

/** 400 to 599: the error's own, else what a hook had set before it threw, else 500, as Fastify has it. */
function statusOf(error: Partial<FastifyError> | null | undefined, reply: FastifyReply): number {
  const status = error?.statusCode ?? reply.statusCode
  return status >= 400 && status < 600 ? status : 500
}

// In lower case, as Transmission reads a meaning into `Bad Request`.
function statusFailure(statusCode: number): Buffer {
  return writeFailure((STATUS_CODES[statusCode] ?? 'request refused').toLowerCase())
}

function send(reply: FastifyReply, statusCode: number, body: Buffer, headers: ReplyHeaders): void {
  reply.code(statusCode).headers(headers).send(body)
}
