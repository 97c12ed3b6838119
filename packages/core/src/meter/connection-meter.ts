/** Why a connection was closed or not accepted. */
export const CONNECTION_DROPS = [
  /** Too many connections over all addresses. */
  'max_connections',
  /** Too many connections from one source. */
  'max_connections_per_ip',
  /** Out of file descriptors. */
  'open_files',
  /** A trusted proxy sent no valid PROXY protocol header. */
  'proxy_header',
  /** Any other error of `accept`. */
  'accept',
] as const

export type ConnectionDrop = (typeof CONNECTION_DROPS)[number]

/** The connection that was dropped: the new one, or an idle one in favour of it. */
export type DroppedConnection = 'new' | 'idle'

export interface ConnectionDropCount {
  readonly reason: ConnectionDrop
  readonly connection: DroppedConnection
  readonly count: number
}

const DROPPED: readonly DroppedConnection[] = ['new', 'idle']

/** Counts open and dropped connections of stream listeners such as HTTP. */
export class ConnectionMeter {
  readonly #counts = new Float64Array(CONNECTION_DROPS.length * DROPPED.length)
  readonly #open = new Set<() => number>()

  count(reason: ConnectionDrop, connection: DroppedConnection): void {
    const at = indexOf(reason, connection)
    this.#counts[at] = (this.#counts[at] as number) + 1
  }

  /** Includes the open connections of a listener until the returned function is called. */
  watch(open: () => number): () => void {
    this.#open.add(open)
    return () => this.#open.delete(open)
  }

  /** The number of open connections. */
  open(): number {
    let sum = 0
    for (const open of this.#open) sum += open()
    return sum
  }

  /** All combinations, including those that never occurred. */
  drops(): ConnectionDropCount[] {
    return CONNECTION_DROPS.flatMap((reason) =>
      DROPPED.map((connection) => ({
        reason,
        connection,
        count: this.#counts[indexOf(reason, connection)] as number,
      })),
    )
  }
}

function indexOf(reason: ConnectionDrop, connection: DroppedConnection): number {
  return CONNECTION_DROPS.indexOf(reason) * DROPPED.length + DROPPED.indexOf(connection)
}
