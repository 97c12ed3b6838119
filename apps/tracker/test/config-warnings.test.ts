import { describe, expect, it } from 'vitest'
import { inSection, readText, warningsOf } from './read-text.ts'

const HTTP = [
  'read_timeout: 5s',
  'write_timeout: 5s',
  'idle_timeout: 30s',
  'max_scrape_infohashes: 50',
  'addr: ":1"',
]

describe('a valid configuration', () => {
  it('warns of absent numbers, by section', async () => {
    expect(
      await warningsOf(
        'chihaya:\n  announce_interval: 30m\n  http:\n    addr: ":1"\n    max_numwant: 5\n',
      ),
    ).toEqual([
      '1:1 chihaya leaves these to their defaults: min_announce_interval 15m',
      '3:3 chihaya.http leaves these to their defaults: default_numwant 50, max_scrape_infohashes 100, read_timeout 5s, write_timeout 5s, idle_timeout 30s',
    ])
  })

  it('replaces a zero by the default where Chihaya does, and warns', async () => {
    const text = inSection(
      'http',
      'max_numwant: 0',
      'default_numwant: 0',
      ...HTTP,
      'read_timeout: 0s',
    ).replace('read_timeout: 5s', '')
    const { tracker, http } = await readText(text)
    expect(tracker.http).toEqual({ maxScrapeInfoHashes: 50 })
    expect(http[0]).not.toHaveProperty('readTimeout')
    expect(await warningsOf(text)).toEqual(
      expect.arrayContaining([
        '4:18 chihaya.http.max_numwant is 0, so its default applies: 100',
        '5:22 chihaya.http.default_numwant is 0, so its default applies: 50',
      ]),
    )
  })

  it('reads a number without a unit as nanoseconds, and warns', async () => {
    const text = 'chihaya:\n  announce_interval: 1800000000000\n  udp: { addr: ":1" }\n'
    expect((await readText(text)).tracker.announceInterval).toBe(1_800_000)
    expect(await warningsOf(text)).toContain(
      '2:22 chihaya.announce_interval: 1800000000000 has no unit, so it is nanoseconds, as in Chihaya; write a duration such as 30m',
    )
  })

  it.each([
    [
      'http',
      'real_ip_header: x-real-ip',
      '4:5 chihaya.http.real_ip_header: x-real-ip is believed only from loopback and private addresses; list your proxies in trusted_proxies',
    ],
    [
      'http',
      'allow_ip_spoofing: true',
      '4:5 chihaya.http.allow_ip_spoofing: only loopback and private sources may claim another address; list networks to allow others',
    ],
    [
      'http',
      'request_timeout: 5s',
      '4:5 chihaya.http.request_timeout: this has no effect; write read_timeout',
    ],
    [
      'http',
      'enable_legacy_php_urls: true',
      '4:5 chihaya.http.enable_legacy_php_urls: write announce_routes and scrape_routes, with /announce.php and /scrape.php if you need them',
    ],
    [
      'udp',
      'allow_ip_spoofing: yes',
      '4:5 chihaya.udp.allow_ip_spoofing: only loopback and private sources may claim another address; list networks to allow others',
    ],
    [
      'udp',
      'private_key: ""',
      '4:5 chihaya.udp.private_key: not set, so each start generates one, and clients must connect again',
    ],
    [
      'udp',
      'private_key: "paste a random string here that will be used to hmac connection IDs"',
      "4:5 chihaya.udp.private_key: this is the key of Chihaya's example, which is public, so connection ids can be forged; choose your own",
    ],
  ])('%s: %s', async (section, line, warning) => {
    expect(await warningsOf(inSection(section, line, 'addr: ":1"'))).toContain(warning)
  })

  it.each([
    ['http', 'real_ip_header: x-real-ip', 'trusted_proxies: [127.0.0.1]'],
    ['http', 'real_ip_header: ""'],
    ['http', 'allow_ip_spoofing: [10.0.0.0/8, "::1"]'],
    ['http', 'enable_request_timing: true', 'allow_ip_spoofing: no'],
    ['udp', 'enable_request_timing: on'],
    ['udp', 'private_key: 0123456789abcdef', 'max_clock_skew: 5s'],
  ])('does not warn of %s: %s', async (section, ...lines) => {
    const names = lines.map((line) => `chihaya.${section}.${line.split(':', 1)[0]}`)
    const { warnings } = await readText(inSection(section, ...lines, 'addr: ":1"'))
    expect(warnings.map(({ key }) => key).filter((key) => names.includes(key))).toEqual([])
  })

  it('says that a section without an address is off', async () => {
    expect(await warningsOf(inSection('http', 'max_numwant: 5'))).toContain(
      '3:3 chihaya.http has neither addr nor https_addr, so HTTP is off',
    )
    const text = 'chihaya:\n  udp:\n    max_numwant: 5\n  http: { addr: ":1" }\n'
    expect(await warningsOf(text)).toContain('2:3 chihaya.udp has no addr, so UDP is off')
  })

  it('reads text verbatim if YAML would take it for a number', async () => {
    for (const key of ['0123456789', '0', '0s', '1e3', 'true']) {
      // oxlint-disable-next-line no-await-in-loop
      const { tracker } = await readText(inSection('udp', `private_key: ${key}`, 'addr: ":1"'))
      expect(tracker.udp).toMatchObject({ privateKey: key })
    }
  })
})
