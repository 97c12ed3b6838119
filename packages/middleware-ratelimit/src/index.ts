import { ClientError, Networks, type Address } from '@chihaya/bittorrent'
import {
  parseOptions,
  TRK_ERR_OPTIONS,
  type Announce,
  type JsonSchema,
  type OptionsSchema,
  type Scrape,
} from '@chihaya/core'
import type { FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { TokenBuckets } from './token-buckets.ts'

/** Rates and bursts apply to one source: an IPv4 address or an IPv6 /64. */
export interface RateLimitOptions {
  /** Announces per minute in the long run. Without it, announces are not limited. */
  announcesPerMinute?: number | undefined
  /** Announces at once after a pause. Without it, as many as in a minute. */
  announceBurst?: number | undefined
  /** Scrapes per minute in the long run. Without it, scrapes are not limited. */
  scrapesPerMinute?: number | undefined
  /** Scrapes at once after a pause. Without it, as many as in a minute. */
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
      'Announces of one source per minute in the long run. Without it, announces are not limited.',
    ),
    announceBurst: count(
      'Announces of one source at once after a pause. Without it, as many as in a minute.',
    ),
    scrapesPerMinute: count(
      'Scrapes of one source per minute in the long run. Without it, scrapes are not limited.',
    ),
    scrapeBurst: count(
      'Scrapes of one source at once after a pause. Without it, as many as in a minute.',
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

const NAME = '@chihaya/middleware-ratelimit'

const plugin: FastifyPluginAsync<RateLimitOptions> = async (fastify, given) => {
  const options = parseOptions(NAME, optionsSchema, given)
  const { announcesPerMinute, announceBurst, scrapesPerMinute, scrapeBurst } = options
  const except = networksOf(options.except)
  const announces = limitOf('announce', announcesPerMinute, announceBurst)
  if (announces) {
    const refusal = new ClientError('too many announces', { retryIn: announces.retryIn })
    const limit = ({ address, event }: Announce): void => {
      // The swarm must learn that a peer leaves, and a download is reported only once.
      if (event === 'stopped' || event === 'completed') return
      if (!isExcepted(except, address) && !announces.buckets.take(address, Date.now()))
        throw refusal
    }
    fastify.tracker.addHook('preAnnounce', limit, NAME)
  }
  const scrapes = limitOf('scrape', scrapesPerMinute, scrapeBurst)
  if (scrapes) {
    const refusal = new ClientError('too many scrapes', { retryIn: scrapes.retryIn })
    const limit = ({ address }: Scrape): void => {
      if (!isExcepted(except, address) && !scrapes.buckets.take(address, Date.now())) throw refusal
    }
    fastify.tracker.addHook('preScrape', limit, NAME)
  }
}

interface Limit {
  readonly buckets: TokenBuckets
  /** Minutes until an empty bucket is full again, so that a whole burst is available. */
  readonly retryIn: number
}

/** The limit, if a rate is set. @throws TRK_ERR_OPTIONS for a burst without a rate. */
function limitOf(
  action: 'announce' | 'scrape',
  perMinute: number | undefined,
  burst = perMinute,
): Limit | undefined {
  if (burst === undefined) return undefined
  if (perMinute === undefined)
    throw new TRK_ERR_OPTIONS(NAME, `options/${action}Burst needs ${action}sPerMinute`)
  return { buckets: new TokenBuckets({ perMinute, burst }), retryIn: Math.ceil(burst / perMinute) }
}

function networksOf(except: readonly string[]): Networks | undefined {
  if (except.length === 0) return undefined
  try {
    return new Networks(except)
  } catch (error) {
    throw new TRK_ERR_OPTIONS(NAME, `options/except: ${(error as Error).message}`)
  }
}

function isExcepted(except: Networks | undefined, address: Address): boolean {
  return except !== undefined && except.has(address)
}

export const rateLimit: FastifyPluginAsync<RateLimitOptions> = fp(plugin, {
  name: NAME,
  fastify: '5.x',
  dependencies: ['@chihaya/core'],
})

export default rateLimit
