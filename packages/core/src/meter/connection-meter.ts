/**
 * Why a connection was ended, or not accepted: there were too many at all addresses together, or
 * from one source; the process had no more file descriptors; a trusted proxy did not begin with a
 * header of the PROXY protocol; the system said no.
 */
export const CONNECTION_DROPS = [
  'max_connections',
  'max_connections_per_ip',
  'open_files',
  'proxy_header',
  'accept',
] as const

export type ConnectionDrop = (typeof CONNECTION_DROPS)[number]

/** Which one: the newcomer, or one without a request under way that gave way to it. */
export type DroppedConnection = 'new' | 'idle'

export interface ConnectionDropCount {
  readonly reason: ConnectionDrop
  readonly connection: DroppedConnection
  readonly count: number
}

const DROPPED: readonly DroppedConnection[] = ['new', 'idle']

/**
 * Counts the connections that listeners of streams, such as HTTP's, have open or have ended for a
 * reason of their own.
 */
export class ConnectionMeter {
  readonly #counts = new Float64Array(CONNECTION_DROPS.length * DROPPED.length)
  readonly #open = new Set<() => number>()

  count(reason: ConnectionDrop, connection: DroppedConnection): void {
    const at = indexOf(reason, connection)
    this.#counts[at] = (this.#counts[at] as number) + 1
  }

  /** Adds the open connections of a listener. The function returned ends that. */
  watch(open: () => number): () => void {
    this.#open.add(open)
    return () => this.#open.delete(open)
  }

  /** Connections that are open now. */
  open(): number {
    let sum = 0
    for (const open of this.#open) sum += open()
    return sum
  }

  /** Every combination, those that never occurred included. */
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
