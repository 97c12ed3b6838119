import type { Address, AnnounceEvent } from '@chihaya/bittorrent'

/**
 * Bytes, exact: a number below 2⁵³, a bigint from there on. Reported counters are always numbers;
 * multiplied ones may grow beyond.
 */
export type Bytes = number | bigint

/** What a record tells of. */
export const DELTA_TYPES = ['announce', 'expire', 'torrent', 'token', 'admin'] as const
export type DeltaType = (typeof DELTA_TYPES)[number]

/** The state of a session after the record; the first three are active. */
export const DELTA_STATES = [
  'leeching',
  'seeding',
  'partial',
  'stopped',
  'expired',
  'refused',
] as const
export type DeltaState = (typeof DELTA_STATES)[number]

/** What made a download free of charge. */
export const FREE_REASONS = ['torrent', 'user', 'everybody', 'token', 'neutral'] as const
export type FreeReason = (typeof FREE_REASONS)[number]

/** Signs of cheating, or of a broken client. */
export const DELTA_FLAGS = [
  'speed',
  'regression',
  'absurd',
  'ghost',
  'left',
  'shared',
  'client',
] as const
export type DeltaFlag = (typeof DELTA_FLAGS)[number]

/** Totals as the client reported them. The next announce of the session is compared with these. */
export interface ReportedCounters {
  readonly uploaded: number
  readonly downloaded: number
  readonly corrupt: number
  /** Undefined when the client did not say. */
  readonly left: number | undefined
}

/** What has changed for a session, a torrent or a token. Zero, false and undefined are nothing. */
export interface Delta {
  /** Seconds since 1970. */
  readonly at: number
  readonly type: DeltaType
  /** Ids; 0 where the record is of no user, or of no torrent. */
  readonly user: number
  readonly torrent: number
  /** The 20 bytes of the peer id; undefined where the record is of no session. */
  readonly peer: Uint8Array | undefined
  readonly event: AnnounceEvent
  readonly state: DeltaState
  /** Whether the session is a new one. */
  readonly isNew: boolean
  /** Bytes moved, as the client counts them. */
  readonly up: number
  readonly down: number
  /** Bytes downloaded that failed their check, as far as clients report them. */
  readonly corrupt: number
  /** Bytes that count for the user. */
  readonly creditUp: Bytes
  readonly creditDown: Bytes
  readonly counters: ReportedCounters | undefined
  /** Seconds. */
  readonly seedTime: number
  readonly leechTime: number
  /** Bytes a second. */
  readonly upSpeed: number
  readonly downSpeed: number
  /** Announces of the session so far. */
  readonly announces: number
  /** Seconds since 1970: when the session began. */
  readonly since: number
  readonly snatch: boolean
  readonly free: FreeReason | undefined
  readonly address: Address | undefined
  readonly port: number
  /** The client's user agent, up to 64 printable ASCII characters. */
  readonly agent: string
  readonly flags: readonly DeltaFlag[]
  /** Active sessions of the torrent, where their numbers have changed. */
  readonly swarm: { readonly seeders: number; readonly leechers: number } | undefined
  /** How many records this one was merged from. */
  readonly merged: number
}

/** A record with its number: 1, 2, 3 … without gaps for each source. */
export interface NumberedDelta extends Delta {
  readonly seq: number
}

/** A record of nothing, to be spread. */
export const NO_CHANGE: Delta = {
  at: 0,
  type: 'announce',
  user: 0,
  torrent: 0,
  peer: undefined,
  event: 'none',
  state: 'leeching',
  isNew: false,
  up: 0,
  down: 0,
  corrupt: 0,
  creditUp: 0,
  creditDown: 0,
  counters: undefined,
  seedTime: 0,
  leechTime: 0,
  upSpeed: 0,
  downSpeed: 0,
  announces: 0,
  since: 0,
  snatch: false,
  free: undefined,
  address: undefined,
  port: 0,
  agent: '',
  flags: [],
  swarm: undefined,
  merged: 1,
}

/** The sum of two amounts, exact. */
export function addBytes(one: Bytes, other: Bytes): Bytes {
  if (typeof one === 'number' && typeof other === 'number') {
    const sum = one + other
    if (Number.isSafeInteger(sum)) return sum
  }
  const exact = BigInt(one) + BigInt(other)
  return exact <= Number.MAX_SAFE_INTEGER ? Number(exact) : exact
}

/**
 * One record for two of a session: differences are added, everything else is the later one's.
 * Merging before anybody has seen the first leaves every sum as it was.
 */
export function mergeDeltas(earlier: Delta, later: Delta): Delta {
  return {
    ...later,
    event: later.event === 'none' ? earlier.event : later.event,
    isNew: earlier.isNew || later.isNew,
    up: earlier.up + later.up,
    down: earlier.down + later.down,
    corrupt: earlier.corrupt + later.corrupt,
    creditUp: addBytes(earlier.creditUp, later.creditUp),
    creditDown: addBytes(earlier.creditDown, later.creditDown),
    counters: later.counters ?? earlier.counters,
    seedTime: earlier.seedTime + later.seedTime,
    leechTime: earlier.leechTime + later.leechTime,
    snatch: earlier.snatch || later.snatch,
    free: later.free ?? earlier.free,
    address: later.address ?? earlier.address,
    port: later.address ? later.port : earlier.port,
    agent: later.agent || earlier.agent,
    flags: [...new Set([...earlier.flags, ...later.flags])],
    swarm: later.swarm ?? earlier.swarm,
    merged: earlier.merged + later.merged,
  }
}
