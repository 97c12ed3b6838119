import {
  durationSchema,
  optionsSchema as coreSchema,
  parseDuration,
  type Duration,
  type JsonSchema,
} from '@chihaya/core'
import { optionsSchema as httpSchema } from '@chihaya/http-frontend'
import { optionsSchema as statusSchema } from '@chihaya/status'
import { optionsSchema as memorySchema } from '@chihaya/storage-memory'
import { optionsSchema as udpSchema } from '@chihaya/udp-frontend'
import { isScalar } from 'yaml'
import { readAddresses, readHttpAddresses } from './listen-address.ts'
import { readMetricsAddress } from './metrics-address.ts'
import { networksKey } from './networks.ts'
import { describeNode } from './reader.ts'
import { yamlSchema, type Spelling, type YamlKey, type YamlSchema } from './yaml-schema.ts'

const FRONTEND_NAMES = {
  requestTiming: 'enable_request_timing',
  defaultNumWant: 'default_numwant',
  maxNumWant: 'max_numwant',
  maxScrapeInfoHashes: 'max_scrape_infohashes',
}
const FRONTEND_NUMBERS = ['default_numwant', 'max_numwant', 'max_scrape_infohashes']
const NETWORKS = 'a list of networks'
const PATH = 'a path such as /announce, /:passkey/announce or /announce/*rest'

const addresses: YamlKey = {
  option: 'addresses',
  schema: {
    description:
      'Where to listen: host:port, or a list of these. :6969, 0.0.0.0:6969 and [::]:6969 all mean every address.',
    type: ['string', 'array'],
    items: { type: 'string' },
    examples: [':6969', '192.0.2.1:6969', '[2001:db8::1]:6969'],
  },
  allowed: 'an address, or a list of addresses',
  read: readAddresses,
}

const httpAddresses: YamlKey = {
  ...addresses,
  schema: {
    ...addresses.schema,
    description:
      'Where to listen: host:port, unix:/path of a Unix socket, or a list of these. :6969, 0.0.0.0:6969 and [::]:6969 all mean every address.',
    examples: [...(addresses.schema.examples ?? []), 'unix:/run/chihaya/http.sock'],
  },
  read: readHttpAddresses,
}

function text(option: string, description: string): YamlKey {
  return { option, schema: { type: 'string', description } }
}

function duration(option: string, description: string, defaultValue: string): YamlKey {
  return { option, schema: durationSchema(description, defaultValue) }
}

function count(option: string, description: string, defaultValue: number): YamlKey {
  return { option, schema: { type: 'integer', minimum: 0, description, default: defaultValue } }
}

/** A part with rules of its own, which is handed on as it is. */
function subsection(option: string, description: string): YamlKey {
  return {
    option,
    section: true,
    schema: { description, type: 'object' },
    read: (_reader, place) => place,
  }
}

/** A list of hooks, which is handed on as it is. */
function hooks(option: string, description: string): YamlKey {
  return {
    option,
    schema: { description, type: 'array', default: [] },
    read: (_reader, place) => place,
  }
}

/** A key of an old file that sets nothing here. */
function ignored(instead: string, schema: JsonSchema = {}): YamlKey {
  return { option: '', schema, deprecated: `this has no effect; ${instead}`, read: () => undefined }
}

/** A key of `storage.config` that old files have beside `name`, which is handed on as it is. */
function misplaced(option: string): YamlKey {
  const deprecated = 'write it in config, beside name'
  return {
    option,
    section: true,
    schema: {},
    deprecated,
    level: 'info',
    read: (_reader, place) => place,
  }
}

/** Clients are told whole seconds. */
function wholeSeconds(key: YamlKey): YamlKey {
  return {
    ...key,
    read(reader, place, path) {
      const value = reader.value(place, key, path) as Duration | undefined
      if (value === undefined || parseDuration(value) >= 1000) return value
      const node = reader.node(place) ?? place.key
      const unit = isScalar(node) && typeof node.value === 'number' ? ' nanoseconds' : ''
      reader.problem(
        node,
        path,
        `${path} must be at least 1s, not ${describeNode(node, path)}${unit}`,
      )
    },
  }
}

const metricsAddress: YamlKey = {
  option: 'metricsAddress',
  schema: {
    description:
      'Where /metrics, /healthz, /readyz, /stats and /stats.json are served; "" for nowhere. When the key is absent, a port in use is only a warning.',
    type: 'string',
    default: '127.0.0.1:6880',
    examples: ['127.0.0.1:6880', '0.0.0.0:6880'],
  },
  allowed: 'an address, or ""',
  read: readMetricsAddress,
}

