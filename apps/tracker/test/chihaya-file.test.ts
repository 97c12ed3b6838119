import { parseDuration } from '@chihaya/core'
import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { yamlSchema } from '../src/config/yaml-schema.ts'
import { sections } from '../src/config/sections.ts'
import { readText } from './read-text.ts'

// Every key that Chihaya v2 knew, but for the hooks that have packages of their own.
const EVERY_KEY = `
---
chihaya:
  announce_interval: "45m"
  min_announce_interval: 20m
  metrics_addr: "0.0.0.0:6880"
  http:
    addr: "0.0.0.0:6969"
    https_addr: ""
    tls_cert_path: ""
    tls_key_path: ""
    read_timeout: "6s"
    write_timeout: "7s"
    enable_keepalive: yes
    idle_timeout: "1m30s"
    enable_request_timing: false
    announce_routes:
      - "/announce"
      - "/:passkey/announce"
    scrape_routes: [/scrape]
    allow_ip_spoofing: false
    real_ip_header: "x-real-ip"
    max_numwant: 90
    default_numwant: 40
    max_scrape_infohashes: 30
  udp:
    addr: "127.0.0.1:6969"
    max_clock_skew: "11s"
    private_key: "paste a random string here that will be used to hmac connection IDs"
    enable_request_timing: true
    allow_ip_spoofing: true
    max_numwant: 91
    default_numwant: 41
    max_scrape_infohashes: 31
  storage:
    name: "memory"
    config:
      gc_interval: "4m"
      peer_lifetime: "50m"
      shard_count: 1024
      prometheus_reporting_interval: "1s"
  prehooks:
  posthooks: []
`

describe('a file of Chihaya v2', () => {
  it('becomes the options of the packages', async () => {
    const { tracker, http, udp } = await readText(EVERY_KEY)
    const { storage, ...rest } = tracker
    expect(rest).toEqual({
      announceInterval: '45m',
      minAnnounceInterval: '20m',
      http: {
        keepAlive: true,
        announceRoutes: ['/announce', '/:passkey/announce'],
        scrapeRoutes: ['/scrape'],
        allowIpSpoofing: false,
        realIpHeader: 'x-real-ip',
        maxNumWant: 90,
        defaultNumWant: 40,
        maxScrapeInfoHashes: 30,
      },
      udp: {
        maxClockSkew: '11s',
        privateKey: 'paste a random string here that will be used to hmac connection IDs',
        allowIpSpoofing: true,
        maxNumWant: 91,
        defaultNumWant: 41,
        maxScrapeInfoHashes: 31,
      },
      prehooks: [],
      posthooks: [],
    })
    expect(storage?.options).toEqual({
      gcInterval: '4m',
      peerLifetime: '50m',
      shardCount: 1024,
      prometheusReportingInterval: '1s',
    })
    const address = { host: '', port: 6969, key: 'chihaya.http.addr' }
    expect(http).toEqual([{ address, readTimeout: '6s', writeTimeout: '7s', idleTimeout: '1m30s' }])
    expect(udp).toEqual([{ host: '127.0.0.1', port: 6969, key: 'chihaya.udp.addr' }])
  })

  it('warns of what is otherwise here than in Chihaya', async () => {
    const { warnings } = await readText(EVERY_KEY)
    expect(warnings.map(({ key }) => key)).toEqual([
      'chihaya.metrics_addr',
      'chihaya.http.real_ip_header',
      'chihaya.udp.private_key',
      'chihaya.udp.enable_request_timing',
      'chihaya.udp.allow_ip_spoofing',
    ])
  })

  it('may leave out either frontend', async () => {
    const onlyUdp = await readText('chihaya: { udp: { addr: ":6969" } }')
    expect(onlyUdp.tracker.http).toBe(false)
    expect(onlyUdp.http).toEqual([])
    const onlyHttp = await readText('chihaya: { http: { addr: ":6969" } }')
    expect(onlyHttp.tracker.udp).toBe(false)
    expect(onlyHttp.udp).toEqual([])
  })

  it('may use anchors, aliases and merge keys', async () => {
    const { tracker } = await readText(`
chihaya:
  http: &limits
    addr: ":1"
    max_numwant: 10
    default_numwant: 5
  udp: { <<: *limits, max_numwant: 20 }
`)
    expect(tracker.http).toEqual({ maxNumWant: 10, defaultNumWant: 5 })
    expect(tracker.udp).toEqual({ maxNumWant: 20, defaultNumWant: 5 })
  })
})

describe('config.example.yaml', () => {
  const example = readFile(new URL('../config.example.yaml', import.meta.url), 'utf8')

  it('loads with no warning but for the key that everybody makes for themselves', async () => {
    const { warnings } = await readText(await example)
    expect(warnings.map(({ key }) => key)).toEqual(['chihaya.udp.private_key'])
  })

  it('shows every key there is', async () => {
    const text = await example
    const shown = new Set(text.match(/[a-z][a-z_0-9]*(?=:)/g))
    const silent = ['metrics_addr', 'enable_request_timing', 'shard_count', 'prometheus_reporting_interval']
    for (const section of [sections.root, sections.http, sections.udp, sections.storage, sections.memory]) {
      const names = [...(section.keys ?? new Map()).keys()].filter((name) => !silent.includes(name))
      expect([...shown]).toEqual(expect.arrayContaining(names))
    }
  })

  it('shows the defaults', async () => {
    const { tracker } = await readText(await example)
    const { http, udp, storage, prehooks, posthooks, ...core } = tracker
    const parts = [
      [core, sections.root],
      [http, sections.http],
      [udp, sections.udp],
      [storage?.options, sections.memory],
    ] as const
    for (const [options, section] of parts) {
      for (const key of (section.keys ?? new Map()).values()) {
        const value = (options as Record<string, unknown>)[key.option]
        if (value === undefined || key.schema.default === undefined) continue
        expect({ [key.option]: comparable(value) }).toEqual({ [key.option]: comparable(key.schema.default) })
      }
    }
    expect([prehooks, posthooks]).toEqual([[], []])
  })
})

function comparable(value: unknown): unknown {
  return typeof value === 'string' && /^\d/.test(value) ? parseDuration(value) : value
}

describe('the keys of a package', () => {
  it('appear in snake case, however deep they are', () => {
    const { keys } = yamlSchema({
      properties: { jwkSetUrl: { type: 'string' }, inner: { type: 'object', properties: { twoWords: { type: 'boolean' } } } },
    })
    expect([...(keys ?? new Map()).keys()]).toEqual(['jwk_set_url', 'inner'])
    expect([...(keys?.get('inner')?.keys ?? new Map()).keys()]).toEqual(['two_words'])
  })
})
