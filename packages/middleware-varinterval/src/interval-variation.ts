import type { IntervalVariationOptions } from './options.ts'

/** The seconds of an answer: what a client waits, and what it should wait at least. */
export interface Intervals {
  interval: number
  minInterval: number
}

/** The most that fits the 32 bits of a UDP answer for every client, signed or not. */
const MAX_SECONDS = 2 ** 31 - 1

/**
 * Moves announces apart that came together, as after a restart of the tracker. Drawn anew for each
 * announce: a peer that was late once is not late for ever.
 */
export class IntervalVariation {
  readonly #options: Required<IntervalVariationOptions>
  readonly #random: () => number

  /** `random` gives numbers from 0 up to 1, 1 excluded. */
  constructor(options: Required<IntervalVariationOptions>, random: () => number = Math.random) {
    this.#options = options
    this.#random = random
  }

  /**
   * Varies an answer, or leaves it as it is. The interval stays at or above the minimal one it came
   * with.
   */
  vary(answer: Intervals): void {
    const { modifyResponseProbability, modifyMinInterval } = this.#options
    if (this.#random() >= modifyResponseProbability) return
    const delta = this.#draw()
    const { interval, minInterval } = answer
    answer.interval = Math.min(Math.max(interval + delta, minInterval, 1), MAX_SECONDS)
    if (modifyMinInterval)
      answer.minInterval = Math.min(Math.max(minInterval + delta, 0), answer.interval)
  }

  #draw(): number {
    const { maxIncreaseDelta, symmetric } = this.#options
    if (!symmetric) return 1 + Math.floor(this.#random() * maxIncreaseDelta)
    return Math.floor(this.#random() * (2 * maxIncreaseDelta + 1)) - maxIncreaseDelta
  }
}
