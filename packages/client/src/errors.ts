/**
 * The tracker's refusal: `failure reason` (BEP 3) or an error packet (BEP 15). The message is the
 * tracker's text as a byte string, untrusted and unescaped.
 */
export class TrackerFailure extends Error {
  override readonly name = 'TrackerFailure'
  readonly #retryIn: number | 'never' | undefined

  constructor(reason: string, retryIn?: number | 'never') {
    super(reason)
    this.#retryIn = retryIn
  }

  /** Minutes to wait before the next attempt, or `never` (BEP 31, HTTP only). */
  get retryIn(): number | 'never' | undefined {
    return this.#retryIn
  }
}

/** No answer: a timeout, a refused connection, an unknown host. `cause` is the system's error. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError'
}

/** An answer arrived, but not one that a tracker sends. */
export class InvalidAnswerError extends Error {
  override readonly name = 'InvalidAnswerError'
}
