import { isIP } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { Redis } from 'ioredis'

/** Milliseconds between two queries. */
const INTERVAL = 500

/** How to connect to a Sentinel. */
interface SentinelAddress {
  readonly host: string
  readonly port: number
  readonly username: string | undefined
  readonly password: string | undefined
  readonly tls?: ConnectionOptions
}

export interface MasterWatchInit {
  /** A client that finds its master through these Sentinels. */
  readonly client: Redis
  readonly sentinels: readonly SentinelAddress[]
  /** The Sentinels' name for the master. */
  readonly name: string
  /** Milliseconds until a query is given up. */
  readonly timeout: number
}

/**
 * Reconnects a client as soon as its Sentinel names another master, until the client ends.
 *
 * It replaces the client's `failoverDetector`, which subscribes to Sentinel's messages. These are
 * sent when a fail-over is complete, and are lost to later subscribers. Until then, for seconds or
 * with many replicas minutes, a former master that is up acknowledges writes that will be discarded.
 * A message that arrives while the client connects ends the client.
 */
export function watchMaster({ client, sentinels, name, timeout }: MasterWatchInit): void {
  /** Addresses that this Sentinel named before the current one. */
  const former = new Set<string>()
  let sentinel: Redis | undefined
  let turn = 0
  let master: string | undefined
  let timer: NodeJS.Timeout | undefined
  let ended = false

  client.once('ready', look)
  client.once('end', () => {
    ended = true
    clearTimeout(timer)
    sentinel?.disconnect()
  })

  function look(): void {
    void ask().finally(() => {
      if (!ended) timer = setTimeout(look, INTERVAL).unref()
    })
  }

  async function ask(): Promise<void> {
    sentinel ??= connectTo(sentinels[turn++ % sentinels.length] as SentinelAddress, timeout)
    try {
      const answer = (await sentinel.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name)) as
        | [string, string]
        | null
      if (answer !== null) follow(...answer)
    } catch {
      // Another Sentinel may not know of changes that this one knew of, so its answers are compared
      // only with its own.
      sentinel.disconnect()
      sentinel = undefined
      master = undefined
      former.clear()
    }
  }

  function follow(host: string, port: string): void {
    const named = `${host}:${port}`
    const isFirst = master === undefined
    if (master !== undefined && named !== master) former.add(master)
    former.delete(named)
    master = named
    if (client.status !== 'ready') return
    const { remoteAddress = '', remotePort } = client.stream
    const address = `${remoteAddress.replace(/^::ffff:(?=\d+\.)/, '')}:${remotePort}`
    // The first answer may come after a fail-over, or from a Sentinel that missed one. It is worth
    // one new connection.
    const differs = isFirst && isIP(host) !== 0 && address !== named
    if (differs || former.has(address)) client.disconnect(true)
  }
}

function connectTo(address: SentinelAddress, timeout: number): Redis {
  const sentinel = new Redis({
    ...address,
    connectTimeout: timeout,
    commandTimeout: timeout,
    enableReadyCheck: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  })
  sentinel.on('error', () => {})
  return sentinel
}
