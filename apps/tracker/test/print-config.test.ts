import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { loadConfig } from '../src/config/load-config.ts'
import { printSettings } from '../src/config/print.ts'
import { EVERY_KEY, HOOKS_FILE } from './chihaya-files.ts'
import { Chihaya } from './chihaya-process.ts'
import { readText } from './read-text.ts'
import { temporaryFolder } from '@internal/test-tracker/temporary-folder'

const EXAMPLE = await readFile(new URL('../config.example.yaml', import.meta.url), 'utf8')

interface Printed {
  readonly text: string
  readonly value: { readonly chihaya: Record<string, never> }
}

async function print(
  text: string,
  env: NodeJS.ProcessEnv = {},
  files: Record<string, string> = {},
): Promise<Printed> {
  const folder = await temporaryFolder({ ...files, 'c.yaml': text })
  const { settings, source } = await loadConfig({ config: 'c.yaml', folder, env })
  const printed = printSettings(settings, source)
  return { text: printed, value: parse(printed) as Printed['value'] }
}

describe('the effective configuration', () => {
  it('has the defaults filled in, even for absent sections', async () => {
    const { value } = await print('chihaya: { udp: { addr: ":1", max_numwant: 7 } }')
    expect(value.chihaya).toMatchObject({
      announce_interval: '30m',
      metrics_addr: '127.0.0.1:6880',
      udp: { addr: ':1', max_numwant: 7, default_numwant: 50, max_clock_skew: '10s' },
      storage: { name: 'memory', config: { peer_lifetime: '46m', max_peers_per_swarm: 100_000 } },
      prehooks: [],
    })
    expect(value.chihaya).not.toHaveProperty('http')
    expect(value.chihaya['storage']).not.toHaveProperty('config.shard_count')
  })

  it.each([
    ['the example', EXAMPLE],
    ['every key', EVERY_KEY],
    ['hooks', HOOKS_FILE],
    [
      'odd spellings',
      'chihaya: { announce_interval: 1800000000000, http: { addr: [":1"], enable_keepalive: yes, idle_timeout: 5000000 } }',
    ],
  ])('means the same as what was read, apart from secrets: %s', async (_name, text) => {
    const before = await readText(text)
    const after = await readText((await print(text)).text.replaceAll('********', 'another'))
    const settled = (config: typeof before): unknown => {
      const { chihaya } = parse(printSettings(config.settings, '')) as Printed['value']
      return chihaya
    }
    expect(settled(after)).toEqual(settled(before))
    expect(after.http.length).toBe(before.http.length)
  })

  it('contains the options of hooks', async () => {
    const { value } = await print(HOOKS_FILE)
    expect(value.chihaya['posthooks']).toEqual([
      {
        name: 'interval variation',
        options: {
          modify_response_probability: 0.2,
          max_increase_delta: 60,
          modify_min_interval: true,
          symmetric: false,
        },
      },
    ])
  })

  it('contains the hooks after one that is left out', async () => {
    const { value } = await print(
      'chihaya: { udp: { addr: ":1" }, prehooks: [{ name: gossip }, { name: rate limit }] }',
    )
    expect(value.chihaya['prehooks']).toEqual([{ name: 'rate limit', options: { except: [] } }])
  })

  it('names the variables that values come from', async () => {
    const text = 'chihaya: { http: { addr: ":${PORT}" }, udp: { addr: ":1" } }'
    const env = {
      PORT: '80',
      CHIHAYA_UDP_MAX_NUMWANT: '9',
      CHIHAYA_HTTP_SCRAPE_ROUTES: '[]',
      CHIHAYA_HTTP_ANNOUNCE_ROUTES: '[/a]',
    }
    const { text: printed } = await print(text, env)
    expect(printed).toMatch(/^# the configuration is \/.*c\.yaml\n/)
    expect(printed).toMatch(/addr: :80 # from PORT\n/)
    expect(printed).toMatch(/max_numwant: 9 # from CHIHAYA_UDP_MAX_NUMWANT\n/)
    expect(printed).toMatch(/# from CHIHAYA_HTTP_ANNOUNCE_ROUTES\n +announce_routes:\n +- \/a\n/)
  })

  it('contains no secrets', async () => {
    const text = `chihaya:
  udp: { addr: ":1", private_key: [hush-1, hush-2] }
  storage:
    name: redis
    config:
      redis_broker: redis://user:hush-3@h:1/0
      password: hush-5
      sentinel: { name: m, nodes: [a], password: hush-6 }
      tls: { servername: seen, key: hush-7, passphrase: hush-8 }
  prehooks:
  - name: jwt
    options: { issuer: a, audience: b, jwk_set_url: "https://me:hush-9@issuer.example/keys?seen", keys: hush-10 }
  - name: ./hook.mjs
    options: { api_key: hush-11, nested: { password: hush-12, tokens: [hush-13], url: "http://hush-14@x/" }, key_file: /seen/path, size: 3 }
`
    const { text: printed, value } = await print(
      text,
      {},
      { 'hook.mjs': 'export default async () => {}' },
    )
    expect(printed).not.toMatch(/hush/)
    expect(printed).toMatch(/redis_broker: redis:\/\/user:\*{8}@h:1\/0\n/)
    expect(printed).toContain('jwk_set_url: https://********@issuer.example/keys?seen')
    expect(value.chihaya['storage']).toMatchObject({
      config: { tls: { servername: 'seen' }, sentinel: { name: 'm' } },
    })
    expect(value.chihaya['prehooks']?.[1]).toMatchObject({
      options: { key_file: '/seen/path', size: 3 },
    })
    expect(value.chihaya['udp']).toMatchObject({ private_key: ['********', '********'] })
  })

  it.each([
    ['redis://hush@h/0', 'redis://********@h/0'],
    ['redis://h:6379', 'redis://h:6379'],
    ['rediss://a:hush:hush@h', 'rediss://a:********@h'],
    ['redis://user:hu/sh@h/0', 'redis://user:********@h/0'],
  ])('shows %s as %s', async (broker, shown) => {
    const text = `chihaya: { udp: { addr: ":1" }, storage: { name: redis, config: { redis_broker: "${broker}" } } }`
    expect((await print(text)).value.chihaya['storage']).toMatchObject({
      config: { redis_broker: shown },
    })
  })

  it('is itself a configuration, refused until the secrets are filled in', async () => {
    const { text } = await print(
      'chihaya: { announce_interval: 20m, udp: { addr: ":1", private_key: hush } }',
    )
    await expect(print(text)).rejects.toThrow(
      /chihaya\.udp\.private_key: \*{8} is what print-config shows in place of a secret/,
    )
    const whole = text.replace('"********"', 'hush')
    // The first line names the source.
    expect((await print(whole)).text.split('\n').slice(1)).toEqual(text.split('\n').slice(1))
  })

  it('names the file of a secret, and masks one that comes from a variable', async () => {
    const { text } = await print(
      'chihaya: { udp: { addr: ":1", private_key_file: key } }',
      {},
      { key: 'hush' },
    )
    expect(text).toContain('private_key_file: key\n')
    expect(text).not.toMatch(/private_key:|hush/)
    const variable = await print('chihaya: { udp: { addr: ":1" } }', {
      CHIHAYA_UDP_PRIVATE_KEY: 'hush',
    })
    expect(variable.text).toMatch(/private_key: "\*{8}" # from CHIHAYA_UDP_PRIVATE_KEY\n/)
  })
})

describe('chihaya print-config', () => {
  it('prints YAML', async () => {
    const folder = await temporaryFolder({ 'c.yaml': 'chihaya: { udp: { addr: ":1" } }' })
    const chihaya = new Chihaya(['print-config', '--config', 'c.yaml'], {
      cwd: folder,
      env: { CHIHAYA_UDP_ADDR: ':2' },
    })
    expect(await chihaya.exitCode()).toBe(0)
    expect(parse(chihaya.stdout)).toMatchObject({ chihaya: { udp: { addr: ':2' } } })
    expect(chihaya.stderr).toBe('')
  })

  it('fails with an invalid configuration', async () => {
    const folder = await temporaryFolder({ 'c.yaml': 'chihaya: { udp: { adr: ":1" } }' })
    const chihaya = new Chihaya(['print-config', 'c.yaml'], { cwd: folder })
    expect(await chihaya.exitCode()).toBe(1)
    expect(chihaya.stderr).toContain(
      'chihaya: c.yaml:1:19: chihaya.udp.adr is not a known key; did you mean addr?\n',
    )
    expect(chihaya.stdout).toBe('')
  })
})
