import type { JsonSchema } from './parse-options.ts'

/** How fast one source may announce torrents that the store does not know. */
export interface NewSwarmRate {
  /** New torrents per minute. */
  perMinute: number
  /** New torrents at once, before the rate applies. @default those of one minute */
  burst?: number
}

/** The schema of a `NewSwarmRate`. */
export function newSwarmRateSchema(description: string): JsonSchema {
  return {
    description,
    type: 'object',
    additionalProperties: false,
    required: ['perMinute'],
    properties: {
      perMinute: { description: 'New torrents per minute.', type: 'number', exclusiveMinimum: 0 },
      burst: {
        description:
          'New torrents at once, before the rate applies. By default those of one minute.',
        type: 'number',
        minimum: 1,
      },
    },
  }
}
