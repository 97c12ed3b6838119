import type { ConnectionOptions } from 'node:tls'
import { durationSchema, type Duration, type JsonSchema, type OptionsSchema } from '@chihaya/core'
import type { Cluster, Redis } from 'ioredis'

/** Where Sentinels are, and what they call the master. */
export interface SentinelOptions {
  /** What the Sentinels call the master: `mymaster`. */
  name: string
  /** `host:port`, or a host alone for port 26379. */
  nodes: string[]
  /** For the Sentinels themselves. */
  username?: string
  /** For the Sentinels themselves. */
  password?: string
}

/** How many torrents that the store does not know one source may bring. */
export interface NewSwarmRate {
  /** Over time. */
  perMinute: number
  /** At once, before the rate binds. @default as many as in a minute */
  burst?: number
}

export interface RedisStorageOptions {
  /** An `ioredis` client of the application's, `Redis` or `Cluster`. It stays the application's. */
  client?: Redis | Cluster | undefined
  /** Close `client` with the store. @default false */
  closeClient?: boolean
  /**
   * `redis[s]://[[user]:password@]host[:port][/db]`; a lone word before the `@` is a password.
   * @default 'redis://127.0.0.1:6379/0'
   */
  url?: string | undefined
  /** Chihaya's name for `url`. */
  redisBroker?: string | undefined
  /** Some nodes of a Redis Cluster: `host:port`, or a host alone for port 6379. */
  cluster?: string[] | undefined
  /** Finds the master through Sentinel. */
  sentinel?: SentinelOptions | undefined
  /** Where no `url` says it. @default 0 */
  db?: number | undefined
  /** Where no `url` says it. */
  username?: string | undefined
  /** Where no `url` says it. */
  password?: string | undefined
  /** Speak TLS, with options of `node:tls` if need be. `rediss:` does so too. @default false */
  tls?: boolean | ConnectionOptions
  /** A file of certificates in PEM that vouch for the server's. */
  tlsCaPath?: string | undefined
  /** A file of the client's certificate in PEM. */
  tlsCertPath?: string | undefined
  /** A file of the client's key in PEM. */
  tlsKeyPath?: string | undefined
  /**
   * Begins the name of every key, so that several trackers, or other things, can share a Redis.
   * @default 'chihaya:'
   */
  keyPrefix?: string
  /**
   * How long a connection may take to come about. The first must not take longer than 8 s, as
   * Fastify waits for 10. @default '15s'
   */
  redisConnectTimeout?: Duration
  /**
   * How long an announce waits for Redis: this or `redisWriteTimeout`, whichever is less. @default
   * '15s'
   */
  redisReadTimeout?: Duration
  /** See `redisReadTimeout`. @default '15s' */
  redisWriteTimeout?: Duration
  /** Commands that wait for Redis at most; more are refused. @default 10000 */
  maxPending?: number
  /** How long a peer is kept after its last announce. @default '46m' */
  peerLifetime?: Duration
  /** How long the downloads of a torrent are remembered after its last announce. @default '168h' */
  downloadedLifetime?: Duration
  /**
   * Keep peer ids: needed for dictionary answers, and to tell a client on a new port from another.
   * @default true
   */
  storePeerIds?: boolean
  /** The memory store can join the families; this one keeps them apart. @default 'separate' */
  families?: 'separate'
  /**
   * Peers of one infohash and address family; further ones are answered but not kept. @default
   * 100000
   */
  maxPeersPerSwarm?: number
  /**
   * Torrents new to the store that one IPv4 address or IPv6 /56 may bring to this process over
   * time. Off unless set.
   */
  newSwarmsPerSource?: NewSwarmRate | undefined
  /**
   * Peers on ports below this one are counted but given to nobody; those on port 1 never are.
   * @default 0
   */
  withholdPortsBelow?: number
  /** Time between two countings of all swarms, whichever tracker does it. @default '3m' */
  gcInterval?: Duration
  /** How long the totals that have been read from Redis are good for. @default '1s' */
  prometheusReportingInterval?: Duration
  /**
   * Where announces go while Redis is away: into this process, or nowhere, so that they fail.
   * @default 'none'
   */
  fallback?: 'none' | 'memory'
  /** Peers that this process holds at most while Redis is away. @default 1000000 */
  fallbackMaxPeers?: number
}

