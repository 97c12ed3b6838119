import { refusalTexts } from './refusal-texts.ts'

const brand: symbol = Symbol.for('chihaya.ClientError')

export interface ClientErrorOptions {
  /** BEP 31: minutes until the client may try again, or `never`. */
  readonly retryIn?: number | 'never'
}

/**
 * A refusal whose text the client sees: short printable ASCII, without anything the client sent.
 * Build it once, when the module loads, and throw it as often as needed. Requests are counted by
 * these texts. It has no stack, as it reports no fault of the tracker.
 */
export class ClientError extends Error {
  /** BEP 31: minutes until the client may try again, or `never`. If undefined, it decides. */
  readonly retryIn: number | 'never' | undefined

  constructor(message: string, options: ClientErrorOptions = {}) {
    const limit = Error.stackTraceLimit
    Error.stackTraceLimit = 0
    super(message)
    Error.stackTraceLimit = limit
    this.name = 'ClientError'
    this.retryIn = options.retryIn
    refusalTexts.add(message)
  }
}

Object.defineProperty(ClientError.prototype, brand, { value: true })

/**
 * Whether an error is a `ClientError`, also one of another installed copy of this package, which
 * `instanceof` would not recognize.
 */
export function isClientError(error: unknown): error is ClientError {
  return (
    typeof error === 'object' &&
    error !== null &&
    (error as Record<symbol, unknown>)[brand] === true
  )
}

/** Sent when the address of an announce is not accepted. */
export const INVALID_IP: ClientError = new ClientError('invalid IP')
/** Sent when nobody can connect to the port of an announce. */
export const INVALID_PORT: ClientError = new ClientError('invalid port')
/** Sent in place of any error that is not a `ClientError`. */
export const INTERNAL_ERROR: ClientError = new ClientError('internal server error')
