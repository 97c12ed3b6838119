import { DurationHistogram, type Durations } from './duration-histogram.ts'
import type { Hook, HookName } from '../hooks/hooks.ts'
import { isPromise } from '../maybe-promise.ts'

/** The durations of one hook of one middleware. */
export interface HookTime {
  readonly hook: HookName
  readonly middleware: string
  readonly durations: Durations
}

/** Milliseconds. A hook that asks another service takes a thousand times as long as most. */
const BOUNDS: readonly number[] = [0.01, 0.1, 1, 10, 100, 1000]

interface Row {
  readonly hook: HookName
  readonly middleware: string
  readonly histogram: DurationHistogram
}

/**
 * Measures hooks from their call until they settle, including those that refuse. Trackers use the
 * `hookMeter` that the application decorates; without it they call hooks directly.
 */
export class HookMeter {
  readonly #rows = new Map<string, Row>()

  /** Wraps a hook to measure it. */
  measure<Request, Response>(
    hook: HookName,
    middleware: string,
    run: Hook<Request, Response>,
  ): Hook<Request, Response> {
    const histogram = this.#histogram(hook, middleware)
    return (request, response, context) => {
      const began = performance.now()
      const done = (): void => histogram.observe(performance.now() - began)
      let pending
      try {
        pending = run(request, response, context)
      } catch (error) {
        done()
        throw error
      }
      if (isPromise(pending)) return Promise.resolve(pending).finally(done)
      done()
    }
  }

  times(): HookTime[] {
    return [...this.#rows.values()].map(({ hook, middleware, histogram }) => ({
      hook,
      middleware,
      durations: histogram.read(),
    }))
  }

  #histogram(hook: HookName, middleware: string): DurationHistogram {
    const key = `${hook} ${middleware}`
    let row = this.#rows.get(key)
    if (!row)
      this.#rows.set(key, (row = { hook, middleware, histogram: new DurationHistogram(BOUNDS) }))
    return row.histogram
  }
}
