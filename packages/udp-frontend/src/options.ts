import { durationSchema, type Duration, type OptionsSchema } from '@chihaya/core'

export interface ListenAddress {
  /** An address, or a name that the system resolves. */
  host: string
  /** 0 lets the system choose one. */
  port: number
}

/** When datagrams with bad connection ids are no longer answered. */
export interface BadConnectionIdBan {
  /** How many of them. @default 100 */
  after?: number
  /** The time in which so many come from one source. @default '1m' */
  within?: Duration
  /** How long the silence lasts. @default '10m' */
  for?: Duration
}

export interface UdpFrontendOptions {
  /**
   * Where to listen; one socket each. An IPv6 address takes IPv6 datagrams alone, `::` included.
   * The default skips `::` on a host without IPv6. @default [{ host: '0.0.0.0', port: 6969 }, {
   * host: '::', port: 6969 }]
   */
  listen?: ListenAddress[]
  /**
   * Secret behind the connection ids, of any length. Processes with the same key accept each
   * other's ids. Of a list the first issues ids, and all are accepted. Without one, each start
   * makes its own, and clients have to connect again after it.
   */
  privateKey?: string | string[] | undefined
  /**
   * How often a secret that the start has made is replaced; ids of the former one stay good for
   * their lifetime, which is also the least there can be between two. 0 is never. @default '24h'
   */
  keyRotation?: Duration
  /**
   * How long a connection id is accepted. BEP 15 asks for 2 minutes; some clients keep theirs for
   * longer. @default '10m'
   */
  connectionIdLifetime?: Duration
  /** How far the clocks of processes with the same key may differ. @default '10s' */
  maxClockSkew?: Duration
  /** Peers for a client that leaves the number to the tracker. @default 50 */
  defaultNumWant?: number
  /** Peers in an announce reply at most. @default 100 */
  maxNumWant?: number
  /**
   * Infohashes in a scrape at most. Less than 74 counts as 74, as BEP 15 lets clients ask for that
   * many. @default 100
   */
  maxScrapeInfoHashes?: number
  /**
   * Bytes of an announce reply at most; the default passes every IPv6 path in one piece. @default
   * 1232
   */
  maxReplySize?: number
  /**
   * Who may announce another address than its own: nobody, loopback and private sources (`true`),
   * or the sources in a list of CIDR ranges. @default false
   */
  allowIpSpoofing?: boolean | string[]
  /**
   * Answer clients that announce port 0, which nobody can connect to, instead of refusing them;
   * they are not stored. @default false
   */
  allowUnconnectable?: boolean
  /**
   * The proxies in front of this tracker, as addresses and CIDR ranges, that put a PROXY header
   * (version 2) into each datagram: the client is the one it names. Datagrams from there without a
   * header are dropped, and nobody else's header is believed.
   * @default []
   */
  proxyProtocolFrom?: string[]
  /**
   * Answer action 4, an announce with 16 bytes for its address that old versions of opentracker
   * understood. @default false
   */
  opentrackerIpv6?: boolean
  /** Leave datagrams with a bad connection id without an answer. @default false */
  silentOnBadConnectionId?: boolean
  /**
   * Silence for sources (an IPv4 address, an IPv6 /64) that keep sending bad connection ids.
   * Whoever forges their addresses can bring it upon others, so ids that are good are answered
   * whatever happens. Off unless set.
   */
  banBadConnectionIds?: BadConnectionIdBan | undefined
  /** Source ports whose datagrams are dropped; 0 always is one. @default [0] */
  dropSourcePorts?: number[]
  /** Bytes of each socket's receive buffer; the system's own default when absent. */
  receiveBufferSize?: number | undefined
  /**
   * Let other processes listen on the same addresses; the system spreads clients over them.
   * @default false
   */
  reusePort?: boolean
  /**
   * How datagrams are received: one by one (`dgram`), or many with one call of the system (`batch`,
   * on Linux, by `@chihaya/udp-batch`). `auto` takes batches where the platform has them. @default
   * 'auto'
   */
  transport?: 'auto' | 'batch' | 'dgram'
  /** Take the time of every request, for the application's `requestMeter`. @default false */
  requestTiming?: boolean
  /**
   * When sockets are bound: with the application's `onReady`, or never, for tests that only inject.
   * @default 'onReady'
   */
  bind?: 'onReady' | false
}

const PORT = { type: 'integer', minimum: 0, maximum: 65_535 } as const

