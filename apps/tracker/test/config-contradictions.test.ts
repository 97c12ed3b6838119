import Fastify from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { trackerPlugin, type TrackerOptions } from '../src/index.ts'
import { readConfig } from '../src/config/load-config.ts'
import { inSection, warningsOf } from './read-text.ts'
import { temporaryFolder } from '@internal/test-tracker/temporary-folder'

const SECRET = '0123456789abcdef0123456789abcdef'

/** The warnings of a configuration, without those about absent numbers and secrets. */
async function contradictionsOf(text: string): Promise<string[]> {
  const warnings = await warningsOf(text)
  return warnings.filter(
    (warning) => !/ leaves these to their defaults| not set, so each start/.test(warning),
  )
}

function ofStore(name: string, config: string, core = ''): string {
  return `chihaya:\n  udp: { addr: ":1", private_key: ${SECRET} }\n  ${core}\n  storage:\n    name: ${name}\n    config: { ${config} }\n`
}

describe('contradictory settings', () => {
  it.each([
    [
      'memory',
      'peer_lifetime: 29m',
      '',
      '6:15 chihaya.storage.config.peer_lifetime: peer_lifetime, 29m is not longer than announce_interval, 30m by default: peers vanish before they announce again',
    ],
    [
      'redis',
      'peer_lifetime: 1m',
      'announce_interval: 5m',
      '6:15 chihaya.storage.config.peer_lifetime: peer_lifetime, 1m is not longer than announce_interval, 5m: peers vanish before they announce again',
    ],
    [
      'memory',
      '',
      'announce_interval: 46m',
      '3:3 chihaya.announce_interval: peer_lifetime, 46m by default is not longer than announce_interval, 46m: peers vanish before they announce again',
    ],
    [
      'redis',
      '',
      'announce_interval: 2h',
      '3:3 chihaya.announce_interval: peer_lifetime, 46m by default is not longer than announce_interval, 2h: peers vanish before they announce again',
    ],
    [
      'memory',
      'gc_interval: 50m',
      '',
      '6:15 chihaya.storage.config.gc_interval: 50m is more than peer_lifetime, 46m by default; expired peers stay in swarms until the next collection',
    ],
    [
      'memory',
      'max_peers: 10, max_swarms: 20',
      '',
      '6:30 chihaya.storage.config.max_swarms: 20 is more than max_peers, 10; it is never reached, as each swarm has a peer',
    ],
    [
      'memory',
      'max_peers: 10, max_peers_per_swarm: 11',
      '',
      '6:30 chihaya.storage.config.max_peers_per_swarm: 11 is more than max_peers, 10; a single swarm may take them all',
    ],
    [
      'redis',
      'downloaded_lifetime: 40m',
      '',
      '6:15 chihaya.storage.config.downloaded_lifetime: 40m is less than peer_lifetime, 46m by default; downloads are forgotten while peers are still there',
    ],
    [
      'redis',
      'fallback_max_peers: 5',
      '',
      '6:15 chihaya.storage.config.fallback_max_peers: this has no effect unless fallback is memory',
    ],
  ])('of the store %s, with %s %s', async (name, config, core, warning) => {
    expect(await contradictionsOf(ofStore(name, config, core))).toEqual([warning])
  })

  it.each([
    ['memory', 'peer_lifetime: 31m, gc_interval: 3m, max_peers: 20, max_swarms: 20', ''],
    [
      'redis',
      'peer_lifetime: 31m, gc_interval: 1h, fallback: memory, fallback_max_peers: 5',
      'announce_interval: 30m',
    ],
    ['memory', '', 'announce_interval: 15m'],
  ])('are not those of the store %s, with %s %s', async (name, config, core) => {
    expect(await contradictionsOf(ofStore(name, config, core))).toEqual([])
  })

  it('of a store in an old file, and without a storage section', async () => {
    const early = 'chihaya:\n  udp: { addr: ":1" }\n  storage:\n    peer_lifetime: 10m\n'
    expect(await contradictionsOf(early)).toContainEqual(
      expect.stringMatching(/^4:5 chihaya\.storage\.config\.peer_lifetime: .* peers vanish/),
    )
    expect(
      await contradictionsOf('chihaya:\n  udp: { addr: ":1" }\n  announce_interval: 1h\n'),
    ).toEqual([expect.stringMatching(/^3:3 chihaya\.announce_interval: .* peers vanish/)])
  })

  it('of the intervals, including what a hook adds to them', async () => {
    expect(
      await contradictionsOf(
        'chihaya:\n  udp: { addr: ":1" }\n  announce_interval: 10m\n  min_announce_interval: 20m\n',
      ),
    ).toEqual([
      '4:3 chihaya.min_announce_interval: 20m is more than announce_interval, 10m; clients are told to wait no longer than that',
    ])
    const hooks = (delta: number) =>
      `chihaya:\n  udp: { addr: ":1" }\n  prehooks:\n  - name: interval variation\n    options: { modify_response_probability: 1, max_increase_delta: ${delta} }\n`
    expect(await contradictionsOf(hooks(959))).toEqual([])
    expect(await contradictionsOf(hooks(960))).toEqual([
      expect.stringMatching(
        /^5:48 chihaya\.prehooks\[0\]\.options\.max_increase_delta: .* and the 960s that it is varied by: peers vanish/,
      ),
    ])
  })

  it('of torrents without an address to serve them', async () => {
    const text = (address: string) =>
      `chihaya:\n  udp: { addr: ":1" }\n  metrics_addr: "${address}"\n  metrics_torrents: true\n`
    expect(await contradictionsOf(text(''))).toEqual([
      '4:3 chihaya.metrics_torrents: this has no effect without metrics_addr',
    ])
    expect(await contradictionsOf(text(':2'))).toEqual([])
  })

  it('of the keys of tokens', async () => {
    const options =
      'issuer: i, audience: a, jwk_set_url: "https://i.example/k", jwk_set_min_update_interval: 10m'
    const text = `chihaya:\n  udp: { addr: ":1" }\n  prehooks:\n  - name: jwt\n    options: { ${options} }\n`
    expect(await contradictionsOf(text)).toEqual([
      expect.stringMatching(
        /^5:\d+ chihaya\.prehooks\[0\]\.options\.jwk_set_min_update_interval: 10m is more than jwk_set_update_interval, 5m/,
      ),
    ])
  })

  it.each([
    [
      'http',
      ['default_numwant: 101'],
      '4:5 chihaya.http.default_numwant: 101 is more than max_numwant, 100 by default; clients never get more than that',
    ],
    [
      'udp',
      ['default_numwant: 20', 'max_numwant: 10'],
      '4:5 chihaya.udp.default_numwant: 20 is more than max_numwant, 10; clients never get more than that',
    ],
    [
      'http',
      ['trusted_proxies: [127.0.0.1]'],
      '4:5 chihaya.http.trusted_proxies: this has no effect without real_ip_header',
    ],
    [
      'http',
      ['tls_cert_path: cert.pem'],
      '4:5 chihaya.http.tls_cert_path: this has no effect without https_addr',
    ],
    [
      'http',
      ['max_connections: 10', 'max_connections_per_ip: 11'],
      '5:5 chihaya.http.max_connections_per_ip: 11 is more than max_connections, 10; one address may take them all',
    ],
    [
      'http',
      ['idle_timeout: 1m'],
      '4:5 chihaya.http.idle_timeout: this has no effect without enable_keepalive, as each connection ends with its answer',
    ],
    [
      'udp',
      ['private_key: x'],
      '4:5 chihaya.udp.private_key: shorter than 16 bytes, so it can be guessed and connection ids forged; use openssl rand -hex 32',
    ],
    [
      'udp',
      [`private_key: [${SECRET}, short]`],
      '4:5 chihaya.udp.private_key: shorter than 16 bytes, so it can be guessed and connection ids forged; use openssl rand -hex 32',
    ],
    [
      'udp',
      [`private_key: ${SECRET}`, 'private_key_rotation: 1h'],
      '5:5 chihaya.udp.private_key_rotation: this has no effect with private_key: only generated secrets are rotated',
    ],
    [
      'udp',
      [`private_key: ${SECRET}`, 'max_clock_skew: 11m'],
      '5:5 chihaya.udp.max_clock_skew: 11m is more than connection_id_lifetime, 10m by default; connection ids live longer than they should',
    ],
  ])('of %s: %j', async (section, lines, warning) => {
    const text = inSection(section, ...lines, 'addr: ":1"').replace(
      'private_key: abc',
      `private_key: ${SECRET}`,
    )
    expect(await contradictionsOf(text)).toEqual([warning])
  })

  it.each([
    ['http', 'default_numwant: 10', 'max_numwant: 10'],
    ['http', 'max_numwant: 10'],
    ['http', 'idle_timeout: 30s', 'enable_keepalive: false'],
    ['http', 'idle_timeout: 1m', 'enable_keepalive: true'],
    ['http', 'max_connections: 0', 'max_connections_per_ip: 11'],
    ['http', 'tls_cert_path: ""', 'https_addr: ""'],
    ['udp', 'private_key: 0123456789abcdef'],
    ['udp', 'private_key_rotation: 1h'],
  ])('are not those of %s: %s %s', async (section, ...lines) => {
    const text = inSection(section, ...lines.filter(Boolean), 'addr: ":1"').replace(
      'private_key: abc',
      `private_key: ${SECRET}`,
    )
    expect(await contradictionsOf(text)).toEqual([])
  })

  it('of a secret in a file, which is not shown', async () => {
    const folder = await temporaryFolder({ key: 'hush\n' })
    const text = 'chihaya:\n  udp:\n    addr: ":1"\n    private_key_file: key\n'
    const { warnings } = await readConfig({ name: 'c', path: `${folder}/c`, text, folder })
    expect(warnings.map(({ line, message }) => `${line} ${message}`)).toContainEqual(
      expect.stringMatching(/^4 chihaya\.udp\.private_key_file: shorter than 16 bytes/),
    )
    expect(JSON.stringify(warnings)).not.toContain('hush')
  })

  it('of a variable, by its name', async () => {
    const env = { CHIHAYA_HTTP_DEFAULT_NUMWANT: '500' }
    const { warnings } = await readConfig({
      name: 'c',
      path: '/c',
      text: 'chihaya: { http: { addr: ":1" } }',
      folder: '/',
      env,
    })
    expect(warnings).toContainEqual({
      variable: 'CHIHAYA_HTTP_DEFAULT_NUMWANT',
      key: 'chihaya.http.default_numwant',
      message:
        'chihaya.http.default_numwant: 500 is more than max_numwant, 100 by default; clients never get more than that',
    })
  })

  it('of an application that registers the tracker are logged when it starts', async () => {
    const logged = async (options: TrackerOptions): Promise<string[]> => {
      const lines: Array<{ level: number; msg: string }> = []
      const app = Fastify({
        logger: {
          level: 'warn',
          stream: { write: (line: string) => void lines.push(JSON.parse(line)) },
        },
      })
      onTestFinished(() => app.close())
      await app.register(trackerPlugin, options)
      await app.ready()
      return lines.map(({ msg }) => msg)
    }
    const memory = { name: 'memory', options: { peerLifetime: '10m', gcInterval: '3m' } }
    expect(
      await logged({
        storage: memory,
        minAnnounceInterval: '40m',
        http: { defaultNumWant: 300, trustedProxies: ['10.0.0.0/8'] },
        udp: { privateKey: 'hush', bind: false },
      }),
    ).toEqual([
      'minAnnounceInterval: 40m is more than announceInterval, 30m by default; clients are told to wait no longer than that',
      'http.defaultNumWant: 300 is more than maxNumWant, 100 by default; clients never get more than that',
      'http.trustedProxies: this has no effect without realIpHeader',
      'udp.privateKey: shorter than 16 bytes, so it can be guessed and connection ids forged; use openssl rand -hex 32',
      'peerLifetime, 10m is not longer than announceInterval, 30m by default: peers vanish before they announce again',
    ])
    expect(await logged({ http: { maxNumWant: 10 } })).toEqual([])
  })
})
