import { describe, expect, it } from 'vitest'
import type { ConfigNote } from '../src/config/problems.ts'
import { ConfigError, formatNote } from '../src/config/problems.ts'
import { readConfig, type ReadConfig } from '../src/config/load-config.ts'
import { temporaryFolder } from '@internal/test-tracker/temporary-folder'

const BASE = `chihaya:
  http:
    addr: ":1"
    max_numwant: 10
  udp: { addr: ":1", private_key: abc }
`

function read(text: string, env: NodeJS.ProcessEnv, folder = '/nowhere'): Promise<ReadConfig> {
  return readConfig({ name: 'c.yaml', path: `${folder}/c.yaml`, text, folder, env })
}

async function problems(text: string, env: NodeJS.ProcessEnv, folder?: string): Promise<string[]> {
  try {
    await read(text, env, folder)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.notes.map(formatNote)
    throw error
  }
}

describe('references in a file', () => {
  const text = (http: string): string => `chihaya:\n  http:\n    addr: "127.0.0.1:1"\n    ${http}\n`

  it.each([
    ['max_numwant: ${N}', { N: '7' }, { maxNumWant: 7 }],
    ['max_numwant: "${N}"', { N: '7' }, { maxNumWant: 7 }],
    ['max_numwant: ${N:-8}', {}, { maxNumWant: 8 }],
    ['max_numwant: ${N:-0}', {}, {}],
    ['enable_keepalive: ${YES}', { YES: 'yes' }, { keepAlive: true }],
    ['compact_default: "${NO}"', { NO: 'false' }, { compactDefault: false }],
    ['real_ip_header: x-${WHO}', { WHO: 'real-ip' }, { realIpHeader: 'x-real-ip' }],
    [
      'trusted_proxies: ${NETS}',
      { NETS: '[10.0.0.0/8, "::1"]' },
      { trustedProxies: ['10.0.0.0/8', '::1'] },
    ],
    ['trusted_proxies: ["${NET}"]', { NET: '10.0.0.0/8' }, { trustedProxies: ['10.0.0.0/8'] }],
    ['announce_routes: ["/${PASS:-x}/announce"]', {}, { announceRoutes: ['/x/announce'] }],
    ['allow_ip_spoofing: ${SPOOF}', { SPOOF: 'true' }, { allowIpSpoofing: true }],
  ])('%s with %j', async (line, env, options) => {
    expect((await read(text(line), env)).tracker.http).toEqual(options)
  })

  it('become durations and addresses where a key needs them', async () => {
    const file =
      'chihaya: { announce_interval: "${T}", udp: { addr: "${ADDR}", private_key: "${KEY}" } }'
    const { tracker, udp } = await read(file, { T: '45m', ADDR: '[::1]:6969', KEY: '0123' })
    expect(tracker).toMatchObject({ announceInterval: '45m', udp: { privateKey: '0123' } })
    expect(udp).toEqual([{ host: '::1', port: 6969, key: 'chihaya.udp.addr' }])
  })

  it.each(['a$b', '$HOME', '$$', 'x${', "p'${}q", '$(x)'])(
    'leave a private key like %s alone',
    async (key) => {
      const { tracker } = await read(
        `chihaya: { udp: { addr: ":1", private_key: ${JSON.stringify(key)} } }`,
        { HOME: '/root' },
      )
      expect(tracker.udp).toEqual({ privateKey: key })
    },
  )

  it('are errors with a place if a variable is unset', async () => {
    const file = 'chihaya:\n  http:\n    addr: "127.0.0.1:${PORT}"\n    max_numwant: ${N-1}\n'
    expect(await problems(file, {})).toEqual([
      'c.yaml:3:22: chihaya.http.addr: ${PORT} has no value, as the environment variable PORT is not set',
      'c.yaml:4:18: chihaya.http.max_numwant: ${N is neither ${N} nor ${N:-default}; write $${ for a plain ${',
    ])
  })

  it('are validated like literal values', async () => {
    expect(await problems(text('max_numwant: ${N}'), { N: 'many' })).toEqual([
      'c.yaml:4:18: chihaya.http.max_numwant must be a whole number of at least 0, not "many"',
    ])
    expect(await problems(text('max_numwant: ${N}'), { N: '[' })).toEqual([
      expect.stringMatching(
        /^c\.yaml:4:18: chihaya\.http\.max_numwant is not YAML after its variables are replaced: /,
      ),
    ])
  })
})

