import { lasting, readinessOf, type Tracker } from '@chihaya/core'
import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { TRK_ERR_JWT_KEYS } from './errors.ts'
import { announceHook, scrapeHooks, tokenFinder } from './hooks.ts'
import { jwtLibrary } from './jwt-library.ts'
import { KeyRing, type KeptKeys } from './key-ring.ts'
import { NO_KEYS } from './key-set.ts'
import { keySource } from './key-source.ts'
import { NAME, readSettings, type JwtApprovalOptions, type Settings } from './options.ts'
import { TokenVerifier } from './token-verifier.ts'

const plugin: FastifyPluginAsync<JwtApprovalOptions> = async (fastify, given) => {
  const settings = readSettings(given, fastify.log)
  const { options, maxClockSkew } = settings
  const { issuer, audience, algorithms, cacheSize } = options
  const keys = await startKeys(settings, fastify)
  readinessOf(fastify).add('jwt keys', () => keys.readiness())
  fastify.addHook('onClose', async () => {
    keys.stop()
  })
  const jwt = await jwtLibrary(fastify, { issuer, audience, maxClockSkew })
  const verifier = new TokenVerifier({
    jwt,
    keys,
    algorithms,
    maxClockSkew,
    cacheSize,
    log: fastify.log,
  })
  const findToken = tokenFinder(options)
  const tracker = fastify.getDecorator<Tracker>('tracker')
  tracker.addHook('preAnnounce', announceHook(findToken, verifier), NAME)
  if (options.protectScrape) {
    const { preScrape, onScrape } = scrapeHooks(findToken, verifier)
    tracker.addHook('preScrape', preScrape, NAME)
    tracker.addHook('onScrape', onScrape, NAME)
  }
}

async function startKeys(settings: Settings, fastify: FastifyInstance): Promise<KeyRing> {
  const { options, updateInterval: interval, minUpdateInterval: minInterval } = settings
  const source = keySource(options)
  // A reload while the issuer is unavailable continues with the previous keys.
  const { id } = source
  const create = (): KeptKeys => ({ keys: NO_KEYS })
  const kept = id === undefined ? create() : lasting(fastify, NAME, { options: id, create })
  const keys = new KeyRing({ source, interval, minInterval, kept, log: fastify.log })
  try {
    await keys.start(options.startWithoutKeys && source.updates)
  } catch (error) {
    throw new TRK_ERR_JWT_KEYS(source.place, describe(error), { cause: error })
  }
  return keys
}

/** The message, with the cause that `fetch` hides. */
function describe(error: unknown): string {
  const { message, cause } = error as Error
  return cause instanceof Error ? `${message}: ${cause.message}` : message
}

export const jwtApproval: FastifyPluginAsync<JwtApprovalOptions> = fp(plugin, {
  name: NAME,
  fastify: '5.x',
  dependencies: ['@chihaya/core'],
})