const secret = (description: string): JsonSchema => ({
  description,
  type: 'string',
  minLength: 1,
  writeOnly: true,
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
        "The application's ioredis client, Redis or Cluster, with its own options. It is not closed, unless closeClient says so.",
    },
    closeClient: { description: 'Close `client` with the store.', type: 'boolean', default: false },
    url: secret(
      'redis[s]://[[user]:password@]host[:port][/db]; a lone word before the @ is a password. By default redis://127.0.0.1:6379/0.',
    ),
    redisBroker: secret("Chihaya's name for `url`."),
    cluster: nodes('Some nodes of a Redis Cluster: host:port, or a host alone for port 6379.'),
    sentinel: {
      description: 'Finds the master through Sentinel.',
      type: 'object',
      additionalProperties: false,
      required: ['name', 'nodes'],
      properties: {
        name: text('What the Sentinels call the master.'),
        nodes: nodes('host:port, or a host alone for port 26379.'),
        username: text('For the Sentinels themselves.'),
        password: secret('For the Sentinels themselves.'),
      },
    },
    db: { description: 'Where no `url` says it.', type: 'integer', minimum: 0 },
    username: text('Where no `url` says it.'),
    password: secret('Where no `url` says it.'),
    tls: {
      description: 'Speak TLS, with options of node:tls if need be.',
      type: ['boolean', 'object'],
      default: false,
    },
    tlsCaPath: text("A file of certificates in PEM that vouch for the server's."),
    tlsCertPath: text("A file of the client's certificate in PEM."),
    tlsKeyPath: text("A file of the client's key in PEM."),
    keyPrefix: {
      description:
        'Begins the name of every key, so that several trackers, or other things, can share a Redis.',
      type: 'string',
      // Braces would choose the keys' slot in a cluster.
      pattern: '^[!-z|~]*$',
      examples: ['chihaya:', 'tracker-2:'],
      default: 'chihaya:',
    },
    redisConnectTimeout: durationSchema(
      'How long a connection may take to come about; the first no longer than 8 s.',
      '15s',
    ),
    redisReadTimeout: durationSchema(
      'How long an announce waits for Redis: this or redis_write_timeout, if less. Two seconds are enough for most.',
      '15s',
    ),
    redisWriteTimeout: durationSchema('See redis_read_timeout.', '15s'),
    maxPending: count('Commands that wait for Redis at most; more are refused.', 1, 10_000),
    peerLifetime: durationSchema('How long a peer is kept after its last announce.', '46m'),
    downloadedLifetime: durationSchema(
      'How long the downloads of a torrent are remembered after its last announce.',
      '168h',
    ),
    storePeerIds: {
      description:
        'Keep peer ids: needed for dictionary answers, and to tell a client on a new port from another.',
      type: 'boolean',
      default: true,
    },
    families: {
      description:
        'Whether IPv4 and IPv6 peers of a torrent are two swarms or one: two is all that this store offers.',
      enum: ['separate'],
      default: 'separate',
    },
    maxPeersPerSwarm: count(
      'Peers of one infohash and address family; further ones are answered but not kept.',
      1,
      100_000,
    ),
    newSwarmsPerSource: {
      description:
        'Torrents new to the store that one IPv4 address or IPv6 /56 may bring to this process over time; more of them are refused. Off unless set.',
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
      'Peers on ports below this one are counted but given to nobody; those on port 1 never are.',
      0,
      0,
      65_536,
    ),
    gcInterval: durationSchema(
      'Time between two countings of all swarms, whichever tracker does it.',
      '3m',
    ),
    prometheusReportingInterval: durationSchema(
      'How long the totals that have been read from Redis are good for.',
      '1s',
    ),
    fallback: {
      description:
        'Where announces go while Redis is away: into the memory of this process, and to Redis afterwards; or nowhere, so that they fail.',
      enum: ['none', 'memory'],
      default: 'none',
    },
    fallbackMaxPeers: count(
      'Peers that this process holds at most while Redis is away; each takes some 200 bytes until Redis knows of it.',
      1,
      1_000_000,
    ),
  },
}
