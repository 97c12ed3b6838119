import { durationSchema, type Duration, type OptionsSchema } from '@chihaya/core'

export interface ListenAddress {
  /** An IP address, or a name to resolve. */
  host: string
  /** 0 lets the system choose. */
  port: number
}

/** When bad connection ids are no longer answered. */
export interface BadConnectionIdBan {
  /** Bad connection ids from one source. @default 100 */
  after?: number
  /** Time within which they are counted. @default '1m' */
  within?: Duration
  /** Duration of the ban. @default '10m' */
  for?: Duration
}

export interface UdpFrontendOptions {
  /**
   * Addresses to listen on, with one socket each. IPv6 addresses, `::` included, receive IPv6 only.
   * The default skips `::` on a host without IPv6.
   * @default [{ host: '0.0.0.0', port: 6969 }, { host: '::', port: 6969 }]
   */
  listen?: ListenAddress[]
  /**
   * Secret for connection ids, of any length. Processes with the same key accept each other's ids.
   * In a list, the first key issues ids and all are accepted. By default each start generates one,
   * and clients must connect again.
   */
  privateKey?: string | string[] | undefined
  /**
   * How often a generated secret is replaced, at most once per `connectionIdLifetime`. Ids of the
   * previous secret remain valid until they expire. 0 means never. @default '24h'
   */
  keyRotation?: Duration
  /**
   * How long a connection id is accepted. BEP 15 asks for 2 minutes, but some clients keep theirs
   * longer. @default '10m'
   */
  connectionIdLifetime?: Duration
  /** How far the clocks of processes with the same key may differ. @default '10s' */
  maxClockSkew?: Duration
  /** Peers for a client that does not ask for a number. @default 50 */
  defaultNumWant?: number
  /** Maximum number of peers in an announce reply. @default 100 */
  maxNumWant?: number
  /**
   * Maximum number of infohashes in a scrape. Less than 74 counts as 74, which BEP 15 lets clients
   * ask for. @default 100
   */
  maxScrapeInfoHashes?: number
  /**
   * Maximum size of an announce reply in bytes. The default passes every IPv6 path unfragmented.
   * @default 1232
   */
  maxReplySize?: number
  /**
   * Sources that may announce an address other than their own: none, loopback and private ones
   * (`true`), or a list of CIDR ranges. @default false
   */
  allowIpSpoofing?: boolean | string[]
  /**
   * Answer clients that announce port 0, which nobody can connect to, instead of refusing them.
   * They are not stored. @default false
   */
  allowUnconnectable?: boolean
  /**
   * Addresses and CIDR ranges of the proxies in front of this tracker, which must put a PROXY header
   * (version 2) into each datagram: it names the client. Datagrams from there without a header are
   * dropped. A header from any other source is not read.
   * @default []
   */
  proxyProtocolFrom?: string[]
  /**
   * Answer action 4, an announce with a 16-byte address, as old versions of opentracker do.
   * @default false
   */
  opentrackerIpv6?: boolean
  /** Drop datagrams with a bad connection id instead of answering an error. @default false */
  silentOnBadConnectionId?: boolean
  /**
   * Stop answering sources (an IPv4 address, an IPv6 /64) that keep sending bad connection ids.
   * Forged datagrams can get a victim banned, so valid ids are always answered. Off by default.
   */
  banBadConnectionIds?: BadConnectionIdBan | undefined
  /** Source ports whose datagrams are dropped, always including 0. @default [0] */
  dropSourcePorts?: number[]
  /** Size of each socket's receive buffer in bytes. The system's default if unset. */
  receiveBufferSize?: number | undefined
  /**
   * Let other processes listen on the same addresses. The system distributes clients among them.
   * @default false
   */
  reusePort?: boolean
  /**
   * How datagrams are received: one by one (`dgram`), or many with one system call (`batch`, on
   * Linux, with `@chihaya/udp-batch`). `auto` uses batching if it is available. @default 'auto'
   */
  transport?: 'auto' | 'batch' | 'dgram'
  /** Time every request, for the application's `requestMeter`. @default false */
  requestTiming?: boolean
  /**
   * When to bind the sockets: in the application's `onReady`, or never, for tests that only inject.
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
      description: 'Peers for a client that does not ask for a number.',
      type: 'integer',
      minimum: 0,
      default: 50,
    },
    maxNumWant: {
      description: 'Maximum number of peers in an announce reply.',
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
        'Sources that may announce an address other than their own: none, loopback and private ones (true), or a list of CIDR ranges.',
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
        'Addresses and CIDR ranges of proxies, which must put a PROXY header (version 2) into each datagram.',
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
      description: 'Drop datagrams with a bad connection id instead of answering an error.',
      type: 'boolean',
      default: false,
    },
    banBadConnectionIds: {
      description: 'Stop answering sources that keep sending bad connection ids. Off by default.',
      type: 'object',
      additionalProperties: false,
      properties: {
        after: {
          description: 'Bad connection ids from one source.',
          type: 'integer',
          minimum: 1,
          default: 100,
        },
        within: durationSchema('Time within which they are counted.', '1m'),
        for: durationSchema('Duration of the ban.', '10m'),
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
      description: "Size of each socket's receive buffer in bytes.",
      type: 'integer',
      minimum: 1,
    },
    reusePort: {
      description:
        'Let other processes listen on the same addresses. The system distributes clients among them.',
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