describe('variables that set keys', () => {
  it.each<[NodeJS.ProcessEnv, object]>([
    [{ CHIHAYA_HTTP_MAX_NUMWANT: '5' }, { http: { maxNumWant: 5 } }],
    [{ CHIHAYA_HTTP_MAX_NUMWANT: '' }, { http: {} }],
    [{ CHIHAYA_HTTP_ENABLE_KEEPALIVE: 'on' }, { http: { maxNumWant: 10, keepAlive: true } }],
    [
      { CHIHAYA_HTTP_ANNOUNCE_ROUTES: '[/a, "/b"]' },
      { http: { maxNumWant: 10, announceRoutes: ['/a', '/b'] } },
    ],
    [
      { CHIHAYA_HTTP_ALLOW_IP_SPOOFING: '[10.0.0.0/8]' },
      { http: { maxNumWant: 10, allowIpSpoofing: ['10.0.0.0/8'] } },
    ],
    [{ CHIHAYA_ANNOUNCE_INTERVAL: '1h' }, { announceInterval: '1h' }],
    [{ CHIHAYA_UDP_PRIVATE_KEY: 'x: [y' }, { udp: { privateKey: 'x: [y' } }],
    [{ CHIHAYA_UDP_PRIVATE_KEY: '[new, 123]' }, { udp: { privateKey: ['new', '123'] } }],
    [
      { CHIHAYA_UDP_DROP_SOURCE_PORTS: '[0, 53]' },
      { udp: { privateKey: 'abc', dropSourcePorts: [0, 53] } },
    ],
    [{ CHIHAYA_STORAGE_CONFIG_MAX_PEERS: '9' }, { storage: { options: { maxPeers: 9 } } }],
    [
      { CHIHAYA_STORAGE_CONFIG_PREFERRED_SUBNET_IPV4: '16' },
      { storage: { options: { preferredSubnet: { ipv4: 16 } } } },
    ],
    [
      {
        CHIHAYA_STORAGE_NAME: 'redis',
        CHIHAYA_STORAGE_CONFIG_REDIS_BROKER: 'redis://:p:w@h/0',
        CHIHAYA_STORAGE_CONFIG_TLS: '{ servername: h }',
      },
      { storage: { options: { redisBroker: 'redis://:p:w@h/0', tls: { servername: 'h' } } } },
    ],
    [
      { CHIHAYA_PREHOOKS: '[{ name: client approval, options: { blacklist: [OP1011] } }]' },
      { prehooks: [{ options: { blacklist: ['OP1011'] } }] },
    ],
  ])('%j', async (env, options) => {
    expect((await read(BASE, env)).tracker).toMatchObject(options)
  })

  it('create sections and addresses', async () => {
    const { http, udp, metricsAddress } = await read('chihaya:\n', {
      CHIHAYA_HTTP_ADDR: '[":80", "[::1]:81"]',
      CHIHAYA_UDP_ADDR: '[::]:82',
      CHIHAYA_METRICS_ADDR: '',
    })
    expect(http.map(({ address }) => address)).toEqual([
      { host: '', port: 80, key: 'chihaya.http.addr[0]' },
      { host: '::1', port: 81, key: 'chihaya.http.addr[1]' },
    ])
    expect(udp).toEqual([{ host: '', port: 82, key: 'chihaya.udp.addr' }])
    expect(metricsAddress).toBeUndefined()
  })

  it('do not change a section that shares an anchor', async () => {
    const text = 'chihaya: { http: &x { addr: ":1", max_numwant: 3 }, udp: *x }'
    const { tracker } = await read(text, { CHIHAYA_HTTP_MAX_NUMWANT: '4' })
    expect(tracker).toMatchObject({ http: { maxNumWant: 4 }, udp: { maxNumWant: 3 } })
  })

  it('set any key of a store without a schema', async () => {
    const folder = await temporaryFolder({ 'store.mjs': 'export default async () => {}' })
    const text =
      'chihaya: { udp: { addr: ":1" }, storage: { name: ./store.mjs, config: { a: 1, b: x } } }'
    const { tracker } = await read(
      text,
      { CHIHAYA_STORAGE_CONFIG_A: '2', CHIHAYA_STORAGE_CONFIG_SOME_KEY: '[x]' },
      folder,
    )
    expect(tracker.storage).toMatchObject({ options: { a: 2, b: 'x', some_key: ['x'] } })
  })

  it.each<[NodeJS.ProcessEnv, string | RegExp]>([
    [
      { CHIHAYA_HTTP_ADR: ':1' },
      'CHIHAYA_HTTP_ADR: this variable is not known; did you mean CHIHAYA_HTTP_ADDR?',
    ],
    [
      { CHIHAYA_UPD_ADDR: ':1' },
      'CHIHAYA_UPD_ADDR: this variable is not known; did you mean CHIHAYA_UDP_ADDR?',
    ],
    [
      { CHIHAYA_SOMETHING_ELSE_ENTIRELY: '1' },
      'CHIHAYA_SOMETHING_ELSE_ENTIRELY: this variable is not known; no key of the configuration has this name',
    ],
    [
      { CHIHAYA_HTTP_MAX_NUMWANT: 'x' },
      'CHIHAYA_HTTP_MAX_NUMWANT: chihaya.http.max_numwant must be a whole number of at least 0, not "x"',
    ],
    [
      { CHIHAYA_HTTP_ADDR: '6969' },
      /^CHIHAYA_HTTP_ADDR: chihaya\.http\.addr must be host:port, .*, not "6969"$/,
    ],
    [{ CHIHAYA_PREHOOKS: '[' }, /^CHIHAYA_PREHOOKS: chihaya\.prehooks is not YAML: /],
    [
      { CHIHAYA_PREHOOKS: '[&a {name: jwt}, *a]' },
      'CHIHAYA_PREHOOKS: chihaya.prehooks is not YAML: aliases are for files only',
    ],
    [
      { CHIHAYA_PREHOOKS: '[{}]' },
      'CHIHAYA_PREHOOKS: chihaya.prehooks[0].name must be the name of a hook, not nothing',
    ],
    [
      { CHIHAYA_HTTP_HTTPS_ADDR: ':2' },
      'CHIHAYA_HTTP_HTTPS_ADDR: chihaya.http.https_addr needs tls_cert_path, which is not set',
    ],
    [{ CHIHAYA_UDP_PRIVATE_KEY: '[[x]]' }, /^CHIHAYA_UDP_PRIVATE_KEY: .* not what is there$/],
  ])('are refused: %j', async (env, problem) => {
    expect(await problems(BASE, env)).toContainEqual(
      typeof problem === 'string' ? problem : expect.stringMatching(problem),
    )
  })

  it('are not called unknown below a section that is not one', async () => {
    const text = 'chihaya: { http: { addr: ":1" }, udp: 5 }'
    expect(await problems(text, { CHIHAYA_UDP_MAX_NUMWANT: '7' })).toEqual([
      'c.yaml:1:39: chihaya.udp must be a section of keys, not 5',
    ])
  })

  it('do not include variables that Kubernetes sets for services', async () => {
    const env = {
      CHIHAYA_PORT: 'tcp://10.0.0.1:6969',
      CHIHAYA_SERVICE_HOST: '10.0.0.1',
      CHIHAYA_SERVICE_PORT: '6969',
      CHIHAYA_SERVICE_PORT_BITTORRENT_HTTP: '6969',
      CHIHAYA_PORT_6969_TCP: 'tcp://10.0.0.1:6969',
      CHIHAYA_PORT_6969_UDP_PROTO: 'udp',
      CHIHAYA_UDP_PORT: 'udp://10.0.0.1:6969',
      CHIHAYA_UDP_SERVICE_HOST: '10.0.0.1',
      CHIHAYA_REDIS_PORT_6379_TCP_ADDR: '10.0.0.2',
      // Read by the repository's scripts.
      CHIHAYA_NODE: 'system',
    }
    expect(await problems(BASE, env)).toEqual([])
    expect((await read('chihaya: { http: { addr: ":1" } }', env)).udp).toEqual([])
    expect(await problems(BASE, { CHIHAYA_PORT: '6969' })).toHaveLength(1)
  })
})

