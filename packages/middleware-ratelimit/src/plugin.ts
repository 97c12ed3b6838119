import { ClientError, Networks, type Address } from '@chihaya/bittorrent'
import { parseOptions, TRK_ERR_OPTIONS, type Announce, type Scrape } from '@chihaya/core'
import type { FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { optionsSchema, type RateLimitOptions } from './options.ts'
import { TokenBuckets } from './token-buckets.ts'

const NAME = '@chihaya/middleware-ratelimit'

const plugin: FastifyPluginAsync<RateLimitOptions> = async (fastify, given) => {
  const options = parseOptions(NAME, optionsSchema, given)
  const { announcesPerMinute, announceBurst, scrapesPerMinute, scrapeBurst } = options
  const except = networksOf(options.except)
  const announces = limitOf('announce', announcesPerMinute, announceBurst)
  if (announces) {
    const refusal = new ClientError('too many announces', { retryIn: announces.retryIn })
    const limit = ({ address, event }: Announce): void => {
      // A peer that leaves must not be handed out, and a download is reported only once.
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
  /**
   * Minutes in which an empty bucket becomes full, so that a whole burst is there for who comes
   * back.
   */
  readonly retryIn: number
}

/** The limit, if its rate is set. @throws TRK_ERR_OPTIONS for a burst without a rate. */
function limitOf(
  action: 'announce' | 'scrape',
  perMinute: number | undefined,
  burst = perMinute,
): Limit | undefined {
  if (burst === undefined) return undefined
  if (perMinute === undefined)
    throw new TRK_ERR_OPTIONS(NAME, `options/${action}Burst needs ${action}sPerMinute beside it`)
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