export const optionsSchema: OptionsSchema<UdpFrontendOptions> = {
  type: 'object',
  additionalProperties: false,
  properties: {
    listen: {
      description:
        'Where to listen; one socket each. An IPv6 address takes IPv6 datagrams only. The default skips :: on a host without IPv6.',
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['host', 'port'],
        properties: { host: { type: 'string', minLength: 1 }, port: PORT },
      },
      default: [
        { host: '0.0.0.0', port: 6969 },
        { host: '::', port: 6969 },
      ],
    },
    privateKey: {
      description:
        'Secret behind the connection ids, of any length. Of a list, the first issues ids and all are accepted. Processes that share an address need the same. By default each start generates one.',
      type: ['string', 'array'],
      items: { type: 'string', minLength: 1, writeOnly: true },
      minItems: 1,
      writeOnly: true,
    },
    keyRotation: durationSchema(
      'How often a generated secret is replaced, but no sooner than ids expire; 0 is never.',
      '24h',
    ),
    connectionIdLifetime: durationSchema(
      'How long a connection id is accepted. BEP 15 asks for two minutes, but some clients keep theirs longer.',
      '10m',
    ),
    maxClockSkew: durationSchema(
      'How far the clocks of processes with the same key may differ.',
      '10s',
    ),
    defaultNumWant: {
      description: 'Peers for a client that leaves the number to the tracker.',
      type: 'integer',
      minimum: 0,
      default: 50,
    },
    maxNumWant: {
      description: 'Peers in an announce reply at most.',
      type: 'integer',
      minimum: 0,
      default: 100,
    },
    maxScrapeInfoHashes: {
      description:
        'Infohashes in a scrape at most; longer scrapes are refused. Less than 74 counts as 74.',
      type: 'integer',
      minimum: 1,
      // As many as the longest datagram holds.
      maximum: 3274,
      default: 100,
    },
    maxReplySize: {
      description:
        'Bytes of an announce reply at most. The default fits the IPv6 minimum MTU: 202 peers over IPv4, 67 over IPv6.',
      type: 'integer',
      minimum: 128,
      maximum: 65_507,
      default: 1232,
    },
    allowIpSpoofing: {
      description:
        'Who may announce another address: nobody, loopback and private sources, or a list of CIDR ranges.',
      type: ['boolean', 'array'],
      items: { type: 'string' },
      default: false,
    },
    allowUnconnectable: {
      description:
        'Answer clients that announce port 0 instead of refusing them; they are not stored. A client that stops never needs a port.',
      type: 'boolean',
      default: false,
    },
    proxyProtocolFrom: {
      description:
        'Addresses and CIDR ranges of proxies that put a PROXY header (version 2) into each datagram, and have to.',
      type: 'array',
      items: { type: 'string' },
      default: [],
    },
    opentrackerIpv6: {
      description:
        'Answer action 4, an announce with 16 bytes for its address, which old versions of opentracker understood.',
      type: 'boolean',
      default: false,
    },
    silentOnBadConnectionId: {
      description: 'Leave datagrams with a bad connection id without an answer.',
      type: 'boolean',
      default: false,
    },
    banBadConnectionIds: {
      description: 'Silence for sources that keep sending bad connection ids. Off unless set.',
      type: 'object',
      additionalProperties: false,
      properties: {
        after: {
          description: 'Bad connection ids from one source.',
          type: 'integer',
          minimum: 1,
          default: 100,
        },
        within: durationSchema('Time in which they come.', '1m'),
        for: durationSchema('How long the silence lasts.', '10m'),
      },
    },
    dropSourcePorts: {
      description:
        'Source ports whose datagrams are dropped, such as 7, 19, 53 and 123; 0 is always dropped.',
      type: 'array',
      items: PORT,
      default: [0],
    },
    receiveBufferSize: {
      description: "Bytes of each socket's receive buffer.",
      type: 'integer',
      minimum: 1,
    },
    reusePort: {
      description:
        'Let other processes listen on the same addresses; the system spreads clients over them.',
      type: 'boolean',
      default: false,
    },
    transport: {
      description:
        'How datagrams are received: one by one (dgram), or in batches (batch, on Linux, by @chihaya/udp-batch). auto uses batches where available.',
      enum: ['auto', 'batch', 'dgram'],
      default: 'auto',
    },
    requestTiming: {
      description: 'Measure every request, for metrics.',
      type: 'boolean',
      default: false,
    },
    bind: {
      description:
        "When sockets are bound: 'onReady', or false for never, in tests that only inject.",
      enum: ['onReady', false],
      default: 'onReady',
    },
  },
}
