/**
 * Why a datagram came to nothing: it was no request of a client's, came from an address or port
 * that no client has, had a connection id that is none of ours, or was longer than any request; the
 * system had no room for it, or none for its reply; too many replies had to wait for hooks or the
 * store.
 */
export const DROPS = [
  'malformed',
  'source',
  'connection_id',
  'too_long',
  'receive_buffer',
  'send_queue',
  'pending_replies',
] as const

export type Drop = (typeof DROPS)[number]

/** How many datagrams a socket has dropped, for the reasons that it knows of. */
export type SocketDrops = Partial<Readonly<Record<Drop, number>>>

interface Watched {
  readonly read: () => SocketDrops
  /** What had been dropped before it was watched. */
  readonly before: SocketDrops
}

/** Counts the datagrams that got no answer. */
export class DropMeter {
  readonly #counts: Record<Drop, number> = noDrops()
  readonly #watched = new Set<Watched>()

  count(drop: Drop): void {
    this.#counts[drop]++
  }

  /**
   * Adds what a socket counts by itself from now on. The function returned ends that, and what was
   * counted stays.
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
