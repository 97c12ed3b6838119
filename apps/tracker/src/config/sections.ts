import { durationSchema, optionsSchema as coreSchema, parseDuration, type Duration, type JsonSchema } from '@chihaya/core'
import { optionsSchema as httpSchema } from '@chihaya/http-frontend'
import { optionsSchema as memorySchema } from '@chihaya/storage-memory'
import { optionsSchema as udpSchema } from '@chihaya/udp-frontend'
import { isScalar } from 'yaml'
import { readAddresses } from './listen-address.ts'
import { networksKey } from './networks.ts'
import { describeNode } from './reader.ts'
import { yamlSchema, type Spelling, type YamlKey, type YamlSchema } from './yaml-schema.ts'

const FRONTEND_NAMES = {
  defaultNumWant: 'default_numwant',
  maxNumWant: 'max_numwant',
  maxScrapeInfoHashes: 'max_scrape_infohashes',
}
const FRONTEND_NUMBERS = Object.values(FRONTEND_NAMES)
const NETWORK_KEYS = ['allow_ip_spoofing', 'trusted_proxies']
const PATH = 'a path such as /announce, /:passkey/announce or /announce/*rest'

const addresses: YamlKey = { option: 'addresses', schema: { description: 'Where to listen.' }, read: readAddresses }
const requestTiming: YamlKey = { option: 'requestTiming', schema: { type: 'boolean' } }

function text(option: string, description: string): YamlKey {
  return { option, schema: { type: 'string', description } }
}

function duration(option: string, description: string, defaultValue: string): YamlKey {
  return { option, schema: durationSchema(description, defaultValue) }
}

/** A part with rules of its own, which is handed on as it is. */
function subsection(option: string): YamlKey {
  return { option, schema: {}, read: (_reader, place) => place }
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
      reader.problem(node, path, `${path} must be at least 1s, not ${describeNode(node, path)}${unit}`)
    },
  }
}

/** Keys of `chihaya`, beside the sections. */
const root: YamlSchema = withKeys(
  wholeSeconds,
  ['announce_interval'],
  yamlSchema(coreSchema as unknown as JsonSchema, {
    chihaya: ['announce_interval', 'min_announce_interval', 'metrics_addr'],
    extra: {
      metrics_addr: text('metricsAddress', 'Where metrics are served.'),
      http: subsection('http'),
      udp: subsection('udp'),
      storage: subsection('storage'),
      prehooks: subsection('prehooks'),
      posthooks: subsection('posthooks'),
    },
  }),
)

const http: YamlSchema = withKeys(
  networksKey,
  NETWORK_KEYS,
  yamlSchema(httpSchema as unknown as JsonSchema, {
    names: { ...FRONTEND_NAMES, keepAlive: 'enable_keepalive' },
    allowed: {
      announce_routes: PATH,
      scrape_routes: PATH,
      real_ip_header: 'the name of a header, such as x-forwarded-for',
      allow_ip_spoofing: 'true, false or a list of networks',
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
      addr: addresses,
      https_addr: { ...addresses, option: 'httpsAddresses' },
      tls_cert_path: text('tlsCertPath', 'The certificate and its chain, in PEM.'),
      tls_key_path: text('tlsKeyPath', "The certificate's private key, in PEM."),
      read_timeout: duration('readTimeout', 'Time for a request to arrive in full.', '5s'),
      write_timeout: duration('writeTimeout', 'Time a connection may stand still while it is answered.', '5s'),
      idle_timeout: duration('idleTimeout', 'Time a connection is kept for the next request.', '30s'),
      enable_request_timing: requestTiming,
    },
  }),
)

const udp: YamlSchema = withKeys(
  networksKey,
  NETWORK_KEYS,
  yamlSchema(udpSchema as unknown as JsonSchema, {
    names: FRONTEND_NAMES,
    hidden: ['listen', 'bind'],
    allowed: { allow_ip_spoofing: 'true, false or a list of networks' },
    chihaya: [...FRONTEND_NUMBERS, 'addr', 'private_key', 'max_clock_skew'],
    extra: { addr: addresses, enable_request_timing: requestTiming },
  }),
)

const storage: YamlSchema = {
  schema: {},
  keys: new Map<string, YamlKey>([
    ['name', { option: 'name', schema: { type: 'string' }, chihaya: true }],
    ['config', subsection('config')],
  ]),
}

const memory: YamlSchema = yamlSchema(memorySchema as unknown as JsonSchema, { chihaya: ['gc_interval', 'peer_lifetime'] })

/** How `config` of a store is spelt, where the store's package is loaded only if the file names it. */
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

/** A schema some of whose keys are read in a way of their own. */
function withKeys(change: (key: YamlKey) => YamlKey, names: readonly string[], schema: YamlSchema): YamlSchema {
  const keys = new Map(schema.keys)
  for (const name of names) {
    const key = keys.get(name)
    if (key) keys.set(name, change(key))
  }
  return { ...schema, keys }
}
