import { isPromise, type MaybePromise } from './maybe-promise.ts'

/** What the tracker needs of a logger; Fastify's fits. */
export interface TrackerLog {
  error(details: object, message: string): void
  warn(details: object, message: string): void
}

/**
 * Runs work after replies have gone out, and knows what is still running. One `setImmediate` serves all replies of a turn:
 * by then the frontend has handed them to their sockets.
 */
export class PostHooks {
  readonly #log: TrackerLog
  readonly #running = new Set<Promise<void>>()
  #waiting: Array<() => MaybePromise<void>> = []

  constructor(log: TrackerLog) {
    this.#log = log
  }

  add(work: () => MaybePromise<void>): void {
    if (this.#waiting.push(work) === 1) setImmediate(() => this.#run())
  }

  /** Waits for all work, for at most `timeout` milliseconds. */
  async drain(timeout: number): Promise<void> {
    this.#run()
    if (this.#running.size === 0) return
    let timer: NodeJS.Timeout | undefined
    const timedOut = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeout)
    })
    await Promise.race([Promise.all(this.#running), timedOut])
    clearTimeout(timer)
    if (this.#running.size > 0) this.#log.warn({ running: this.#running.size }, 'post hooks still ran when the tracker closed')
  }

  #run(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const work of waiting) this.#start(work)
  }

  #start(work: () => MaybePromise<void>): void {
    try {
      const pending = work()
      if (!isPromise(pending)) return
      const running: Promise<void> = pending
        .catch((error: unknown) => this.#report(error))
        .then(() => void this.#running.delete(running))
      this.#running.add(running)
    } catch (error) {
      this.#report(error)
    }
  }

  #report(error: unknown): void {
    this.#log.error({ err: error }, 'a post hook failed')
  }
}
