import { Ajv, type ValidateFunction } from 'ajv'
import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { generatedFiles } from '../reference/generated-files.ts'
import { EARLY_FILE, EVERY_KEY, HOOKS_FILE, REDIS_FILE } from './chihaya-files.ts'
import { inSection, problemsOf, readText } from './read-text.ts'

const read = (name: string): Promise<string> =>
  readFile(new URL(`../${name}`, import.meta.url), 'utf8')

async function validator(): Promise<ValidateFunction> {
  return new Ajv({
    allErrors: true,
    strict: true,
    strictTypes: false,
    strictRequired: false,
  }).compile(JSON.parse(await read('config.schema.json')) as object)
}

const EXAMPLE = await read('config.example.yaml')

const toValue = (text: string): unknown => parse(text, { merge: true })

it('the schema and the reference are up to date', async () => {
  for (const { url, text } of await generatedFiles()) {
    // oxlint-disable-next-line no-await-in-loop
    const written = await readFile(url, 'utf8').catch(() => '')
    expect(written === text, `${url.pathname} is stale: run \`pnpm reference\``).toBe(true)
  }
})

describe('the schema of the configuration', () => {
  it.each([
    ['the example', EXAMPLE],
    ['every key', EVERY_KEY],
    ['an early file', EARLY_FILE],
    ['redis', REDIS_FILE],
    ['hooks', HOOKS_FILE],
    [
      'nothing in sections',
      'chihaya: { udp: { addr: ":1" }, http: , storage: , prehooks: , announce_interval: }',
    ],
    [
      'merge keys',
      'chihaya: { http: &x { addr: ":1", max_numwant: 3 }, udp: { <<: *x, addr: ":2" } }',
    ],
    ['lists of addresses', 'chihaya: { http: { addr: [":1", "[::1]:2"] } }'],
    ['a list of keys', 'chihaya: { udp: { addr: ":1", private_key: [a, b] } }'],
    [
      'words for true',
      inSection(
        'http',
        'addr: ":1"',
        'enable_keepalive: yes',
        'compact_default: Off',
        'allow_ip_spoofing: yes',
      ),
    ],
    [
      'networks',
      inSection(
        'http',
        'addr: ":1"',
        'allow_ip_spoofing: [10.0.0.0/8]',
        'trusted_proxies: ["::1"]',
      ),
    ],
    ['bare durations', 'chihaya: { announce_interval: 1800000000000, udp: { addr: ":1" } }'],
    [
      'text that looks like a number',
      'chihaya: { udp: { addr: ":1", private_key: 1e3 }, storage: { name: redis, config: { key_prefix: 12 } } }',
    ],
    [
      'references',
      inSection(
        'http',
        'addr: "${A:-127.0.0.1:1}"',
        'max_numwant: "${N:-3}"',
        'announce_routes: ["${R:-/a}"]',
      ),
    ],
    ['a schema of its own', '$schema: x\nchihaya: { udp: { addr: ":1" } }'],
    ['no config', 'chihaya: { udp: { addr: ":1" }, storage: { name: memory } }'],
    ['an unnamed store', 'chihaya: { udp: { addr: ":1" }, storage: { config: { max_peers: 5 } } }'],
  ])('accepts what loads: %s', async (_name, text) => {
    await readText(text)
    const validate = await validator()
    validate(toValue(text))
    expect(validate.errors ?? []).toEqual([])
  })

  it.each([
    'chihaya: { udp: { adr: ":1" } }',
    'chihaya: { udp: { addr: ":1" }, htp: {} }',
    'chiaya: {}',
    'chihaya: { http: { addr: ":1", max_numwnat: 5 } }',
    'chihaya: { http: { addr: ":1", max_numwant: many } }',
    'chihaya: { http: { addr: ":1", max_numwant: -1 } }',
    'chihaya: { http: { addr: ":1", enable_keepalive: 1 } }',
    'chihaya: { http: { addr: ":1", announce_routes: /announce } }',
    'chihaya: { http: { addr: ":1", announce_routes: [] } }',
    'chihaya: { http: { addr: ":1", read_timeout: 5 seconds } }',
    'chihaya: { udp: { addr: ":1" }, storage: { options: {} } }',
    'chihaya: { udp: { addr: ":1" }, storage: { config: { familes: x } } }',
    'chihaya: { udp: { addr: ":1" }, storage: { name: memory, config: { redis_broker: x } } }',
    'chihaya: { udp: { addr: ":1" }, storage: { name: redis, config: { max_swarms: 5 } } }',
    'chihaya: { udp: { addr: ":1" }, storage: { name: redis, config: { sentinel: { nodes: [a] } } } }',
    'chihaya: { udp: { addr: ":1" }, prehooks: jwt }',
    'chihaya: { udp: { addr: ":1" }, prehooks: [jwt] }',
    'chihaya: { udp: { addr: ":1" }, prehooks: [{ options: {} }] }',
    'chihaya: { udp: { addr: ":1" }, prehooks: [{ name: jwt, optoins: {} }] }',
    'chihaya: { udp: { addr: ":1" }, prehooks: [{ name: jwt, options: { isuer: x, issuer: a, audience: b } }] }',
    'chihaya: { udp: { addr: ":1" }, prehooks: [{ name: jwt }] }',
    'chihaya: { udp: { addr: ":1" }, posthooks: [{ name: torrent approval, options: { whitelist: [abc] } }] }',
  ])('refuses what does not load: %s', async (text) => {
    expect(await problemsOf(text)).not.toEqual([])
    expect((await validator())(toValue(text))).toBe(false)
  })

  it('describes every key, and marks old ones and secrets', async () => {
    const { properties } = JSON.parse(await read('config.schema.json')) as {
      properties: { chihaya: Schema }
    }
    const {
      http,
      udp,
      prometheus_addr: old,
      announce_interval: interval,
    } = properties.chihaya.properties
    expect(interval).toMatchObject({
      title: 'announce_interval',
      description: expect.any(String),
      default: '30m',
      examples: ['30m', '1h30m', '500ms'],
    })
    expect(old).toMatchObject({ deprecated: true })
    expect(udp?.properties['private_key']).toMatchObject({ writeOnly: true })
    const plain = Object.entries({ ...http?.properties, ...udp?.properties }).filter(
      ([, schema]) => schema.deprecated !== true,
    )
    expect(plain.filter(([, { description }]) => description === undefined)).toEqual([])
  })
})

interface Schema {
  readonly description?: string
  readonly deprecated?: boolean
  readonly properties: Readonly<Record<string, Schema>>
}
