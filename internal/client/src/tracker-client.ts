import type { AnnounceEvent, Endpoint, InfoHash, PeerId, ScrapeEntry } from '@chihaya/bittorrent'

/** What a client says of itself. */
export interface ClientAnnounce {
  readonly infoHash: InfoHash
  readonly peerId: PeerId
  readonly port: number
  /** Bytes still to download. */
  readonly left: bigint
  /** Bytes since `started`. @default 0n */
  readonly uploaded?: bigint
  readonly downloaded?: bigint
  /** @default 'none' */
  readonly event?: AnnounceEvent
  /** How many peers to ask for; left out, the tracker decides. */
  readonly numWant?: number
}

/** A tracker's answer, in the words that both transports have. */
export interface AnnounceAnswer {
  /** Seconds until the next announce. */
  readonly interval: number
  /** Seeders. */
  readonly complete: number
  /** Leechers, partial seeds included. */
  readonly incomplete: number
  readonly peers: readonly Endpoint[]
}

/** The counters of one swarm; `downloaders` (BEP 21) travels over HTTP alone. */
export type ScrapeAnswer = Pick<ScrapeEntry, 'complete' | 'incomplete' | 'downloaded'> &
  Partial<ScrapeEntry>

/**
 * A tracker, seen from a client. Every call may throw `TrackerFailure`, or `SyntaxError` when the
 * answer makes no sense.
 */
export interface TrackerClient {
  announce(announce: ClientAnnounce): Promise<AnnounceAnswer>
  /** One entry for each infohash, in the order given. */
  scrape(infoHashes: readonly InfoHash[]): Promise<ScrapeAnswer[]>
  close(): Promise<void>
}

export interface ClientOptions {
  /** The address of this machine to ask from; left out, the system chooses. */
  readonly localAddress?: string
  /** Milliseconds to wait for an answer. @default 15_000 */
  readonly timeout?: number
}

export const DEFAULT_TIMEOUT = 15_000
