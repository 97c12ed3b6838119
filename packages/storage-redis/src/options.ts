import type { ConnectionOptions } from 'node:tls'
import {
  durationSchema,
  newSwarmRateSchema,
  type Duration,
  type JsonSchema,
  type NewSwarmRate,
  type OptionsSchema,
} from '@chihaya/core'
import type { Cluster, Redis } from 'ioredis'

/** The name of this package in error messages. */
export const PACKAGE = '@chihaya/storage-redis'

/** How to find a master through Sentinel. */
export interface SentinelOptions {
  /** The Sentinels' name for the master, such as `mymaster`. */
  name: string
  /** Each is `host:port`, or a host alone for port 26379. */
  nodes: string[]
  /** The user of the Sentinels, not of Redis. */
  username?: string
  /** The password of the Sentinels, not of Redis. */
  password?: string
}

export interface RedisStorageOptions {
  /**
   * The application's `ioredis` client, `Redis` or `Cluster`, with its own options. It is not closed
   * unless `closeClient` is set.
   */
  client?: Redis | Cluster | undefined
  /** Close `client` with the store. @default false */
  closeClient?: boolean
  /**
   * `redis[s]://[[user]:password@]host[:port][/db]`. A single word before the `@` is a password.
   * @default 'redis://127.0.0.1:6379/0'
   */
  url?: string | undefined
  /** Chihaya's name for `url`. */
  redisBroker?: string | undefined
  /** Some nodes of a Redis Cluster. Each is `host:port`, or a host alone for port 6379. */
  cluster?: string[] | undefined
  /** How to find the master through Sentinel. */
  sentinel?: SentinelOptions | undefined
  /** Number of the database, if the URL has none. @default 0 */
  db?: number | undefined
  /** User name, if the URL has none. */
  username?: string | undefined
  /** Password, if the URL has none. */
  password?: string | undefined
  /** Use TLS, optionally with options of `node:tls`. `rediss:` implies it. @default false */
  tls?: boolean | ConnectionOptions
  /** A PEM file of the certificate authorities to trust. */
  tlsCaPath?: string | undefined
  /** A PEM file of the client's certificate. */
  tlsCertPath?: string | undefined
  /** A PEM file of the client's private key. */
  tlsKeyPath?: string | undefined
  /**
   * Prefix of every key, for trackers or other applications that share a Redis.
   * @default 'chihaya:'
   */
  keyPrefix?: string
  /**
   * Timeout for establishing a connection; for the first one at most 8 s, because Fastify waits
   * for 10.
   * @default '15s'
   */
  redisConnectTimeout?: Duration
  /**
   * Timeout of an announce or scrape: this or `redisWriteTimeout`, whichever is shorter.
   * @default '15s'
   */
  redisReadTimeout?: Duration
  /** See `redisReadTimeout`. @default '15s' */
  redisWriteTimeout?: Duration
  /** Maximum number of pending commands; further ones are refused. @default 10000 */
  maxPending?: number
  /** How long a peer is kept after its last announce. @default '46m' */
  peerLifetime?: Duration
  /** How long a torrent's download count is kept after its last announce. @default '168h' */
  downloadedLifetime?: Duration
  /**
   * Store peer ids, for dictionary answers and to recognise a client on a new port.
   * @default true
   */
  storePeerIds?: boolean
  /**
   * Store the owners of peers, so that users are given no peers of their own: 4 bytes a peer, for
   * private trackers.
   * @default false
   */
  storeOwners?: boolean
  /** Store WebRTC peers, in swarms of their own. @default false */
  storeWebrtcPeers?: boolean
  /** IPv4 and IPv6 peers are separate swarms. Unlike the memory store, this one cannot join them. @default 'separate' */
  families?: 'separate'
  /**
   * Peers of one infohash and address family. Further ones are answered but not stored.
   * @default 100000
   */
  maxPeersPerSwarm?: number
  /**
   * Rate limit of new torrents from one IPv4 address or IPv6 /56, in this process. Off unless set.
   */
  newSwarmsPerSource?: NewSwarmRate | undefined
  /**
   * Peers on ports below this one are counted but never returned. Port 1 never is.
   * @default 0
   */
  withholdPortsBelow?: number
  /** Interval at which one of the trackers counts all swarms. @default '3m' */
  gcInterval?: Duration
  /** How long totals read from Redis are cached. @default '1s' */
  prometheusReportingInterval?: Duration
  /**
   * What serves announces while Redis is unavailable: a store in this process, or nothing, so that
   * they fail.
   * @default 'none'
   */
  fallback?: 'none' | 'memory'
  /** Maximum number of peers in the fallback. @default 1000000 */
  fallbackMaxPeers?: number
}

