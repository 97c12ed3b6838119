import { STATUS_CODES } from 'node:http'
import { ClientError, INTERNAL_ERROR, isClientError } from '@chihaya/bittorrent'
import { UNTIMED, type Action } from '@chihaya/core'
import type { FastifyBaseLogger, FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import type { Frontend } from '../frontend.ts'
import { countStray } from './request-counter.ts'
import { replyHeaders, type ReplyHeaders } from '../reply-headers.ts'
import { writeFailure } from './refusals.ts'

const INTERNAL_TEXT = INTERNAL_ERROR.message
const NOT_FOUND_TEXT = new ClientError('not found').message
const INTERNAL: Buffer = writeFailure(INTERNAL_TEXT)
const NOT_FOUND: Buffer = writeFailure(NOT_FOUND_TEXT)
const CLOSE: ReplyHeaders = replyHeaders(false)

/**
 * What a client is told of an error: the text of a `ClientError`; of anything else nothing, but the
 * log its cause.
 */
export function failureOf(error: unknown, log: FastifyBaseLogger): Buffer {
  if (isClientError(error)) return writeFailure(error.message, error.retryIn)
  log.error({ err: error }, 'a tracker request failed')
  return INTERNAL
}

/** The same as a text. */
export function failureText(error: unknown): string {
  return isClientError(error) ? error.message : INTERNAL_TEXT
}

/**
 * The error handler of announce and scrape routes, for what the hooks of the application throw. A
 * refusal of theirs keeps its status; a fault is answered with 200, since clients read no other
 * body.
 */
export function routeErrorHandler(
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
  { headers, counter }: Frontend,
  action: Action,
): void {
  const status = statusOf(error, reply)
  const isRefusal = status < 500 && !isClientError(error)
  const body = isRefusal ? statusFailure(status) : failureOf(error, request.log)
  counter?.count(
    request,
    action,
    undefined,
    isRefusal ? statusText(status) : failureText(error),
    body,
    UNTIMED,
  )
  send(reply, isRefusal ? status : 200, body, headers)
}

/**
 * For `setErrorHandler` and `frameworkErrors` of a server that is a tracker and nothing else:
 * bencoded bodies with the status of the error, and nothing of its message, which may hold the URL.
 */
export function bencodedErrorHandler(
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const status = statusOf(error, reply)
  const body = status < 500 ? statusFailure(status) : INTERNAL
  countStray(request, status < 500 ? statusText(status) : INTERNAL_TEXT, body)
  if (status >= 500) request.log.error({ err: error }, 'a request failed')
  send(reply, status, body, CLOSE)
}

/** For `setNotFoundHandler` of a server that is a tracker and nothing else. */
export function bencodedNotFoundHandler(request: FastifyRequest, reply: FastifyReply): void {
  countStray(request, NOT_FOUND_TEXT, NOT_FOUND)
  send(reply, 404, NOT_FOUND, CLOSE)
}

/**
 * 400 to 599: the error's own, else what a hook had set before it threw, else 500, as Fastify has
 * it.
 */
function statusOf(error: Partial<FastifyError> | null | undefined, reply: FastifyReply): number {
  const status = error?.statusCode ?? reply.statusCode
  return status >= 400 && status < 600 ? status : 500
}

function statusFailure(statusCode: number): Buffer {
  return writeFailure(statusText(statusCode))
}

const statusTexts = new Map<number, string>()

// In lower case, as Transmission reads a meaning into `Bad Request`.
function statusText(statusCode: number): string {
  let text = statusTexts.get(statusCode)
  if (text === undefined) {
    text = new ClientError((STATUS_CODES[statusCode] ?? 'request refused').toLowerCase()).message
    statusTexts.set(statusCode, text)
  }
  return text
}

function send(reply: FastifyReply, statusCode: number, body: Buffer, headers: ReplyHeaders): void {
  reply.code(statusCode).headers(headers).send(body)
}
