import type { ConnectionDrop, DroppedConnection } from '@chihaya/core'
import type { FastifyBaseLogger } from 'fastify'

const INTERVAL = 60_000

const MESSAGES: Readonly<Record<ConnectionDrop, string>> = {
  max_connections:
    'max_connections is reached: new connections replace those that have been idle longest',
  max_connections_per_ip:
    'a source has reached max_connections_per_ip: its new connections replace its idle ones',
  open_files:
    'file descriptors run out, so new connections replace idle ones: raise the limit of open files',
  proxy_header:
    'a proxy in proxy_protocol_from does not begin a connection with a header of the PROXY protocol',
  accept: 'a connection was not accepted',
}

interface Drops {
  new: number
  idle: number
  loggedAt: number
}

/** Logs dropped connections: each reason at once, then at most once a minute with a count. */
export class DropLog {
  readonly #log: FastifyBaseLogger
  readonly #drops = new Map<ConnectionDrop, Drops>()

  constructor(log: FastifyBaseLogger) {
    this.#log = log
  }

  add(reason: ConnectionDrop, dropped: DroppedConnection, details?: object): void {
    const drops = this.#drops.get(reason) ?? { new: 0, idle: 0, loggedAt: Number.NEGATIVE_INFINITY }
    this.#drops.set(reason, drops)
    drops[dropped]++
    const now = performance.now()
    if (now - drops.loggedAt < INTERVAL) return
    this.#log.warn({ ...details, ended: drops.idle, refused: drops.new }, MESSAGES[reason])
    this.#drops.set(reason, { new: 0, idle: 0, loggedAt: now })
  }
}
