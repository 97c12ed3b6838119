import { parseOptions, type PeerStore } from '@chihaya/core'
import {
  createStore,
  optionsSchema,
  RedisPeerStore,
  type RedisStorageOptions,
} from '@chihaya/storage-redis'
import { timeoutsOf, type Client } from '../src/connection/client.ts'

/** Records the log of a store. */
export class Log {
  readonly lines: string[] = []
  readonly #add = (level: string) => (details: object, message: string) => {
    this.lines.push(`${level} ${message} ${JSON.stringify(details)}`)
  }
  readonly error: (details: object, message: string) => void = this.#add('error')
  readonly warn: (details: object, message: string) => void = this.#add('warn')
  readonly info: (details: object, message: string) => void = this.#add('info')
}

/** A connected store without timers. */
export async function storeWith(
  options: RedisStorageOptions,
  log: Log = new Log(),
): Promise<RedisPeerStore> {
  const parsed = parseOptions('test', optionsSchema, options)
  const store = await createStore(parsed, log)
  await store.connect(Math.min(timeoutsOf(parsed).connect, 5000), options.client === undefined)
  return store
}

/** A clock in seconds since 1970 that only a test moves. */
export interface Clock {
  now: number
}

/** A store on a test's clock. Closing it leaves the client open. */
export function storeOnClock(
  client: Client,
  clock: Clock,
  options: RedisStorageOptions = {},
): RedisPeerStore {
  const parsed = parseOptions('test', optionsSchema, {
    gcInterval: 0,
    prometheusReportingInterval: 0,
    ...options,
  })
  const now = (): number => clock.now
  return new RedisPeerStore({
    client,
    closeClient: false,
    address: 'the test',
    options: parsed,
    log: new Log(),
    now,
  })
}

/** The same store, with totals that are counted whenever they are read. */
export function counted(store: RedisPeerStore): PeerStore {
  return {
    keepsOwners: store.keepsOwners,
    keepsWebRtcPeers: store.keepsWebRtcPeers,
    announce: (announce, answer) => store.announce(announce, answer),
    scrape: (scrape, answer) => store.scrape(scrape, answer),
    evict: (rules) => store.evict(rules),
    swarms: () => store.swarms(),
    stats: async () => {
      // The lock of the last count may last for another millisecond.
      while (!(await store.sweep()));
      return store.stats()
    },
  }
}
