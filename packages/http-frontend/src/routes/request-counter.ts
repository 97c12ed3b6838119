import { addressFamily, type Address, type AddressFamily } from '@chihaya/bittorrent'
import { UNTIMED, type Action, type RequestMeter } from '@chihaya/core'
import type { FastifyRequest } from 'fastify'

const COUNTED = Symbol('counted')

interface Marked {
  [COUNTED]?: true
}

/** A body, or what is known of one that is not written yet. */
type Length = Pick<Buffer, 'length'>

/**
 * Counts the requests of one registration, each once: one whose `onSend` hook throws is answered
 * twice.
 */
export class RequestCounter {
  readonly #meter: RequestMeter
  readonly #timing: boolean

  /** `timing`: whether to read the clock. */
  constructor(meter: RequestMeter, timing: boolean) {
    this.#meter = meter
    this.#timing = timing
  }

  /** To be handed to `count` when the request is done with. */
  begin(): number {
    return this.#timing ? performance.now() : UNTIMED
  }

  /**
   * `address` is the peer's, where that is known; `error` is the text of a refusal, and empty for
   * an answer.
   */
  count(
    request: FastifyRequest,
    action: Action,
    address: Address | undefined,
    error: string,
    body: Length,
    begun: number,
  ): void {
    const marked: FastifyRequest & Marked = request
    if (marked[COUNTED]) return
    marked[COUNTED] = true
    const milliseconds = begun === UNTIMED ? UNTIMED : performance.now() - begun
    const family = address === undefined ? sourceFamily(request) : addressFamily(address)
    this.#meter.count(
      'http',
      action,
      family,
      error,
      requestBytes(request),
      body.length,
      milliseconds,
    )
  }
}

/** Counts a request that came to no route of a frontend, where the application counts at all. */
export function countStray(request: FastifyRequest, error: string, body: Buffer): void {
  const meter = request.server.requestMeter
  meter?.count(
    'http',
    'other',
    sourceFamily(request),
    error,
    requestBytes(request),
    body.length,
    UNTIMED,
  )
}

/**
 * The request target's: what else came, above all the header, would have to be put together again
 * to be counted.
 */
function requestBytes(request: FastifyRequest): number {
  return (request.raw.url as string).length
}

/** The family of the connection. */
function sourceFamily(request: FastifyRequest): AddressFamily {
  const source = request.raw.socket.remoteAddress ?? ''
  return source.includes(':') && !source.startsWith('::ffff:') ? 'ipv6' : 'ipv4'
}
