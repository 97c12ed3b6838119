import { Cluster, Redis } from 'ioredis'
import { watchMaster } from './master-watch.ts'
import type { Target } from './redis-address.ts'
import type { Timeouts } from './timeouts.ts'

export type Client = Redis | Cluster

/**
 * Milliseconds by which a connection outlives the commands that it has not answered, so that each
 * fails for its own reason.
 */
const SILENCE = 250
const MAX_RETRY_DELAY = 2000
/**
 * A replica that has no master any more may find one at the same address: worth a new connection,
 * but not all the time.
 */
const READONLY_RECONNECT = 5000

/**
 * A client that fails at once what it cannot send, never sends anything twice, and comes back by
 * itself. Not yet connected.
 */
export function createClient(
  target: Target,
  sentinel: SentinelLogin | undefined,
  timeouts: Timeouts,
): Client {
  const client = newClient(target, sentinel, timeouts)
  // Whoever wants to know of errors listens too; without a listener the client would print them.
  client.on('error', () => {})
  return client
}

function newClient(
  target: Target,
  sentinel: SentinelLogin | undefined,
  timeouts: Timeouts,
): Client {
  const { nodes, db, username, password, tls } = target
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
  if (target.kind === 'cluster') {
    const { enableOfflineQueue: _queue, retryStrategy: _retry, ...redisOptions } = common
    return new Cluster([...nodes], {
      lazyConnect: true,
      clusterRetryStrategy: retryDelay,
      slotsRefreshTimeout: timeouts.command,
      // Certificates name hosts, which a look-up would turn into addresses.
      ...(tls && {
        dnsLookup: (host: string, done: (error: null, address: string) => void) => done(null, host),
      }),
      redisOptions: { ...redisOptions, ...(tls && { tls }) },
    })
  }
  if (target.kind === 'sentinel') {
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

export interface SentinelLogin {
  readonly name: string
  readonly username?: string | undefined
  readonly password?: string | undefined
}

/**
 * Milliseconds until the `times`th attempt: twice as long each time, and not at the same moment for
 * all trackers.
 */
function retryDelay(times: number): number {
  return Math.min(50 * 2 ** (times - 1), MAX_RETRY_DELAY) * (0.75 + Math.random() / 2)
}

/** True for an error that fits, if the last time was long enough ago. */
function onceIn(milliseconds: number, fits: (error: Error) => boolean): (error: Error) => boolean {
  let last = -Infinity
  return (error) => {
    if (!fits(error) || performance.now() - last < milliseconds) return false
    last = performance.now()
    return true
  }
}

/** The passwords that a client knows. */
export function secretsOf(client: Client): Array<string | null | undefined> {
  const options = client.isCluster
    ? (client as Cluster).options.redisOptions
    : (client as Redis).options
  return [
    options?.password,
    (options as { sentinelPassword?: string } | undefined)?.sentinelPassword,
  ]
}

/** The connections of a client to servers that may be written to. */
export function connectionsOf(client: Client): Redis[] {
  return client.isCluster ? (client as Cluster).nodes('master') : [client as Redis]
}

/** What the client puts in front of the keys of all commands. */
export function prefixOf(client: Client): string {
  return client.options.keyPrefix ?? ''
}
