import type { MaybePromise } from '../maybe-promise.ts'

/** Milliseconds. */
const TIMEOUT = 1000
const MAX_AGE = 1000

export interface ProbeInit {
  /** Milliseconds a reader waits at most. @default 1000 */
  readonly timeout?: number
  /** Milliseconds an outcome stays valid. @default 1000 */
  readonly maxAge?: number
  /** A monotonic clock in milliseconds. */
  readonly now?: () => number
}

/** A probe got no answer in time. */
export class ProbeTimeout extends Error {
  override readonly name = 'ProbeTimeout'
}

/**
 * A check that may be slow. It runs once at a time for all readers, and not again within `maxAge`.
 * No reader waits longer than `timeout`.
 */
export class Probe<T> {
  readonly #ask: () => MaybePromise<T>
  readonly #timeout: number
  readonly #maxAge: number
  readonly #now: () => number
  #pending: Promise<T> | undefined
  #outcome: Promise<T> | undefined
  #settledAt: number | undefined

  constructor(
    ask: () => MaybePromise<T>,
    { timeout = TIMEOUT, maxAge = MAX_AGE, now = () => performance.now() }: ProbeInit = {},
  ) {
    this.#ask = ask
    this.#timeout = timeout
    this.#maxAge = maxAge
    this.#now = now
  }

  /** Rejects with the error of the check, or with `ProbeTimeout`. */
  read(): Promise<T> {
    if (this.#outcome !== undefined && !this.#isStale()) return this.#outcome
    this.#settledAt = undefined
    this.#outcome = this.#answerInTime().finally(() => {
      this.#settledAt = this.#now()
    })
    return this.#outcome
  }

  #isStale(): boolean {
    return this.#settledAt !== undefined && this.#now() - this.#settledAt >= this.#maxAge
  }

  async #answerInTime(): Promise<T> {
    const pending = (this.#pending ??= Promise.resolve()
      .then(this.#ask)
      .finally(() => {
        this.#pending = undefined
      }))
    let timer: NodeJS.Timeout | undefined
    const expiry = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(
        () => reject(new ProbeTimeout(`no answer within ${this.#timeout} ms`)),
        this.#timeout,
      )
    })
    try {
      return await Promise.race([pending, expiry])
    } finally {
      clearTimeout(timer)
    }
  }
}