/** Keys of `chihaya`, beside the sections. */
const root: YamlSchema = withKeys(
  wholeSeconds,
  ['announce_interval'],
  yamlSchema(coreSchema as unknown as JsonSchema, {
    chihaya: ['announce_interval', 'min_announce_interval'],
    extra: {
      metrics_addr: metricsAddress,
      metrics_torrents: {
        option: 'torrents',
        schema: {
          description:
            'Serve /torrents.json, the largest torrents, and /torrents/INFOHASH.json at metrics_addr. They tell which torrents there are.',
          type: 'boolean',
          default: false,
        },
      },
      stats_origins: {
        option: 'statsOrigins',
        schema: {
          ...statusSchema.properties.statsOrigins,
          description:
            'Origins whose pages may read /stats.json wherever it is served (CORS); "*" is every page.',
        },
        allowed: 'a list of origins such as https://example.org, or ["*"]',
      },
      prometheus_addr: { ...metricsAddress, deprecated: 'write metrics_addr' },
      http: subsection(
        'http',
        'HTTP announces and scrapes. Without this section, or without an address in it, there are none.',
      ),
      udp: subsection(
        'udp',
        'UDP announces and scrapes. Without this section, or without an address in it, there are none.',
      ),
      storage: subsection('storage', 'Where swarms are kept.'),
      prehooks: hooks('prehooks', 'Middleware, in the order it runs.'),
      posthooks: hooks('posthooks', 'Middleware that comes after all of prehooks.'),
      max_numwant: ignored('write it under http and under udp'),
      default_numwant: ignored('write it under http and under udp'),
      max_scrape_infohashes: ignored('write it under http and under udp'),
      allow_ip_spoofing: ignored('write it under http and under udp'),
    },
  }),
)

const http: YamlSchema = withKeys(
  networksKey,
  ['allow_ip_spoofing', 'trusted_proxies', 'full_scrape_from'],
  addressesFirst(httpSchema as unknown as JsonSchema, {
    names: { ...FRONTEND_NAMES, keepAlive: 'enable_keepalive' },
    allowed: {
      announce_routes: PATH,
      scrape_routes: PATH,
      real_ip_header: 'the name of a header, such as x-forwarded-for',
      allow_ip_spoofing: 'true, false or a list of networks',
      trusted_proxies: NETWORKS,
      full_scrape_from: NETWORKS,
    },
    chihaya: [
      ...FRONTEND_NUMBERS,
      'addr',
      'https_addr',
      'tls_cert_path',
      'tls_key_path',
      'read_timeout',
      'write_timeout',
      'idle_timeout',
      'real_ip_header',
    ],
    extra: {
      addr: httpAddresses,
      https_addr: { ...addresses, option: 'httpsAddresses' },
      tls_cert_path: text('tlsCertPath', 'The certificate and its chain, in PEM.'),
      tls_key_path: text('tlsKeyPath', "The certificate's private key, in PEM."),
      read_timeout: duration('readTimeout', 'Time for a request to arrive in full.', '5s'),
      write_timeout: duration(
        'writeTimeout',
        'Time a connection may stand still while it is answered.',
        '5s',
      ),
      idle_timeout: duration(
        'idleTimeout',
        'Time a connection is kept for the next request.',
        '30s',
      ),
      unix_mode: {
        option: 'unixMode',
        schema: {
          description: 'Who may connect to Unix sockets: permissions in octal.',
          type: 'string',
          pattern: '^0?[0-7]{3}$',
          default: '660',
          examples: ['660', '666'],
        },
      },
      max_connections: count(
        'maxConnections',
        'Connections at a time, at all addresses together; 0 for no limit. The longest idle one ends for one too many. Those of trusted_proxies do not count where real_ip_header is set.',
        10_000,
      ),
      max_connections_per_ip: {
        option: 'maxConnectionsPerIp',
        schema: {
          description:
            'The same from one IPv4 address or IPv6 /64. By default a tenth of max_connections, and 100 at least, as providers put many customers behind one address.',
          type: 'integer',
          minimum: 0,
        },
      },
      proxy_protocol_from: networksKey(
        {
          option: 'proxyProtocolFrom',
          schema: {
            description:
              'Addresses and CIDR ranges of proxies whose connections begin with a header of the PROXY protocol, version 1 or 2, and have to; unix: for Unix sockets.',
            type: 'array',
            items: { type: 'string' },
            default: [],
            examples: [['192.0.2.1'], ['10.0.0.0/8', 'unix:']],
          },
        },
        ['unix:'],
      ),
      stats: {
        option: 'stats',
        schema: {
          description:
            'Serve /stats and /stats.json at the addresses of the tracker, too, not only at metrics_addr.',
          type: 'boolean',
          default: false,
        },
      },
      enable_legacy_php_urls: {
        option: 'legacyPhpUrls',
        schema: {
          description: 'Answer announces at /announce.php and scrapes at /scrape.php, too.',
          type: 'boolean',
        },
        deprecated:
          'write announce_routes and scrape_routes, with /announce.php and /scrape.php if you need them',
      },
      request_timeout: ignored('write read_timeout'),
    },
  }),
)

