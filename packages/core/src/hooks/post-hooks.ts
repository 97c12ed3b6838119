import type { TrackerContext } from './context.ts'
import type { Log } from '../log.ts'
import { Pending } from '../lifecycle/pending.ts'
import type { Hook } from './hooks.ts'
import { isPromise, type MaybePromise } from '../maybe-promise.ts'

/**
 * Runs hooks after replies are sent, and waits for them at the end. One `setImmediate` serves all
 * replies of a turn, which the frontend has passed to its sockets by then.
 */
export class PostHooks {
  readonly #log: Pick<Log, 'error' | 'warn'>
  readonly #running = new Pending()
  #waiting: Array<() => MaybePromise<void>> = []

  constructor(log: Pick<Log, 'error' | 'warn'>) {
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

  /** Waits for all hooks, including those added meanwhile, for at most `timeout` milliseconds. */
  async drain(timeout: number): Promise<void> {
    const deadline = performance.now() + timeout
    this.#run()
    while (this.#running.count > 0 && performance.now() < deadline) {
      // oxlint-disable-next-line no-await-in-loop
      await this.#running.idle(deadline)
      // A post hook may announce, which adds more hooks.
      this.#run()
    }
    const running = this.#running.count
    if (running > 0) this.#log.warn({ running }, 'post hooks still ran when the tracker closed')
  }

  #run(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const work of waiting) {
      const pending = work()
      if (!isPromise(pending)) continue
      this.#running.begin()
      void pending.then(() => this.#running.end())
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
