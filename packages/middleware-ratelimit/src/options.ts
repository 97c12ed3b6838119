import type { JsonSchema, OptionsSchema } from '@chihaya/core'

/** Rates and bursts are those of one source: an IPv4 address, or a /64 of IPv6. */
export interface RateLimitOptions {
  /** Announces a minute in the long run. Left out, announces are not limited. */
  announcesPerMinute?: number | undefined
  /** Announces at once, after a time without any. Left out, as many as in a minute. */
  announceBurst?: number | undefined
  /** Scrapes a minute in the long run. Left out, scrapes are not limited. */
  scrapesPerMinute?: number | undefined
  /** Scrapes at once, after a time without any. Left out, as many as in a minute. */
  scrapeBurst?: number | undefined
  /** Addresses and CIDR ranges that are not limited. @default [] */
  except?: string[]
}

const count = (description: string): JsonSchema => ({
  description,
  type: 'integer',
  minimum: 1,
  maximum: 1_000_000,
})

export const optionsSchema: OptionsSchema<RateLimitOptions> = {
  type: 'object',
  additionalProperties: false,
  properties: {
    announcesPerMinute: count(
      'Announces a minute of one source in the long run. Left out, announces are not limited.',
    ),
    announceBurst: count(
      'Announces of one source at once, after a time without any. Left out, as many as in a minute.',
    ),
    scrapesPerMinute: count(
      'Scrapes a minute of one source in the long run. Left out, scrapes are not limited.',
    ),
    scrapeBurst: count(
      'Scrapes of one source at once, after a time without any. Left out, as many as in a minute.',
    ),
    except: {
      description: 'Addresses and CIDR ranges that are not limited.',
      type: 'array',
      items: {
        type: 'string',
        pattern: '^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$',
        examples: ['192.0.2.7', '10.0.0.0/8', '2001:db8::/32'],
      },
      default: [],
    },
  },
}
