import { LONGEST_TIMER, type Log, type MaybePromise, type ReadinessAnswer } from '@chihaya/core'
import type { Algorithm } from './algorithm.ts'
import { KeySetError } from './errors.ts'
import { NO_KEYS, type KeySet, type VerificationKey } from './key-set.ts'
import type { KeySource } from './key-source.ts'

const LOAD_TIMEOUT = 5000
/** Tokens with unknown keys that wait for an update at a time; further ones are refused. */
const MAX_WAITING = 1000

/** Keys that outlive an application, so that the next one starts with them. */
export interface KeptKeys {
  keys: KeySet
}

export interface KeyRingInit {
  readonly source: KeySource
  /** Milliseconds between two updates. */
  readonly interval: number
  /** Milliseconds between two updates because of unknown keys, and after a failed one. */
  readonly minInterval: number
  readonly log: Pick<Log, 'info' | 'warn'>
  /** Milliseconds that an update may take. */
  readonly timeout?: number
  /** Where the keys are kept, which may hold some already. @default nowhere else */
  readonly kept?: KeptKeys
}

/**
 * The current keys, updated regularly. A failed update changes nothing, and no update delays a
 * token with a known key.
 */
export class KeyRing {
  readonly #init: KeyRingInit
  readonly #kept: KeptKeys
  #updating: Promise<void> | undefined
  #abort: AbortController | undefined
  #timer: NodeJS.Timeout | undefined
  #waiting = 0
  /** Time of the last update because of an unknown key, by the monotonic clock. */
  #askedAt = Number.NEGATIVE_INFINITY
  #stopped = false
  #outdated = false

  constructor(init: KeyRingInit) {
    this.#init = init
    this.#kept = init.kept ?? { keys: NO_KEYS }
  }

  /** The current keys; a new object after each change. */
  get keys(): KeySet {
    return this.#kept.keys
  }

  /** Without keys no token can be verified. Old keys suffice until the issuer replaces them. */
  readiness(): ReadinessAnswer {
    if (this.keys.size === 0) return 'no keys yet'
    return this.#outdated ? { remark: 'the last update failed; the previous keys stay' } : true
  }

  /**
   * Loads the keys. @throws the cause of a failure, unless there are keys already or
   * `mayComeLater`.
   */
  async start(mayComeLater: boolean): Promise<void> {
    if (mayComeLater || this.keys.size > 0) return this.#update()
    await this.#load()
    this.#schedule(this.#init.interval)
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
    this.#abort?.abort(new KeySetError('was abandoned, as the tracker stops'))
  }

  /** The keys that may have signed a token. An unknown `kid` causes an update, within limits. */
  candidates(
    kid: string | undefined,
    algorithm: Algorithm,
  ): MaybePromise<readonly VerificationKey[]> {
    const found = this.keys.candidates(kid, algorithm)
    if (found.length > 0 || kid === undefined || this.keys.knows(kid) || !this.#mayAsk())
      return found
    return this.#candidatesLater(kid, algorithm)
  }

  #mayAsk(): boolean {
    if (!this.#init.source.updates || this.#stopped || this.#waiting >= MAX_WAITING) return false
    if (this.#updating) return true
    const now = performance.now()
    if (now - this.#askedAt < this.#init.minInterval) return false
    this.#askedAt = now
    return true
  }

  async #candidatesLater(kid: string, algorithm: Algorithm): Promise<readonly VerificationKey[]> {
    this.#waiting++
    await this.#update()
    this.#waiting--
    return this.keys.candidates(kid, algorithm)
  }

  /** Never rejects. Calls during an update share it. */
  #update(): Promise<void> {
    this.#updating ??= this.#loadOrKeep().finally(() => {
      this.#updating = undefined
    })
    return this.#updating
  }

  async #loadOrKeep(): Promise<void> {
    const { source, interval, minInterval, log } = this.#init
    try {
      await this.#load()
      this.#schedule(interval)
    } catch (error) {
      if (this.#stopped) return
      this.#outdated = true
      log.warn(
        { err: error, place: source.place, keys: this.keys.size },
        'the keys of tokens were not updated; the previous keys stay',
      )
      this.#schedule(Math.min(interval, minInterval))
    }
  }

  async #load(): Promise<void> {
    const { source, timeout = LOAD_TIMEOUT, log } = this.#init
    const abort = new AbortController()
    this.#abort = abort
    const timer = setTimeout(
      () => abort.abort(new KeySetError(`gave no answer within ${timeout} ms`)),
      timeout,
    )
    try {
      const keys = await Promise.race([source.load(abort.signal), rejection(abort.signal)])
      this.#outdated = false
      if (keys.fingerprint === this.keys.fingerprint) return
      this.#kept.keys = keys
      log.info({ place: source.place, keys: keys.size }, 'the keys of tokens were loaded')
    } finally {
      clearTimeout(timer)
      this.#abort = undefined
    }
  }

  #schedule(milliseconds: number): void {
    clearTimeout(this.#timer)
    if (this.#stopped || !this.#init.source.updates) return
    this.#timer = setTimeout(
      () => void this.#update(),
      Math.min(milliseconds, LONGEST_TIMER),
    ).unref()
  }
}

/** Rejects with the reason of a signal, since reading a file cannot be aborted. */
function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}
