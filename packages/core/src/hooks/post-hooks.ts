import type { TrackerContext } from './context.ts'
import type { Hook } from './hooks.ts'
import { isPromise, type MaybePromise } from '../maybe-promise.ts'

/** The part of Fastify's logger that the tracker uses. */
export interface TrackerLog {
  error(details: object, message: string): void
  warn(details: object, message: string): void
}

/** The longest timeout: a longer one fires at once. */
const MAX_TIMEOUT = 2 ** 31 - 1

/**
 * Runs hooks after replies are sent, and waits for them at the end. One `setImmediate` serves all
 * replies of a turn, which the frontend has passed to its sockets by then.
 */
export class PostHooks {
  readonly #log: TrackerLog
  readonly #running = new Set<Promise<void>>()
  #waiting: Array<() => MaybePromise<void>> = []

  constructor(log: TrackerLog) {
    this.#log = log
  }

  /** Schedules hooks for after the reply. Each runs when the previous one has settled. */
  add<Request, Response>(
    hooks: ReadonlyArray<Hook<Request, Response>>,
    request: Request,
    response: Response,
    context: TrackerContext,
  ): void {
    if (hooks.length === 0) return
    if (this.#waiting.length === 0) setImmediate(() => this.#run())
    this.#waiting.push(() => this.#runFrom(0, hooks, request, response, context))
  }

  /**
   * Waits for all hooks, including those added meanwhile, for at most `timeout` milliseconds.
   */
  async drain(timeout: number): Promise<void> {
    this.#run()
    if (this.#running.size === 0) return
    let timer: NodeJS.Timeout | undefined
    const expiry = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, Math.min(timeout, MAX_TIMEOUT))
    })
    await Promise.race([this.#idle(), expiry])
    clearTimeout(timer)
    if (this.#running.size > 0)
      this.#log.warn(
        { running: this.#running.size },
        'post hooks still ran when the tracker closed',
      )
  }

  async #idle(): Promise<void> {
    // A post hook may announce, which adds more hooks.
    // oxlint-disable-next-line no-await-in-loop
    for (; this.#running.size > 0; this.#run()) await Promise.all(this.#running)
  }

  #run(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const work of waiting) {
      const pending = work()
      if (!isPromise(pending)) continue
      const running: Promise<void> = pending.then(() => void this.#running.delete(running))
      this.#running.add(running)
    }
  }

  /**
   * Never throws or rejects: unlike pre hooks, the next post hook runs even if one fails.
   */
  #runFrom<Request, Response>(
    first: number,
    hooks: ReadonlyArray<Hook<Request, Response>>,
    request: Request,
    response: Response,
    context: TrackerContext,
  ): MaybePromise<void> {
    for (let index = first; index < hooks.length; index++) {
      try {
        const pending = (hooks[index] as Hook<Request, Response>)(request, response, context)
        if (isPromise(pending)) {
          return this.#settle(pending).then(() =>
            this.#runFrom(index + 1, hooks, request, response, context),
          )
        }
      } catch (error) {
        this.#report(error)
      }
    }
  }

  async #settle(pending: Promise<void>): Promise<void> {
    try {
      await pending
    } catch (error) {
      this.#report(error)
    }
  }

  #report(error: unknown): void {
    this.#log.error({ err: error }, 'a post hook failed')
  }
}
