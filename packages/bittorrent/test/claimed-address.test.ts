import { claimSources, LOCAL_HOST, mayName, parseAddress, type Address } from '@chihaya/bittorrent'
import { describe, expect, test } from 'vitest'

function address(text: string): Address {
  return parseAddress(text) ?? expect.fail(`${text} is no address`)
}

const PUBLIC = '9.9.9.9'
const PRIVATE = '10.0.0.1'
const LOOPBACK = '127.0.0.1'

/**
 * The sources of each kind of namer that may name an address, of a public, a private and a loopback
 * one.
 */
type Sources = [client: string[], proxy: string[]]

const ANYBODY = [PUBLIC, PRIVATE, LOOPBACK]
const INSIDE = [PRIVATE, LOOPBACK]
const NOBODY: string[] = []

const EVERYWHERE: Sources = [ANYBODY, ANYBODY]
const IN_ITS_NETWORK: Sources = [INSIDE, INSIDE]
const WHERE_IT_WAS_SEEN: Sources = [NOBODY, ANYBODY]
const ON_ITS_HOST: Sources = [NOBODY, [LOOPBACK]]
const NOWHERE: Sources = [NOBODY, NOBODY]

const CASES: Array<[text: string, sources: Sources]> = [
  ['8.8.8.8', EVERYWHERE],
  ['2606:4700::1', EVERYWHERE],
  ['64:ff9b::8.8.8.8', EVERYWHERE],
  ['2002:808:808::1', EVERYWHERE],
  ['::ffff:8.8.8.8', EVERYWHERE],
  ['10.0.0.2', IN_ITS_NETWORK],
  ['172.16.0.1', IN_ITS_NETWORK],
  ['192.168.1.1', IN_ITS_NETWORK],
  ['100.64.0.1', IN_ITS_NETWORK],
  ['fd00::2', IN_ITS_NETWORK],
  ['fec0::2', IN_ITS_NETWORK],
  // NAT64 for use inside one network (RFC 8215).
  ['64:ff9b:1::10.0.0.1', IN_ITS_NETWORK],
  ['192.0.2.1', WHERE_IT_WAS_SEEN],
  ['198.51.100.7', WHERE_IT_WAS_SEEN],
  ['203.0.113.5', WHERE_IT_WAS_SEEN],
  ['198.18.0.1', WHERE_IT_WAS_SEEN],
  ['2001:db8::7', WHERE_IT_WAS_SEEN],
  ['2001:2::1', WHERE_IT_WAS_SEEN],
  ['3fff::1', WHERE_IT_WAS_SEEN],
  ['127.0.0.1', ON_ITS_HOST],
  ['127.1.2.3', ON_ITS_HOST],
  ['::1', ON_ITS_HOST],
  ['::ffff:127.0.0.1', ON_ITS_HOST],
  ['0.0.0.0', NOWHERE],
  ['0.1.2.3', NOWHERE],
  ['169.254.1.1', NOWHERE],
  ['192.0.0.8', NOWHERE],
  ['224.0.0.1', NOWHERE],
  ['239.255.255.250', NOWHERE],
  ['240.0.0.1', NOWHERE],
  ['255.255.255.255', NOWHERE],
  ['::ffff:224.0.0.1', NOWHERE],
  ['::', NOWHERE],
  ['::8.8.8.8', NOWHERE],
  ['100::1', NOWHERE],
  ['4000::1', NOWHERE],
  ['fe80::1', NOWHERE],
  ['ff02::1', NOWHERE],
  ['ff0e::1', NOWHERE],
  ['64:ff9b::10.0.0.1', NOWHERE],
  ['64:ff9b::100.64.0.1', NOWHERE],
  ['64:ff9b::127.0.0.1', NOWHERE],
  ['64:ff9b::224.0.0.1', NOWHERE],
  ['64:ff9b::192.0.2.1', NOWHERE],
  ['2002:a00:1::1', NOWHERE],
  ['2002:c0a8:101::1', NOWHERE],
  ['2002:7f00:1::1', NOWHERE],
  ['2002:e000:1::1', NOWHERE],
  ['2002:c000:201::1', NOWHERE],
]

describe('an address that a source names', () => {
  test.each(CASES)('%s', (text, expected) => {
    const sources = (['client', 'proxy'] as const).map((namer) =>
      ANYBODY.filter((source) => mayName(namer, address(text), address(source))),
    )
    expect(sources).toEqual(expected)
  })

  test('may be private or of this host where a process of this host names it over a Unix socket', () => {
    expect(
      ['10.0.0.2', '127.0.0.1', '::1'].every((text) => mayName('proxy', address(text), LOCAL_HOST)),
    ).toBe(true)
  })
})

test('claims are allowed for no source, for loopback and private ones, or for a list', () => {
  expect(claimSources(false)).toBeUndefined()
  const local = claimSources(true)
  expect(
    ['127.0.0.1', '192.168.1.1', '::1', '8.8.8.8'].map((text) => local?.has(address(text))),
  ).toEqual([true, true, true, false])
  expect(claimSources(['8.8.8.0/24'])?.has(address('8.8.8.8'))).toBe(true)
  expect(() => claimSources(['nowhere'])).toThrow(
    '"nowhere" is neither an address nor a CIDR range',
  )
})
