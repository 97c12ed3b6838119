import { KeyedHash } from '@chihaya/bittorrent'
import { nativeSchema, SqlBackend, SqliteDriver } from '@chihaya/backend-sql'
import {
  parseDuration,
  parseOptions,
  readinessOf,
  type Duration,
  type Tracker,
} from '@chihaya/core'
import { Courier, DeltaQueue, Spool, type Backend } from '@chihaya/deltas'
import type { FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { clearInterval, setInterval } from 'node:timers'
import { setTimeout } from 'node:timers/promises'
import type { AccountingRules } from './accounting/rules.ts'
import { loadState } from './loading.ts'
import { optionsSchema, type PrivateTrackerOptions } from './options.ts'
import { PrivateTracker } from './private-tracker.ts'
import { WallClock } from './wall-clock.ts'

declare module 'fastify' {
  interface FastifyInstance {
    privateTracker: PrivateTracker
  }
}

const NAME = '@chihaya/private'
const EXPIRY_INTERVAL = 5000
/** Milliseconds between attempts to load the state. */
const LOAD_INTERVAL = 1000
const GUESS_WINDOW = 600

const plugin: FastifyPluginAsync<PrivateTrackerOptions> = async (fastify, options) => {
  const parsed = parseOptions(NAME, optionsSchema, options)
  const { drainTimeout, passkeyParameters, badPasskeyLimit } = parsed
  const { folder, backend = defaultBackend(folder), sinks = [] } = options
  const { log } = fastify
  const tracker = fastify.getDecorator<Tracker>('tracker')
  const spool = folder === undefined ? undefined : await Spool.open({ folder, log })
  let queue: DeltaQueue | undefined
  const rules = rulesOf(parsed)
  const clock = new WallClock()
  const service = new PrivateTracker({
    tracker,
    rules,
    gate: {
      parameters: passkeyParameters,
      guesses: badPasskeyLimit,
      guessWindow: GUESS_WINDOW,
    },
    ipHistory: parsed.ipHistory,
    hash: new KeyedHash(randomInt(2 ** 32), randomInt(2 ** 32)),
    clock: () => clock.now(),
    // Before the state is there, there is no session to record anything of.
    record: (delta) => queue?.push(delta),
    writer: backend?.registry,
    log,
  })
  fastify.decorate('privateTracker', service)
  readinessOf(fastify).add('private', () => service.ready || 'the state is being loaded')

  let couriers: readonly Courier[] = []
  const closing = new AbortController()
  let timer: NodeJS.Timeout | undefined
  let starting: Promise<void> | undefined
  // Registered after other middleware, these run last: what others refuse is not accounted for.
  tracker.addHook('preAnnounce', service.preAnnounce.bind(service), NAME)
  tracker.addHook('onAnnounce', service.onAnnounce.bind(service), NAME)
  if (parsed.scrape === 'members') {
    tracker.addHook('preScrape', service.preScrape.bind(service), NAME)
  }
  fastify.addHook('onReady', async () => {
    starting = begin().catch((error: unknown) => {
      log.error({ err: error }, 'the private tracker could not start')
    })
  })
  async function begin(): Promise<void> {
    if (backend && !(await loaded(backend))) return
    // Only now: loading may begin a new spool, with other numbers.
    const made = new DeltaQueue({
      spool,
      flushInterval: parseDuration(parsed.flushInterval),
      flushRecords: 2000,
      capacity: 65_536,
      spoolLimit: parsed.spoolLimit,
      probeInterval: 5000,
      log,
    })
    queue = made
    const sinksOfAll = [...(backend ? [backend] : []), ...sinks]
    couriers = sinksOfAll.map((sink) => {
      const source = spool?.source ?? new Uint8Array(16)
      return new Courier({ sink, queue: made, source, folder, log, onDelivered: acknowledge })
    })
    // Without a receiver there is nothing to keep.
    if (couriers.length === 0) queue = undefined
    service.start()
    timer = setInterval(() => service.expire(), EXPIRY_INTERVAL).unref()
    for (const courier of couriers) courier.start()
  }
  /** Loads the state, however long the database is away. Returns false if the tracker closes first. */
  async function loaded(from: Backend): Promise<boolean> {
    while (!closing.signal.aborted) {
      try {
        // oxlint-disable-next-line no-await-in-loop
        await loadState(service, from, spool, clock.now() - rules.sessionLifetime, log)
        return true
      } catch (error) {
        log.error({ err: error }, 'the private tracker cannot load its state, and tries again')
        // oxlint-disable-next-line no-await-in-loop
        await setTimeout(LOAD_INTERVAL, undefined, { signal: closing.signal }).catch(
          () => undefined,
        )
      }
    }
    return false
  }
  /** Lets go of what every sink has that records are kept for. */
  function acknowledge(): void {
    const durable = couriers.filter(({ sink }) => sink.durable)
    const holding = durable.length > 0 ? durable : couriers
    queue?.acknowledge(Math.min(...holding.map(({ delivered }) => delivered)))
  }
  fastify.addHook('onClose', async () => {
    clearInterval(timer)
    closing.abort()
    service.stop()
    await starting
    await queue?.close()
    const deadline = performance.now() + parseDuration(drainTimeout)
    await Promise.all(couriers.map((courier) => courier.close(deadline)))
    if (couriers.length === 0) await backend?.close()
    await spool?.close()
  })
}

function defaultBackend(folder: string | undefined): Backend | undefined {
  if (folder === undefined) return undefined
  const driver = new SqliteDriver(join(folder, 'chihaya.db'))
  return new SqlBackend({ driver, schema: nativeSchema })
}

/** Rules have their times in seconds. */
function rulesOf(options: Required<PrivateTrackerOptions>): AccountingRules {
  const seconds = (duration: Duration): number => Math.ceil(parseDuration(duration) / 1000)
  return {
    ...options,
    gapLimit: seconds(options.gapLimit),
    reorderWindow: seconds(options.reorderWindow),
    peerLifetime: seconds(options.peerLifetime),
    sessionLifetime: seconds(options.sessionLifetime),
  }
}

export const privateTracker: FastifyPluginAsync<PrivateTrackerOptions> = fp(plugin, {
  name: NAME,
  fastify: '5.x',
  dependencies: ['@chihaya/core'],
})
