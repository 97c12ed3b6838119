import type { RequestMeter } from '@chihaya/core'
import { requestFigures, requestRate, type RequestFigures, type Sample } from './request-figures.ts'

/** Milliseconds between two samples. */
const STEP = 5000
/** Milliseconds that rates cover. */
const WINDOW = 60_000
/** Samples kept: five minutes of steps, and one at the start. */
const KEPT = 61

/** Samples a meter every five seconds for rates. The timer does not keep the process alive. */
export class RequestHistory {
  readonly #meter: RequestMeter
  readonly #now: () => number
  #samples: readonly Sample[]
  #timer: NodeJS.Timeout | undefined

  /** `now` gives milliseconds. */
  constructor(meter: RequestMeter, now: () => number = () => performance.now()) {
    this.#meter = meter
    this.#now = now
    this.#samples = [this.#sample()]
  }

  start(): void {
    this.#timer ??= setInterval(() => this.take(), STEP).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** Takes a sample; called by the timer. */
  take(): void {
    this.#samples = [...this.#samples, this.#sample()].slice(-KEPT)
  }

  figures(): RequestFigures {
    const now = this.#sample()
    const samples = this.#samples
    // Timers are some milliseconds late, so the window may be a little longer.
    const before = samples.findLast(({ at }) => now.at - at >= WINDOW) ?? samples[0] ?? now
    const history = samples
      .slice(1)
      .map((sample, index) => requestRate(samples[index] as Sample, sample))
    const figures = requestFigures(this.#meter.protocols, now, before)
    return { ...figures, history, highest: Math.max(...history, 0) }
  }

  #sample(): Sample {
    return { at: this.#now(), counts: this.#meter.counts() }
  }
}
