import type { OptionsSchema } from '@chihaya/core'

export interface IntervalVariationOptions {
  /** Share of announces whose answer is varied, above 0 and up to 1. */
  modifyResponseProbability: number
  /** Largest variation of an interval in seconds, 1 or more. */
  maxIncreaseDelta: number
  /** Vary the minimum interval by the same number of seconds. @default false */
  modifyMinInterval?: boolean
  /** Vary in both directions, so that the mean stays the same, not only upwards. @default false */
  symmetric?: boolean
}

export const optionsSchema: OptionsSchema<IntervalVariationOptions> = {
  type: 'object',
  additionalProperties: false,
  required: ['modifyResponseProbability', 'maxIncreaseDelta'],
  properties: {
    modifyResponseProbability: {
      description: 'Share of announces whose answer is varied, above 0 and up to 1.',
      type: 'number',
      exclusiveMinimum: 0,
      maximum: 1,
    },
    maxIncreaseDelta: {
      description: 'Largest variation of an interval in seconds.',
      type: 'integer',
      minimum: 1,
      maximum: 0x7fff_ffff,
    },
    modifyMinInterval: {
      description: 'Vary the minimum interval by the same number of seconds.',
      type: 'boolean',
      default: false,
    },
    symmetric: {
      description: 'Vary in both directions, so that the mean stays the same, not only upwards.',
      type: 'boolean',
      default: false,
    },
  },
}

/** The intervals of an answer, in seconds. */
export interface Intervals {
  interval: number
  minInterval: number
}

/** The largest value in a UDP answer that clients with signed integers read correctly. */
const MAX_SECONDS = 2 ** 31 - 1

/**
 * Spreads announces that arrived together, as after a restart of the tracker. Each announce draws a
 * new variation, so that no peer is always late.
 */
export class IntervalVariation {
  readonly #options: Required<IntervalVariationOptions>
  readonly #random: () => number

  /** `random` returns numbers from 0 to below 1. */
  constructor(options: Required<IntervalVariationOptions>, random: () => number = Math.random) {
    this.#options = options
    this.#random = random
  }

  /** Varies an answer, or leaves it as it is. The interval never falls below `minInterval`. */
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