const secret = (description: string): JsonSchema => ({
  description,
  type: 'string',
  minLength: 1,
  writeOnly: true,
})
const url = (description: string): JsonSchema => ({
  ...secret(description),
  pattern: '^rediss?://[^?#]+$',
  examples: ['redis://user:password@host:6379/0'],
})
const text = (description: string): JsonSchema => ({ description, type: 'string', minLength: 1 })
const count = (
  description: string,
  minimum: number,
  defaultValue: number,
  maximum = 0x7fff_ffff,
): JsonSchema => ({
  description,
  type: 'integer',
  minimum,
  maximum,
  default: defaultValue,
})
const nodes = (description: string): JsonSchema => ({
  description,
  type: 'array',
  minItems: 1,
  items: { type: 'string', minLength: 1, examples: ['192.0.2.1:6379', 'redis.example'] },
})

export const optionsSchema: OptionsSchema<RedisStorageOptions> = {
  type: 'object',
  additionalProperties: false,
  properties: {
    client: {
      description:
        "The application's ioredis client, Redis or Cluster, with its own options. It is not closed unless closeClient is set.",
    },
    closeClient: { description: 'Close `client` with the store.', type: 'boolean', default: false },
    url: url(
      'redis[s]://[[user]:password@]host[:port][/db]. A single word before the @ is a password. By default redis://127.0.0.1:6379/0.',
    ),
    redisBroker: url("Chihaya's name for `url`."),
    cluster: nodes(
      'Some nodes of a Redis Cluster. Each is host:port, or a host alone for port 6379.',
    ),
    sentinel: {
      description: 'How to find the master through Sentinel.',
      type: 'object',
      additionalProperties: false,
      required: ['name', 'nodes'],
      properties: {
        name: text("The Sentinels' name for the master."),
        nodes: nodes('Each is host:port, or a host alone for port 26379.'),
        username: text('The user of the Sentinels, not of Redis.'),
        password: secret('The password of the Sentinels, not of Redis.'),
      },
    },
    db: {
      description: 'Number of the database, if the URL has none.',
      type: 'integer',
      minimum: 0,
    },
    username: text('User name, if the URL has none.'),
    password: secret('Password, if the URL has none.'),
    tls: {
      description: 'Use TLS, optionally with options of node:tls.',
      type: ['boolean', 'object'],
      default: false,
    },
    tlsCaPath: text('A PEM file of the certificate authorities to trust.'),
    tlsCertPath: text("A PEM file of the client's certificate."),
    tlsKeyPath: text("A PEM file of the client's private key."),
    keyPrefix: {
      description: 'Prefix of every key, for trackers or other applications that share a Redis.',
      type: 'string',
      // Braces would determine the slot of the keys in a cluster.
      pattern: '^[!-z|~]*$',
      examples: ['chihaya:', 'tracker-2:'],
      default: 'chihaya:',
    },
    redisConnectTimeout: durationSchema(
      'Timeout for establishing a connection; for the first one at most 8 s.',
      '15s',
    ),
    redisReadTimeout: durationSchema(
      'Timeout of an announce or scrape: this or redis_write_timeout, whichever is shorter. Two seconds are enough for most.',
      '15s',
    ),
    redisWriteTimeout: durationSchema('See redis_read_timeout.', '15s'),
    maxPending: count('Maximum number of pending commands; further ones are refused.', 1, 10_000),
    peerLifetime: durationSchema('How long a peer is kept after its last announce.', '46m'),
    downloadedLifetime: durationSchema(
      "How long a torrent's download count is kept after its last announce.",
      '168h',
    ),
    storePeerIds: {
      description:
        'Store peer ids, for dictionary answers and to recognise a client on a new port.',
      type: 'boolean',
      default: true,
    },
    storeOwners: {
      description:
        'Store the owners of peers, so that users are given no peers of their own: 4 bytes a peer, for private trackers.',
      type: 'boolean',
      default: false,
    },
    storeWebrtcPeers: {
      description: 'Store WebRTC peers, in swarms of their own.',
      type: 'boolean',
      default: false,
    },
    families: {
      description:
        'Whether IPv4 and IPv6 peers of a torrent are two swarms or one. This store supports only two.',
      enum: ['separate'],
      default: 'separate',
    },
    maxPeersPerSwarm: count(
      'Peers of one infohash and address family. Further ones are answered but not stored.',
      1,
      100_000,
    ),
    newSwarmsPerSource: newSwarmRateSchema(
      'Rate limit of new torrents from one IPv4 address or IPv6 /56, in this process. Off unless set.',
    ),
    withholdPortsBelow: count(
      'Peers on ports below this one are counted but never returned. Port 1 never is.',
      0,
      0,
      65_536,
    ),
    gcInterval: durationSchema('Interval at which one of the trackers counts all swarms.', '3m'),
    prometheusReportingInterval: durationSchema(
      'How long totals read from Redis are cached.',
      '1s',
    ),
    fallback: {
      description:
        'What serves announces while Redis is unavailable: the memory of this process, whose peers are merged into Redis afterwards, or nothing, so that they fail.',
      enum: ['none', 'memory'],
      default: 'none',
    },
    fallbackMaxPeers: count(
      'Maximum number of peers in the fallback. Each takes some 200 bytes until it is merged into Redis.',
      1,
      1_000_000,
    ),
  },
}
