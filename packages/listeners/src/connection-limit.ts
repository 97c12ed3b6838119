import { hostKey, Networks } from '@chihaya/bittorrent'
import type { ConnectionDrop, DroppedConnection } from '@chihaya/core'
import type { Connection } from './connection.ts'
import { OldestFirst } from './oldest-first.ts'
import type { ConnectionLimits } from './options.ts'
import { readFileSync } from 'node:fs'

/** Called for each connection that is ended or not accepted. */
export type DropListener = (
  reason: ConnectionDrop,
  dropped: DroppedConnection,
  details?: object,
) => void

// Far more than the requests under way at any time. It is reached before memory runs out.
const MAX_CONNECTIONS = 10_000
// Ten sources together reach the limit of all. The customers of a provider behind one address
// hardly reach a tenth.
const SHARE = 10
const LEAST_SHARE = 100
// Milliseconds after which other parts of the process may have freed file descriptors.
const ROOM_LIFETIME = 5000

// A share of the file descriptors for everything else: files, databases, other sockets.
const SPARED_SHARE = 16
const MOST_SPARED = 64

/** The connections of one host. */
interface Source {
  count: number
  readonly idle: OldestFirst<Counted>
}

interface Counted {
  readonly connection: Connection
  readonly ip: string
  readonly source: Source
}

/**
 * Limits the number of connections. At a limit, the connection that has been idle for the longest
 * time ends for the new one, so clients that only hold connections open exclude no others.
 */
export class ConnectionLimit {
  readonly #onDrop: DropListener
  #max = MAX_CONNECTIONS
  #maxPerIp = defaultShare(MAX_CONNECTIONS)
  #unlimited: Networks = new Networks([])
  #firstSpared = firstSparedDescriptor()
  /**
   * All connections, and how many of them the file descriptors allow, which is valid until then.
   */
  #open = 0
  #room = Number.POSITIVE_INFINITY
  #roomUntil = 0
  readonly #idle = new OldestFirst<Counted>()
  readonly #counted = new Map<Connection, Counted>()
  readonly #sources = new Map<string, Source>()

  constructor(onDrop: DropListener = () => undefined) {
    this.#onDrop = onDrop
  }

  /** Applies to new connections; open ones stay. */
  configure({
    maxConnections = MAX_CONNECTIONS,
    maxConnectionsPerIp,
    unlimited = [],
    sparesDescriptors = true,
  }: ConnectionLimits): void {
    this.#max = maxConnections
    this.#maxPerIp = maxConnectionsPerIp ?? defaultShare(maxConnections)
    this.#unlimited = new Networks(unlimited)
    this.#firstSpared = sparesDescriptors ? firstSparedDescriptor() : Number.POSITIVE_INFINITY
  }

  /**
   * Keeps some file descriptors of the process free, regardless of the connection's source.
   *
   * The system assigns the lowest free number, so a high number reveals how many connections are
   * too many. Later connections get lower numbers, those of ended connections, which reveal
   * nothing, so they are counted for a while.
   *
   * @returns whether the connection stays open.
   */
  spareDescriptors(connection: Connection): boolean {
    this.#open++
    connection.socket.once('close', () => this.#open--)
    const excess = connection.descriptor - this.#firstSpared + 1
    if (excess > 0) {
      this.#room = this.#open - excess
      this.#roomUntil = performance.now() + ROOM_LIFETIME
    } else if (this.#room < Number.POSITIVE_INFINITY && performance.now() >= this.#roomUntil) {
      this.#room = Number.POSITIVE_INFINITY
    }
    for (let ended = this.#open - this.#room; ended > 0; ended--) {
      if (!this.#makeRoom(this.#idle, connection, 'open_files')) return false
    }
    return true
  }

  /**
   * Counts a connection by its source until it closes. At a limit, an idle connection has to end
   * for it.
   *
   * @returns whether the connection stays open.
   */
  admit(connection: Connection): boolean {
    const { source: address, socket } = connection
    if (!address || this.#unlimited.has(address)) return true
    const ip = hostKey(address)
    const source = this.#sources.get(ip) ?? { count: 0, idle: new OldestFirst<Counted>() }
    if (
      isReached(this.#maxPerIp, source.count) &&
      !this.#makeRoom(source.idle, connection, 'max_connections_per_ip')
    )
      return false
    if (
      isReached(this.#max, this.#counted.size) &&
      !this.#makeRoom(this.#idle, connection, 'max_connections')
    )
      return false
    this.#sources.set(ip, source)
    source.count++
    const counted = { connection, ip, source }
    this.#counted.set(connection, counted)
    this.#setIdle(counted)
    connection.watch = { busy: () => this.#setBusy(counted), idle: () => this.#setIdle(counted) }
    socket.once('close', () => this.#release(counted))
    return true
  }

  #makeRoom(idle: OldestFirst<Counted>, newcomer: Connection, reason: ConnectionDrop): boolean {
    const oldest = idle.take()
    if (oldest) this.#release(oldest)
    this.#onDrop(reason, oldest ? 'idle' : 'new')
    // The file descriptor is free when this returns.
    ;(oldest?.connection ?? newcomer).socket.destroy()
    return oldest !== undefined
  }

  #setBusy(counted: Counted): void {
    this.#idle.delete(counted)
    counted.source.idle.delete(counted)
  }

  #setIdle(counted: Counted): void {
    if (!this.#counted.has(counted.connection)) return
    this.#idle.add(counted)
    counted.source.idle.add(counted)
  }

  #release(counted: Counted): void {
    if (!this.#counted.delete(counted.connection)) return
    this.#setBusy(counted)
    if (--counted.source.count === 0) this.#sources.delete(counted.ip)
  }
}

function defaultShare(max: number): number {
  return max === 0 ? 0 : Math.max(Math.ceil(max / SHARE), LEAST_SHARE)
}

function isReached(limit: number, count: number): boolean {
  return limit > 0 && count >= limit
}

/**
 * The lowest file descriptor that connections must not have. The system assigns the lowest free
 * number, so this one shows that few are left. Without a reserve, libuv would close further
 * connections silently.
 */
function firstSparedDescriptor(): number {
  const limit = descriptorLimit()
  return limit - Math.min(Math.floor(limit / SPARED_SHARE), MOST_SPARED)
}

/** How many file descriptors the process may have; infinite if the system does not say. */
function descriptorLimit(): number {
  try {
    const [, limit] =
      /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? []
    return limit === undefined ? Number.POSITIVE_INFINITY : Number(limit)
  } catch {
    return Number.POSITIVE_INFINITY
  }
}
