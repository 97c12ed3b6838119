import { addressFamily, type Address, type AddressFamily } from '@chihaya/bittorrent'
import { UNTIMED, type Action, type RequestMeter } from '@chihaya/core'
import type { FastifyRequest } from 'fastify'

const COUNTED = Symbol('counted')

interface Marked {
  [COUNTED]?: true
}

/** A body, or the length of one that is not written yet. */
type Length = Pick<Buffer, 'length'>

/**
 * Counts the requests of one frontend. Each counts once, even if it is answered twice because an
 * `onSend` hook throws.
 */
export class RequestCounter {
  readonly #meter: RequestMeter
  readonly #timing: boolean

  /** `timing` tells whether to measure durations. */
  constructor(meter: RequestMeter, timing: boolean) {
    this.#meter = meter
    this.#timing = timing
  }

  /** The start time to pass to `count`. */
  begin(): number {
    return this.#timing ? performance.now() : UNTIMED
  }

  /** `address`: of the peer, if known. `error`: text of the refusal; empty for an answer. */
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

/** Counts a request outside of a frontend's routes, if the application has a meter. */
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

/** Bytes of the request target. Counting the header would mean assembling it again. */
function requestBytes(request: FastifyRequest): number {
  return (request.raw.url as string).length
}

/** The address family of the connection. */
function sourceFamily(request: FastifyRequest): AddressFamily {
  const source = request.raw.socket.remoteAddress ?? ''
  return source.includes(':') && !source.startsWith('::ffff:') ? 'ipv6' : 'ipv4'
}