const udp: YamlSchema = withKeys(
  networksKey,
  ['allow_ip_spoofing', 'proxy_protocol_from'],
  addressesFirst(udpSchema as unknown as JsonSchema, {
    names: { ...FRONTEND_NAMES, keyRotation: 'private_key_rotation' },
    hidden: ['listen', 'bind'],
    allowed: { allow_ip_spoofing: 'true, false or a list of networks' },
    chihaya: [...FRONTEND_NUMBERS, 'addr', 'private_key', 'max_clock_skew'],
    extra: { addr: addresses },
  }),
)

const storageName: JsonSchema = {
  description: 'memory, redis, the path of a module that begins with ./ or /, or an npm package.',
  type: 'string',
  default: 'memory',
  examples: ['memory', 'redis', './my-store.js'],
}

const storage: YamlSchema = {
  schema: {},
  keys: new Map<string, YamlKey>([
    ['name', { option: 'name', schema: storageName, chihaya: true }],
    ['config', subsection('config', 'What the store is told.')],
    ['gc_interval', misplaced('gcInterval')],
    ['peer_lifetime', misplaced('peerLifetime')],
    ['shards', ignored('leave it out')],
    ['shard_count', ignored('leave it out')],
    ['prometheus_reporting_interval', ignored('with Redis, write it in config, beside name')],
    ['max_numwant', ignored('write it under http and under udp')],
  ]),
}

const memory: YamlSchema = yamlSchema(memorySchema as unknown as JsonSchema, {
  chihaya: ['gc_interval', 'peer_lifetime'],
  deprecated: {
    shard_count: 'this has no effect, as the store has nothing to shard; leave it out',
    prometheus_reporting_interval:
      'this has no effect, as totals are kept at all times; leave it out',
  },
  extra: { shards: ignored('leave it out') },
})

/**
 * How `config` of a store is spelt, where the store's package is loaded only if the file names it.
 */
export const STORAGE_SPELLINGS: ReadonlyMap<string, Spelling> = new Map([
  [
    'redis',
    {
      hidden: ['client', 'closeClient'],
      chihaya: [
        'gc_interval',
        'peer_lifetime',
        'prometheus_reporting_interval',
        'redis_broker',
        'redis_read_timeout',
        'redis_write_timeout',
        'redis_connect_timeout',
      ],
    },
  ],
])

/** What each section of the file may hold. */
export const sections: {
  readonly root: YamlSchema
  readonly http: YamlSchema
  readonly udp: YamlSchema
  readonly storage: YamlSchema
  readonly memory: YamlSchema
} = { root, http, udp, storage, memory }

/** The keys of a frontend, beginning with where it listens. */
function addressesFirst(schema: JsonSchema, spelling: Spelling): YamlSchema {
  const whole = yamlSchema(schema, spelling)
  const keys = [...(whole.keys ?? [])]
  const isAddress = ([name]: readonly [string, YamlKey]): boolean =>
    /^(https_)?addr$|^tls_/.test(name)
  return {
    ...whole,
    keys: new Map([...keys.filter(isAddress), ...keys.filter((entry) => !isAddress(entry))]),
  }
}

/** A schema some of whose keys are read in a way of their own. */
function withKeys(
  change: (key: YamlKey) => YamlKey,
  names: readonly string[],
  schema: YamlSchema,
): YamlSchema {
  const keys = new Map(schema.keys)
  for (const name of names) {
    const key = keys.get(name)
    if (key) keys.set(name, change(key))
  }
  return { ...schema, keys }
}
