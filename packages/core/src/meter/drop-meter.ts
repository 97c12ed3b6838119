/** Why a datagram was dropped. */
export const DROPS = [
  /** Not a request. */
  'malformed',
  /** From an address or port that no client has. */
  'source',
  /** Invalid connection id. */
  'connection_id',
  /** Longer than any request. */
  'too_long',
  /** The receive buffer of the socket was full. */
  'receive_buffer',
  /** The send queue of the socket was full. */
  'send_queue',
  /** Too many replies were waiting for hooks or the store. */
  'pending_replies',
] as const

export type Drop = (typeof DROPS)[number]

/** Datagrams that a socket has dropped, by the reasons it counts. */
export type SocketDrops = Partial<Readonly<Record<Drop, number>>>

interface Watched {
  readonly read: () => SocketDrops
  /** Drops before it was watched. */
  readonly before: SocketDrops
}

/** Counts datagrams without an answer. */
export class DropMeter {
  readonly #counts: Record<Drop, number> = noDrops()
  readonly #watched = new Set<Watched>()

  count(drop: Drop): void {
    this.#counts[drop]++
  }

  /**
   * Includes what a socket counts itself, until the returned function is called. The drops up to
   * then stay counted.
   */
  watch(read: () => SocketDrops): () => void {
    const watched = { read, before: { ...read() } }
    this.#watched.add(watched)
    return () => {
      if (this.#watched.delete(watched)) add(this.#counts, watched)
    }
  }

  counts(): Record<Drop, number> {
    const counts = { ...this.#counts }
    for (const watched of this.#watched) add(counts, watched)
    return counts
  }
}

function noDrops(): Record<Drop, number> {
  return Object.fromEntries(DROPS.map((drop) => [drop, 0])) as Record<Drop, number>
}

function add(counts: Record<Drop, number>, { read, before }: Watched): void {
  const now = read()
  for (const drop of DROPS) counts[drop] += (now[drop] ?? 0) - (before[drop] ?? 0)
}
