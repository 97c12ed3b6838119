import type { OptionsSchema } from '@chihaya/core'

export interface IntervalVariationOptions {
  /** Share of the announces whose answer is varied, above 0 and up to 1. */
  modifyResponseProbability: number
  /** Seconds by which an interval is varied at most, 1 or more. */
  maxIncreaseDelta: number
  /** Vary the minimal interval by the same number of seconds. @default false */
  modifyMinInterval?: boolean
  /**
   * Vary in both directions, so that the mean stays as it is, instead of upwards only. @default
   * false
   */
  symmetric?: boolean
}

export const optionsSchema: OptionsSchema<IntervalVariationOptions> = {
  type: 'object',
  additionalProperties: false,
  required: ['modifyResponseProbability', 'maxIncreaseDelta'],
  properties: {
    modifyResponseProbability: {
      description: 'Share of the announces whose answer is varied, above 0 and up to 1.',
      type: 'number',
      exclusiveMinimum: 0,
      maximum: 1,
    },
    maxIncreaseDelta: {
      description: 'Seconds by which an interval is varied at most.',
      type: 'integer',
      minimum: 1,
      maximum: 0x7fff_ffff,
    },
    modifyMinInterval: {
      description: 'Vary the minimal interval by the same number of seconds.',
      type: 'boolean',
      default: false,
    },
    symmetric: {
      description:
        'Vary in both directions, so that the mean stays as it is, instead of upwards only.',
      type: 'boolean',
      default: false,
    },
  },
}
