import { STATUS_CODES } from 'node:http'
import {
  BencodeWriter,
  ClientError,
  INTERNAL_ERROR,
  isClientError,
  utf8,
} from '@chihaya/bittorrent'
import { UNTIMED, type Action } from '@chihaya/core'
import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify'
import type { RequestCounter } from './request-counter.ts'

/** Header fields of an answer, besides those of Node and Fastify. */
export type ReplyHeaders = Readonly<Record<string, string>>

const KEEP_ALIVE: ReplyHeaders = { 'content-type': 'text/plain', 'cache-control': 'no-store' }
export const CLOSE: ReplyHeaders = { ...KEEP_ALIVE, connection: 'close' }

/** The header of a bencoded answer: plain text that no cache may keep. */
export function replyHeaders(keepAlive: boolean): ReplyHeaders {
  return keepAlive ? KEEP_ALIVE : CLOSE
}

/** A refusal with the body that carries it. */
export interface Failure {
  readonly text: string
  readonly body: Buffer
}

export const INTERNAL: Failure = failure(INTERNAL_ERROR)
export const NOT_FOUND: Failure = failure(new ClientError('not found'))
const METHOD_NOT_ALLOWED: Failure = failure(new ClientError('method not allowed'))
const BODY_NOT_ALLOWED: Failure = failure(new ClientError('request body not allowed'))

/** What the client is told: the text of a `ClientError`. Any other error is logged and hidden. */
export function failureOf(error: unknown, log: FastifyBaseLogger): Failure {
  if (isClientError(error)) return failure(error)
  log.error({ err: error }, 'a tracker request failed')
  return INTERNAL
}

const ofStatus = new Map<number, Failure>()

/** The refusal for a status, in lower case, as Transmission interprets `Bad Request`. */
export function statusFailure(status: number): Failure {
  let known = ofStatus.get(status)
  if (known === undefined) {
    const text = (STATUS_CODES[status] ?? 'request refused').toLowerCase()
    ofStatus.set(status, (known = failure(new ClientError(text))))
  }
  return known
}

/** Refuses all methods except GET, before the body is read. No swarm changes. */
export function refuseMethod(
  request: FastifyRequest,
  reply: FastifyReply,
  counter: RequestCounter | undefined,
): void {
  const { text, body } = METHOD_NOT_ALLOWED
  counter?.count(request, 'other', undefined, text, body, UNTIMED)
  reply.code(405).headers(CLOSE).header('allow', 'GET').send(body)
}

/** Refuses a GET with a body, and closes the connection so as not to wait for the body. */
export function refuseBody(
  request: FastifyRequest,
  reply: FastifyReply,
  counter: RequestCounter | undefined,
  action: Action,
): void {
  const { text, body } = BODY_NOT_ALLOWED
  counter?.count(request, action, undefined, text, body, UNTIMED)
  reply.code(413).headers(CLOSE).send(body)
}

/** Writes a refusal (BEP 3), with the minutes until the client may try again (BEP 31). */
function failure({ message, retryIn }: ClientError): Failure {
  const writer = new BencodeWriter(64 + message.length)
  writer.raw('d14:failure reason')
  writer.string(utf8(message))
  const retry = retryValue(retryIn)
  if (retry !== undefined) {
    writer.raw('8:retry in')
    writer.value(retry)
  }
  writer.raw('e')
  return { text: message, body: writer.take() }
}

/** Whole minutes, rounded up. A value that a hook got wrong must not break the refusal. */
function retryValue(retryIn: ClientError['retryIn']): number | 'never' | undefined {
  if (retryIn === undefined || retryIn === 'never') return retryIn
  const minutes = Math.ceil(retryIn)
  return Number.isSafeInteger(minutes) && minutes >= 0 ? minutes : undefined
}
