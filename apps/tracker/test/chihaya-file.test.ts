import { parseDuration } from '@chihaya/core'
import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { yamlSchema } from '../src/config/spelling.ts'
import { sections } from '../src/config/sections.ts'
import { EARLY_FILE, EVERY_KEY } from './chihaya-files.ts'
import { printSettings } from '../src/config/print.ts'
import { readText } from './read-text.ts'

describe('a file of Chihaya v2', () => {
  it('becomes the options of the packages', async () => {
    const { tracker, http, udp, metricsAddress, stats } = await readText(EVERY_KEY)
    const { storage, ...rest } = tracker
    expect([metricsAddress, stats]).toEqual([
      { host: '', port: 6880, key: 'chihaya.metrics_addr', optional: false },
      false,
    ])
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
        requestTiming: false,
      },
      udp: {
        maxClockSkew: '11s',
        privateKey: 'paste a random string here that will be used to hmac connection IDs',
        allowIpSpoofing: true,
        maxNumWant: 91,
        defaultNumWant: 41,
        maxScrapeInfoHashes: 31,
        requestTiming: true,
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

  it('warns of what differs from Chihaya', async () => {
    const { warnings } = await readText(EVERY_KEY)
    expect(warnings.map(({ key }) => key)).toEqual([
      'chihaya.http.real_ip_header',
      'chihaya.udp.private_key',
      'chihaya.udp.allow_ip_spoofing',
      'chihaya.storage.config.shard_count',
      'chihaya.storage.config.prometheus_reporting_interval',
    ])
  })

  it('may be of an early version, with old names of keys', async () => {
    const { tracker, metricsAddress, warnings } = await readText(EARLY_FILE)
    expect(metricsAddress).toMatchObject({ port: 6881, optional: false })
    expect(tracker.http).toMatchObject({
      announceRoutes: ['/announce', '/announce.php'],
      scrapeRoutes: ['/scrape', '/scrape.php'],
    })
    expect(tracker.storage?.options).toEqual({ gcInterval: '14m', peerLifetime: '16m' })
    expect(tracker.prehooks).toMatchObject([
      { options: { modifyResponseProbability: 0.5, maxIncreaseDelta: 60 } },
    ])
    expect(warnings.map(({ line, message }) => `${line}: ${message}`)).toEqual(
      expect.arrayContaining([
        '3: chihaya.prometheus_addr: write metrics_addr',
        '4: chihaya.max_numwant: this has no effect; write it under http and under udp',
        '7: chihaya.http.request_timeout: this has no effect; write read_timeout',
        expect.stringMatching(
          /^8: chihaya\.http\.enable_legacy_php_urls: write announce_routes and scrape_routes, /,
        ),
        '14: chihaya.storage.gc_interval: write it in config, beside name',
        '15: chihaya.storage.peer_lifetime: write it in config, beside name',
        '16: chihaya.storage.shards: this has no effect; leave it out',
        '17: chihaya.storage.shard_count: this has no effect; leave it out',
        '20: chihaya.prehooks[0].config: write options',
        '25: chihaya.posthooks[0].name: no version of Chihaya has the hook gossip; leave it out',
      ]),
    )
    expect(tracker.posthooks).toEqual([])
  })

  it('may have options of the store beside its name if config lacks them', async () => {
    const text = (...lines: string[]) => `chihaya:
  udp: { addr: ":1" }
  storage:
    name: memory
    prometheus_reporting_interval: 1s
    gc_interval: 4m
    peer_lifetime: 47m
${lines.map((line) => `    ${line}\n`).join('')}`
    const { tracker, warnings } = await readText(text())
    expect(tracker.storage?.options).toEqual({ gcInterval: '4m', peerLifetime: '47m' })
    expect(
      warnings
        .filter(({ key }) => key.startsWith('chihaya.storage'))
        .map(({ line, key }) => [line, key]),
    ).toEqual([
      [5, 'chihaya.storage.prometheus_reporting_interval'],
      [6, 'chihaya.storage.gc_interval'],
      [7, 'chihaya.storage.peer_lifetime'],
    ])
    const both = await readText(text('config: { peer_lifetime: 48m, max_swarms: 7 }'))
    expect(both.tracker.storage?.options).toEqual({
      gcInterval: '4m',
      peerLifetime: '48m',
      maxSwarms: 7,
    })
    await expect(readText(text().replace('47m', 'long'))).rejects.toThrow(
      'chihaya.yaml:7:20: chihaya.storage.config.peer_lifetime must be a duration such as 30m, 1h30m or 500ms, not "long"',
    )
    expect(printSettings(both.settings, 'x')).toMatch(/storage:\n    name: memory\n    config:\n/)
    expect(printSettings(both.settings, 'x')).toContain('gc_interval: 4m')
  })

  it.each([
    ['chihaya: { udp: { addr: ":1" } }', { host: '127.0.0.1', port: 6880, optional: true }],
    [
      'chihaya: { metrics_addr: , udp: { addr: ":1" } }',
      { host: '127.0.0.1', port: 6880, optional: true },
    ],
    ['chihaya: { metrics_addr: "", udp: { addr: ":1" } }', undefined],
    [
      'chihaya: { metrics_addr: "0.0.0.0:9", udp: { addr: ":1" } }',
      { host: '', port: 9, optional: false },
    ],
    [
      'chihaya: { metrics_addr: "[::1]:9", udp: { addr: ":1" } }',
      { host: '::1', port: 9, optional: false },
    ],
  ])('sets the address of the admin server with metrics_addr: %s', async (text, address) => {
    const { metricsAddress } = await readText(text)
    if (address === undefined) expect(metricsAddress).toBeUndefined()
    else expect(metricsAddress).toMatchObject(address)
  })

  it('may have statistics beside announces', async () => {
    expect((await readText('chihaya: { http: { addr: ":1", stats: true } }')).stats).toBe(true)
    expect((await readText('chihaya: { http: { addr: ":1" } }')).stats).toBe(false)
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

  it('loads with a single warning, about the missing secret', async () => {
    const { warnings } = await readText(await example)
    expect(warnings.map(({ key }) => key)).toEqual(['chihaya.udp.private_key'])
  })

  it('shows every key', async () => {
    const text = await example
    const shown = new Set(text.match(/[a-z][a-z_0-9]*(?=:)/g))
    for (const section of [
      sections.root,
      sections.http,
      sections.udp,
      sections.storage,
      sections.memory,
    ]) {
      const names = [...(section.keys ?? [])].flatMap(([name, { deprecated }]) =>
        deprecated === undefined ? [name] : [],
      )
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
        expect({ [key.option]: comparable(value) }).toEqual({
          [key.option]: comparable(key.schema.default),
        })
      }
    }
    expect([prehooks, posthooks]).toEqual([[], []])
  })
})

function comparable(value: unknown): unknown {
  return typeof value === 'string' && /^\d/.test(value) ? parseDuration(value) : value
}

describe('the keys of a package', () => {
  it('appear in snake case at any depth', () => {
    const { keys } = yamlSchema({
      properties: {
        jwkSetUrl: { type: 'string' },
        inner: { type: 'object', properties: { twoWords: { type: 'boolean' } } },
      },
    })
    expect([...(keys ?? new Map()).keys()]).toEqual(['jwk_set_url', 'inner'])
    expect([...(keys?.get('inner')?.keys ?? new Map()).keys()]).toEqual(['two_words'])
  })
})
