import { parseDuration, type Duration } from '@chihaya/core'
import { Cluster, Redis } from 'ioredis'
import type { RedisStorageOptions, SentinelOptions } from '../options.ts'
import { watchMaster } from './master-watch.ts'
import type { RedisAddress } from './redis-address.ts'

export type Client = Redis | Cluster

/**
 * Milliseconds by which a silent connection outlives its commands, so that each command times out
 * first.
 */
const SILENCE = 250
const MAX_RETRY_DELAY = 2000
/**
 * Milliseconds between two new connections because of a replica that refuses writes: its address
 * may lead to a master by then.
 */
const READONLY_RECONNECT = 5000
/** Milliseconds. Chihaya takes 0 for unset. */
const DEFAULT_TIMEOUT = 15_000

/** Milliseconds. */
export interface Timeouts {
  /** Until a connection is established. */
  readonly connect: number
  /** Until a command is answered, and until a connection with pending commands is given up. */
  readonly command: number
}

export function timeoutsOf(options: Required<RedisStorageOptions>): Timeouts {
  const milliseconds = (duration: Duration): number => parseDuration(duration) || DEFAULT_TIMEOUT
  return {
    connect: milliseconds(options.redisConnectTimeout),
    command: Math.min(
      milliseconds(options.redisReadTimeout),
      milliseconds(options.redisWriteTimeout),
    ),
  }
}

/**
 * A client that is not connected yet. It rejects at once what it cannot send, never sends a command
 * twice, and reconnects.
 */
export function createClient(
  address: RedisAddress,
  sentinel: SentinelOptions | undefined,
  timeouts: Timeouts,
): Client {
  const client = newClient(address, sentinel, timeouts)
  // The connection listens too. Without any listener the client would print errors.
  client.on('error', () => {})
  return client
}

function newClient(
  address: RedisAddress,
  sentinel: SentinelOptions | undefined,
  timeouts: Timeouts,
): Client {
  const { nodes, db, username, password, tls } = address
  const common = {
    username,
    password,
    db,
    lazyConnect: true,
    connectTimeout: timeouts.connect,
    socketTimeout: timeouts.command + SILENCE,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    enableOfflineQueue: false,
    reconnectOnError: onceIn(READONLY_RECONNECT, (error) => error.message.includes('READONLY')),
    retryStrategy: retryDelay,
  }
  if (address.kind === 'cluster') {
    const { enableOfflineQueue: _queue, retryStrategy: _retry, ...redisOptions } = common
    return new Cluster([...nodes], {
      lazyConnect: true,
      clusterRetryStrategy: retryDelay,
      slotsRefreshTimeout: timeouts.command,
      // Certificates name hosts, so hosts must not be resolved to addresses.
      ...(tls && {
        dnsLookup: (host: string, done: (error: null, found: string) => void) => done(null, host),
      }),
      redisOptions: { ...redisOptions, ...(tls && { tls }) },
    })
  }
  if (address.kind === 'sentinel') {
    const client = new Redis({
      ...common,
      sentinels: [...nodes],
      ...(sentinel && {
        name: sentinel.name,
        sentinelUsername: sentinel.username,
        sentinelPassword: sentinel.password,
      }),
      sentinelCommandTimeout: timeouts.command,
      ...(tls && { tls, sentinelTLS: tls, enableTLSForSentinelMode: true }),
    })
    if (sentinel) {
      const { name, username: sentinelUsername, password: sentinelPassword } = sentinel
      const login = { username: sentinelUsername, password: sentinelPassword, ...(tls && { tls }) }
      const sentinels = nodes.map((node) => ({ ...node, ...login }))
      watchMaster({ client, sentinels, name, timeout: timeouts.command })
    }
    return client
  }
  return new Redis({ ...common, ...nodes[0], ...(tls && { tls }) })
}

/** Milliseconds until the `times`th attempt: doubled each time, with jitter. */
function retryDelay(times: number): number {
  return Math.min(50 * 2 ** (times - 1), MAX_RETRY_DELAY) * (0.75 + Math.random() / 2)
}

/** A predicate that is true for errors that fit, at most once in an interval. */
function onceIn(milliseconds: number, fits: (error: Error) => boolean): (error: Error) => boolean {
  let last = -Infinity
  return (error) => {
    if (!fits(error) || performance.now() - last < milliseconds) return false
    last = performance.now()
    return true
  }
}

/** The passwords of a client. */
export function secretsOf(client: Client): Array<string | null | undefined> {
  const options = client.isCluster
    ? (client as Cluster).options.redisOptions
    : (client as Redis).options
  return [
    options?.password,
    (options as { sentinelPassword?: string } | undefined)?.sentinelPassword,
  ]
}

/** The connections of a client to masters. */
export function connectionsOf(client: Client): Redis[] {
  return client.isCluster ? (client as Cluster).nodes('master') : [client as Redis]
}

/** The prefix that the client adds to every key. */
export function prefixOf(client: Client): string {
  return client.options.keyPrefix ?? ''
}
