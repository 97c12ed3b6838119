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
import { addresses, httpAddresses, metricsAddress, networks } from './address-keys.ts'
import { yamlSchema, type Spelling, type YamlKey, type YamlSchema } from './spelling.ts'

const FRONTEND_NAMES = {
  requestTiming: 'enable_request_timing',
  defaultNumWant: 'default_numwant',
  maxNumWant: 'max_numwant',
  maxScrapeInfoHashes: 'max_scrape_infohashes',
}
const FRONTEND_NUMBERS = ['default_numwant', 'max_numwant', 'max_scrape_infohashes']
const PATH = 'a path such as /announce, /:passkey/announce or /announce/*rest'
const HOOKS = 'a list of hooks, each with a name and options'
const SPOOFING = 'true, false or a list of networks'
const MIN_ANNOUNCE_INTERVAL = '1s'

function text(option: string, description: string): YamlKey {
  return { option, schema: { type: 'string', description } }
}

function duration(option: string, description: string, defaultValue: string): YamlKey {
  return { option, schema: durationSchema(description, defaultValue) }
}

function count(option: string, description: string, defaultValue: number): YamlKey {
  return { option, schema: { type: 'integer', minimum: 0, description, default: defaultValue } }
}

/** A section that is described elsewhere. */
function subsection(option: string, description: string): YamlKey {
  return { option, section: true, schema: { description, type: 'object' } }
}

function hooks(option: string, description: string): YamlKey {
  const schema = { description, type: 'array', default: [] }
  return { option, schema, allowed: HOOKS, summary: 'a list' }
}

/** A key of an old file that has no effect. */
function ignored(instead: string): YamlKey {
  return { option: '', schema: {}, deprecated: `this has no effect; ${instead}` }
}

/** A key of `storage.config` that old files have beside `name`. */
function misplaced(option: string): YamlKey {
  const deprecated = 'write it in config, beside name'
  return { option, section: true, schema: {}, deprecated, level: 'info', movesTo: 'config' }
}

/** Clients are told whole seconds. */
function wholeSeconds(key: YamlKey): YamlKey {
  const least = parseDuration(MIN_ANNOUNCE_INTERVAL)
  return {
    ...key,
    rule: {
      accepts: (value) => (durationOf(value) ?? least) >= least,
      allowed: () => `at least ${MIN_ANNOUNCE_INTERVAL}`,
    },
  }
}

/** Milliseconds; undefined for anything that is not a duration. */
function durationOf(value: unknown): number | undefined {
  try {
    return parseDuration(value as Duration)
  } catch {
    return undefined
  }
}

/** The keys of `chihaya`. */
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
            'Serve /torrents.json, the largest torrents, and /torrents/INFOHASH.json at metrics_addr. They reveal which torrents exist.',
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
        'HTTP announces and scrapes. Off without this section, or without an address in it.',
      ),
      udp: subsection(
        'udp',
        'UDP announces and scrapes. Off without this section, or without an address in it.',
      ),
      storage: subsection('storage', 'Where swarms are kept.'),
      prehooks: hooks('prehooks', 'Middleware, in the order it runs.'),
      posthooks: hooks('posthooks', 'Middleware that runs after all of prehooks.'),
      max_numwant: ignored('write it under http and under udp'),
      default_numwant: ignored('write it under http and under udp'),
      max_scrape_infohashes: ignored('write it under http and under udp'),
      allow_ip_spoofing: ignored('write it under http and under udp'),
    },
  }),
)

const http: YamlSchema = withKeys(
  networks,
  ['allow_ip_spoofing', 'trusted_proxies', 'full_scrape_from'],
  addressesFirst(httpSchema as unknown as JsonSchema, {
    names: { ...FRONTEND_NAMES, keepAlive: 'enable_keepalive' },
    allowed: {
      announce_routes: PATH,
      scrape_routes: PATH,
      real_ip_header: 'the name of a header, such as x-forwarded-for',
      allow_ip_spoofing: SPOOFING,
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
        'Time that a connection may stall while it is answered.',
        '5s',
      ),
      idle_timeout: duration(
        'idleTimeout',
        'Time that a connection is kept open for the next request.',
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
        'Connections at a time over all addresses; 0 for no limit. One more closes the connection that has been idle longest. Those of trusted_proxies do not count if real_ip_header is set.',
        10_000,
      ),
      max_connections_per_ip: {
        option: 'maxConnectionsPerIp',
        schema: {
          description:
            'The same for one IPv4 address or IPv6 /64. By default a tenth of max_connections, but at least 100, as providers put many customers behind one address.',
          type: 'integer',
          minimum: 0,
        },
      },
      proxy_protocol_from: networks(
        {
          option: 'proxyProtocolFrom',
          schema: {
            description:
              'Addresses and CIDR ranges of proxies whose connections must begin with a PROXY protocol header, version 1 or 2; unix: for Unix sockets.',
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
            'Serve /stats and /stats.json at the addresses of the tracker too, beside metrics_addr.',
          type: 'boolean',
          default: false,
        },
      },
      enable_legacy_php_urls: {
        option: 'legacyPhpUrls',
        schema: {
          description: 'Answer announces at /announce.php and scrapes at /scrape.php too.',
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
  networks,
  ['allow_ip_spoofing', 'proxy_protocol_from'],
  addressesFirst(udpSchema as unknown as JsonSchema, {
    names: { ...FRONTEND_NAMES, keyRotation: 'private_key_rotation' },
    hidden: ['listen', 'bind'],
    allowed: { allow_ip_spoofing: SPOOFING },
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
    ['config', subsection('config', 'Options of the store.')],
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
      'this has no effect, as totals are always up to date; leave it out',
  },
  extra: { shards: ignored('leave it out') },
})

/** The spelling of `config` for stores that are loaded only if a file names them. */
const STORE_SPELLINGS: ReadonlyMap<string, Spelling> = new Map([
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

/** What may be under `chihaya`, apart from the options of stores and hooks. */
export const chihayaSection: YamlSchema = withParts(root, { http, udp, storage })

/** `storage` with the store that is the default. */
export const memoryStorage: YamlSchema = withParts(storage, { config: memory })

/** What `config` of a store may hold; undefined if its package has no schema. */
export function storeSection(
  name: string,
  optionsSchema: JsonSchema | undefined,
): YamlSchema | undefined {
  if (name === 'memory') return memory
  return optionsSchema && yamlSchema(optionsSchema, STORE_SPELLINGS.get(name))
}

/** A section with other schemas for some of its keys. */
export function withParts(
  section: YamlSchema,
  parts: Readonly<Record<string, YamlSchema | YamlKey>>,
): YamlSchema {
  const keys = [...(section.keys ?? [])].map(([name, key]): [string, YamlKey] => [
    name,
    { ...key, ...parts[name] },
  ])
  return { ...section, keys: new Map(keys) }
}

/** The keys of a frontend, addresses first. */
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

function withKeys(
  change: (key: YamlKey) => YamlKey,
  names: readonly string[],
  schema: YamlSchema,
): YamlSchema {
  const keys = [...(schema.keys ?? [])].map(([name, key]): [string, YamlKey] => [
    name,
    names.includes(name) ? change(key) : key,
  ])
  return { ...schema, keys: new Map(keys) }
}
