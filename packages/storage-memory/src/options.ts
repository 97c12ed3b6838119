import {
  durationSchema,
  newSwarmRateSchema,
  type Duration,
  type JsonSchema,
  type NewSwarmRate,
  type OptionsSchema,
} from '@chihaya/core'

/** The network prefix whose peers are given first, and the share of peers from other subnets. */
export interface SubnetPreference {
  /** Bits, 1 to 32. @default 24 */
  ipv4?: number
  /** Bits, 1 to 128. @default 64 */
  ipv6?: number
  /** Share of an answer reserved for peers outside the subnet, 0 to 1. @default 0.1 */
  outsideShare?: number
}

export interface MemoryStorageOptions {
  /** How long a peer is kept after its last announce. @default '46m' */
  peerLifetime?: Duration
  /** Time from the start of one search for expired peers to the next. @default '3m' */
  gcInterval?: Duration
  /** Accepted for compatibility with Chihaya, without effect: this store has no locks to shard. */
  shardCount?: number
  /** Accepted for compatibility with Chihaya, without effect: totals are always up to date. */
  prometheusReportingInterval?: Duration
  /** Keep peer ids: 20 bytes a peer, needed for dictionary answers. @default true */
  storePeerIds?: boolean
  /**
   * Keep the owners of peers, so that no user is given peers of their own: 4 bytes a peer, for
   * private trackers. @default false
   */
  storeOwners?: boolean
  /**
   * Keep WebRTC peers: 16 bytes a torrent, for frontends that relay their offers. @default false
   */
  storeWebrtcPeers?: boolean
  /**
   * Whether IPv4 and IPv6 peers of a torrent are two swarms, as in Chihaya, or one. @default
   * 'separate'
   */
  families?: 'separate' | 'unified'
  /**
   * Infohashes with peers. A full store drops those of the sources that have the most. By default
   * as many as fit a quarter of the memory of the machine or cgroup at 160 bytes each, at most
   * 5,000,000.
   */
  maxSwarms?: number | undefined
  /**
   * Peers in total. A full store drops those of the sources that have the most. By default as many
   * as fit a quarter of the memory at 64 bytes each, at most 50,000,000.
   */
  maxPeers?: number | undefined
  /** Peers of one infohash. Others are answered but not stored. @default 100000 */
  maxPeersPerSwarm?: number
  /**
   * Peers of one IPv4 address or IPv6 /64 in one swarm. The oldest is dropped for a new one, and an
   * answer contains at most two of them. 0 for no limit. @default 0
   */
  maxPeersPerSource?: number
  /**
   * Torrents new to the store that one IPv4 address or IPv6 /56 may add over time. Off unless
   * set.
   */
  newSwarmsPerSource?: NewSwarmRate | undefined
  /**
   * Peers on ports below this one are counted but given to nobody. Port 1 is always withheld.
   * @default 0
   */
  withholdPortsBelow?: number
  /** Infohashes whose downloads are remembered after their last peer has left. @default 100000 */
  rememberedSwarms?: number
  /**
   * Give peers of the announcer's own subnet first. Off unless set; a peer then takes twice the
   * memory.
   */
  preferredSubnet?: SubnetPreference | undefined
}

const count = (
  description: string,
  minimum: number,
  defaultValue?: number,
  maximum = 0x7fff_ffff,
): JsonSchema => ({
  description,
  type: 'integer',
  minimum,
  maximum,
  ...(defaultValue !== undefined && { default: defaultValue }),
})

export const optionsSchema: OptionsSchema<MemoryStorageOptions> = {
  type: 'object',
  additionalProperties: false,
  properties: {
    peerLifetime: durationSchema('How long a peer is kept after its last announce.', '46m'),
    gcInterval: durationSchema(
      'Time from the start of one search for expired peers to the next.',
      '3m',
    ),
    shardCount: count(
      'Accepted for compatibility with Chihaya, without effect: this store has no locks to shard.',
      0,
      1,
    ),
    prometheusReportingInterval: durationSchema(
      'Accepted for compatibility with Chihaya, without effect: totals are always up to date.',
      '1s',
    ),
    storePeerIds: {
      description:
        'Keep peer ids: 20 bytes a peer, needed for dictionary answers, and to tell a client on a new port from another.',
      type: 'boolean',
      default: true,
    },
    storeOwners: {
      description:
        'Keep the owners of peers, so that no user is given peers of their own: 4 bytes a peer, for private trackers.',
      type: 'boolean',
      default: false,
    },
    storeWebrtcPeers: {
      description: 'Keep WebRTC peers: 16 bytes a torrent, for frontends that relay their offers.',
      type: 'boolean',
      default: false,
    },
    families: {
      description:
        'Whether IPv4 and IPv6 peers of a torrent are two swarms, as in Chihaya, or one: then counters sum both, and answers hold both.',
      enum: ['separate', 'unified'],
      default: 'separate',
    },
    maxSwarms: count(
      'Infohashes with peers. A full store drops those of the sources that have the most. By default as many as fit a quarter of the memory of the machine or cgroup at 160 bytes each, at most 5000000.',
      1,
    ),
    maxPeers: count(
      'Peers in total. A full store drops those of the sources that have the most. By default as many as fit a quarter of the memory of the machine or cgroup at 64 bytes each, at most 50000000.',
      1,
    ),
    maxPeersPerSwarm: count(
      'Peers of one infohash. Others are answered but not stored, unless one network fills the swarm.',
      1,
      100_000,
    ),
    maxPeersPerSource: count(
      'Peers of one IPv4 address or IPv6 /64 in one swarm. The oldest is dropped for a new one, and an answer contains at most two of them. 0 for no limit.',
      0,
      0,
      255,
    ),
    newSwarmsPerSource: newSwarmRateSchema(
      'Torrents new to the store that one IPv4 address or IPv6 /56 may add over time. Others are refused. Off unless set.',
    ),
    withholdPortsBelow: count(
      'Peers on ports below this one are counted but given to nobody. Port 1 is always withheld. 1024 keeps swarms from being sent to services.',
      0,
      0,
      65_536,
    ),
    rememberedSwarms: count(
      'Infohashes whose downloads are remembered after their last peer has left, the newest of them.',
      0,
      100_000,
    ),
    preferredSubnet: {
      description:
        "Give peers of the announcer's own subnet first. Off unless set; a peer then takes twice the memory.",
      type: 'object',
      additionalProperties: false,
      properties: {
        ipv4: { description: 'Bits of the IPv4 prefix.', type: 'integer', minimum: 1, maximum: 32 },
        ipv6: {
          description: 'Bits of the IPv6 prefix.',
          type: 'integer',
          minimum: 1,
          maximum: 128,
        },
        outsideShare: {
          description: 'Share of an answer reserved for peers outside the subnet.',
          type: 'number',
          minimum: 0,
          maximum: 1,
        },
      },
    },
  },
}
