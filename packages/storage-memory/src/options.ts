import { durationSchema, type Duration, type JsonSchema, type OptionsSchema } from '@chihaya/core'

/**
 * Length of the network prefix whose peers are given first, and how far from home an answer looks
 * all the same.
 */
export interface SubnetPreference {
  /** Bits, 1 to 32. @default 24 */
  ipv4?: number
  /** Bits, 1 to 128. @default 64 */
  ipv6?: number
  /** Share of an answer that is kept for peers outside the subnet, 0 to 1. @default 0.1 */
  outsideShare?: number
}

/** How many torrents that the store does not know one source may bring. */
export interface NewSwarmRate {
  /** Over time. */
  perMinute: number
  /** At once, before the rate binds. @default as many as in a minute */
  burst?: number
}

export interface MemoryStorageOptions {
  /** How long a peer is kept after its last announce. @default '46m' */
  peerLifetime?: Duration
  /** Time between the beginnings of two searches for peers past their lifetime. @default '3m' */
  gcInterval?: Duration
  /** Accepted for Chihaya's sake: this store has no locks, so it has nothing to shard. */
  shardCount?: number
  /**
   * Accepted for Chihaya's sake: totals are kept at all times, so nothing has to be counted at
   * intervals.
   */
  prometheusReportingInterval?: Duration
  /** Keep peer ids: 20 bytes a peer, needed for dictionary answers. @default true */
  storePeerIds?: boolean
  /**
   * Whether IPv4 and IPv6 peers of a torrent are two swarms, as in Chihaya, or one. @default
   * 'separate'
   */
  families?: 'separate' | 'unified'
  /**
   * Infohashes with peers; beyond, those of the sources that have the most give way. By default as
   * many as a quarter of the memory of the machine or cgroup has room for at 160 bytes each,
   * 5,000,000 at most.
   */
  maxSwarms?: number | undefined
  /**
   * Peers in all; beyond, as above. By default as many as a quarter of the memory has room for at
   * 64 bytes each, 50,000,000 at most.
   */
  maxPeers?: number | undefined
  /** Peers of one infohash; further ones are answered but not kept. @default 100000 */
  maxPeersPerSwarm?: number
  /**
   * Peers of one IPv4 address or IPv6 /64 in one swarm, the oldest giving way; an answer holds two
   * of them. 0 is no limit. @default 0
   */
  maxPeersPerSource?: number
  /**
   * Torrents new to the store that one IPv4 address or IPv6 /56 may bring over time. Off unless
   * set.
   */
  newSwarmsPerSource?: NewSwarmRate | undefined
  /**
   * Peers on ports below this one are counted but given to nobody; those on port 1 never are.
   * @default 0
   */
  withholdPortsBelow?: number
  /** Infohashes whose downloads are remembered after their last peer has gone. @default 100000 */
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
      'Time between the beginnings of two searches for peers past their lifetime.',
      '3m',
    ),
    shardCount: count(
      "Accepted for Chihaya's sake: this store has no locks, so it has nothing to shard.",
      0,
      1,
    ),
    prometheusReportingInterval: durationSchema(
      "Accepted for Chihaya's sake: totals are kept at all times, so nothing has to be counted at intervals.",
      '1s',
    ),
    storePeerIds: {
      description:
        'Keep peer ids: 20 bytes a peer, needed for dictionary answers, and to tell a client on a new port from another.',
      type: 'boolean',
      default: true,
    },
    families: {
      description:
        'Whether IPv4 and IPv6 peers of a torrent are two swarms, as in Chihaya, or one: then counters sum both, and answers hold both.',
      enum: ['separate', 'unified'],
      default: 'separate',
    },
    maxSwarms: count(
      'Infohashes with peers; beyond, those of the sources that have the most give way. By default as many as a quarter of the memory of the machine or cgroup has room for at 160 bytes each, 5000000 at most.',
      1,
    ),
    maxPeers: count(
      'Peers in all; beyond, those of the sources that have the most give way. By default as many as a quarter of the memory of the machine or cgroup has room for at 64 bytes each, 50000000 at most.',
      1,
    ),
    maxPeersPerSwarm: count(
      'Peers of one infohash; further ones are answered but not kept, unless one network fills the swarm.',
      1,
      100_000,
    ),
    maxPeersPerSource: count(
      'Peers of one IPv4 address or IPv6 /64 in one swarm, the oldest giving way; an answer holds two of them. 0 is no limit.',
      0,
      0,
      255,
    ),
    newSwarmsPerSource: {
      description:
        'Torrents new to the store that one IPv4 address or IPv6 /56 may bring over time; more of them are refused. Off unless set.',
      type: 'object',
      additionalProperties: false,
      required: ['perMinute'],
      properties: {
        perMinute: { description: 'New torrents a minute.', type: 'number', exclusiveMinimum: 0 },
        burst: {
          description:
            'New torrents at once, before the rate binds. By default as many as in a minute.',
          type: 'number',
          minimum: 1,
        },
      },
    },
    withholdPortsBelow: count(
      'Peers on ports below this one are counted but given to nobody; those on port 1 never are. 1024 keeps swarms from being sent to services.',
      0,
      0,
      65_536,
    ),
    rememberedSwarms: count(
      'Infohashes whose downloads are remembered after their last peer has gone, the newest of them.',
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
          description: 'Share of an answer that is kept for peers outside the subnet.',
          type: 'number',
          minimum: 0,
          maximum: 1,
        },
      },
    },
  },
}