describe('secrets from files', () => {
  const secrets = {
    key: 'from a file\n',
    two: 'line\n\n',
    empty: '\n',
    broker: 'redis://:x@h/0\r\n',
    password: ' p ',
  }
  const udp = (lines: string): string => `chihaya: { udp: { addr: ":1", ${lines} } }`

  it.each<[string, NodeJS.ProcessEnv, string]>([
    ['private_key_file: key', {}, 'from a file'],
    ['private_key_file: two', {}, 'line\n'],
    ['private_key: "", private_key_file: key', {}, 'from a file'],
    ['private_key: abc', { CHIHAYA_UDP_PRIVATE_KEY_FILE: 'key' }, 'from a file'],
    ['private_key_file: two', { CHIHAYA_UDP_PRIVATE_KEY: 'own' }, 'own'],
    ['private_key_file: "${WHERE}"', { WHERE: 'key' }, 'from a file'],
  ])('%s with %j', async (lines, env, privateKey) => {
    const folder = await temporaryFolder(secrets)
    expect((await read(udp(lines), env, folder)).tracker.udp).toEqual({ privateKey })
  })

  it('exist for every secret of a store, and every key has a variable for a file', async () => {
    const folder = await temporaryFolder({ ...secrets, n: '77\n' })
    const config =
      'redis_broker_file: broker, sentinel: { name: m, nodes: [a], password_file: password }'
    const text = `chihaya: { udp: { addr: ":1" }, storage: { name: redis, config: { ${config} } } }`
    const env = {
      CHIHAYA_UDP_MAX_NUMWANT_FILE: 'n',
      CHIHAYA_STORAGE_CONFIG_PASSWORD_FILE: `${folder}/password`,
    }
    expect((await read(text, env, folder)).tracker).toMatchObject({
      udp: { maxNumWant: 77 },
      storage: {
        options: { redisBroker: 'redis://:x@h/0', password: ' p ', sentinel: { password: ' p ' } },
      },
    })
  })

  it.each<[string, NodeJS.ProcessEnv, string]>([
    [
      'private_key_file: none',
      {},
      'c.yaml:1:50: chihaya.udp.private_key_file: cannot read none: there is no such file',
    ],
    ['private_key_file: empty', {}, 'c.yaml:1:50: chihaya.udp.private_key_file: empty is empty'],
    [
      'private_key_file: .',
      {},
      'c.yaml:1:50: chihaya.udp.private_key_file: cannot read .: it is a folder',
    ],
    [
      'private_key: a, private_key_file: key',
      {},
      'c.yaml:1:48: chihaya.udp has both private_key and private_key_file',
    ],
    [
      '',
      { CHIHAYA_UDP_PRIVATE_KEY_FILE: 'none' },
      'CHIHAYA_UDP_PRIVATE_KEY_FILE: chihaya.udp.private_key_file: cannot read none: there is no such file',
    ],
    [
      '',
      { CHIHAYA_UDP_PRIVATE_KEY_FILE: 'key', CHIHAYA_UDP_PRIVATE_KEY: 'x' },
      'CHIHAYA_UDP_PRIVATE_KEY_FILE: chihaya.udp has both private_key and private_key_file',
    ],
    [
      '',
      { CHIHAYA_UDP_MAX_NUMWANT_FILE: 'none', CHIHAYA_UDP_MAX_NUMWANT: '1' },
      'CHIHAYA_UDP_MAX_NUMWANT: chihaya.udp.max_numwant is set by CHIHAYA_UDP_MAX_NUMWANT_FILE too',
    ],
    [
      '',
      { CHIHAYA_UDP_MAX_NUMWANT_FILE: 'none' },
      'CHIHAYA_UDP_MAX_NUMWANT_FILE: chihaya.udp.max_numwant: cannot read none: there is no such file',
    ],
  ])('%s with %j is an error', async (lines, env, problem) => {
    const folder = await temporaryFolder(secrets)
    const found = await problems(udp(lines), env, folder)
    expect(found.map((each) => each.replace(/1:\d+/, ''))).toContain(problem.replace(/1:\d+/, ''))
  })
})

it('a note about a variable has no line', async () => {
  const error = await read(BASE, { CHIHAYA_HTTP_ADDR: 'x' }).catch(
    (reason: unknown) => reason as ConfigError,
  )
  const [note] = (error as ConfigError).notes
  expect(note).toEqual<ConfigNote>({
    variable: 'CHIHAYA_HTTP_ADDR',
    key: 'chihaya.http.addr',
    message: expect.any(String) as string,
  })
})
