import type {
  AddressFamily,
  AnnounceEvent,
  Endpoint,
  InfoHash,
  PeerId,
  ScrapeEntry,
} from '@chihaya/bittorrent'

/** What a client tells the tracker about itself. */
export interface ClientAnnounce {
  readonly infoHash: InfoHash
  readonly peerId: PeerId
  /** Port that accepts connections from peers. */
  readonly port: number
  /** Bytes left to download. */
  readonly left: bigint
  /** Bytes since `started`. @default 0n */
  readonly uploaded?: bigint
  /** Bytes since `started`. @default 0n */
  readonly downloaded?: bigint
  /** @default 'none' */
  readonly event?: AnnounceEvent
  /** Number of peers wanted. @default the tracker's choice */
  readonly numWant?: number
  /** Identifies the client when its address changes, 0 to 2³²−1. @default 0 over UDP, else none */
  readonly key?: number
}

/** A tracker's answer to an announce. */
export interface AnnounceAnswer {
  /** Seconds until the next announce. */
  readonly interval: number
  /** Seeders; over HTTP, trackers may leave it out. */
  readonly complete: number | undefined
  /** Leechers and partial seeds; over HTTP, trackers may leave it out. */
  readonly incomplete: number | undefined
  readonly peers: readonly Endpoint[]
  /** Violations of the protocol that a lenient client accepted. */
  readonly remarks: readonly string[]
}

/** Counters of one swarm; `downloaders` (BEP 21) exists over HTTP only. */
export type ScrapeAnswer = Pick<ScrapeEntry, 'complete' | 'incomplete' | 'downloaded'> &
  Partial<ScrapeEntry>

export interface ExchangeOptions {
  /** Aborts the exchange, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

/**
 * A tracker as its clients see it. Exchanges reject with `TrackerFailure`, `NoAnswerError` or
 * `InvalidAnswerError`.
 */
export interface TrackerClient extends AsyncDisposable {
  announce(announce: ClientAnnounce, options?: ExchangeOptions): Promise<AnnounceAnswer>
  /** One entry for each infohash, in the order given. */
  scrape(infoHashes: readonly InfoHash[], options?: ExchangeOptions): Promise<ScrapeAnswer[]>
  /** Ends pending exchanges and frees sockets. */
  close(): Promise<void>
}

export interface ClientOptions {
  /** Local address to send from. @default the system's choice */
  readonly localAddress?: string
  /** Address family, for hosts that have both. @default the resolver's first address */
  readonly family?: AddressFamily
  /** Milliseconds for an exchange, retransmissions included. @default 60_000 */
  readonly timeout?: number
}

export const DEFAULT_TIMEOUT = 60_000
