import { parseAddress } from '@chihaya/bittorrent'
import { describe, expect, test } from 'vitest'
import { announce, errorText, readAnnounceReply } from './datagrams.ts'
import { TrackerUnderTest } from './tracker-under-test.ts'

const ip = (text: string): Uint8Array => parseAddress(text) as Uint8Array

/** The endpoint that an announce registers, or the text of its refusal. */
async function registered(
  allowIpSpoofing: boolean | string[],
  source: string,
  claimed: Uint8Array,
  action = 1,
): Promise<string | undefined> {
  const tracker = new TrackerUnderTest({ options: { allowIpSpoofing, opentrackerIpv6: true } })
  const from = { address: source, port: 1000 }
  const reply = await tracker.send(
    announce(await tracker.connect(from), { ip: claimed, action }),
    from,
  )
  if (reply?.readUInt32BE() === 3) return errorText(reply)
  // Alone in its swarm, a peer is given itself.
  return readAnnounceReply(reply, source.includes(':') ? 'ipv6' : 'ipv4').peers[0]
}

describe('the ip field of an announce', () => {
  const cases: Array<
    [name: string, allowed: boolean | string[], source: string, claimed: string, endpoint: string]
  > = [
    ['is ignored by default', false, '127.0.0.1', '8.8.8.8', '127.0.0.1:6881'],
    ['counts from loopback', true, '127.0.0.1', '8.8.8.8', '8.8.8.8:6881'],
    ['counts from a private source', true, '192.168.1.5', '8.8.8.8', '8.8.8.8:6881'],
    ['is ignored from a public source', true, '9.9.9.9', '8.8.8.8', '9.9.9.9:6881'],
    ['counts from a source in the list', ['9.9.9.0/24'], '9.9.9.9', '8.8.8.8', '8.8.8.8:6881'],
    [
      'is ignored from a source outside the list',
      ['9.9.9.0/24'],
      '127.0.0.1',
      '8.8.8.8',
      '127.0.0.1:6881',
    ],
    ['claims nothing when zero', true, '127.0.0.1', '0.0.0.0', '127.0.0.1:6881'],
    ['is ignored over IPv6', true, '::1', '8.8.8.8', '::1:6881'],
    ['may be private from a private source', true, '10.0.0.1', '10.0.0.2', '10.0.0.2:6881'],
    ['may be private from loopback', true, '127.0.0.1', '10.0.0.2', '10.0.0.2:6881'],
    [
      'is ignored when private from a public source',
      ['9.9.9.9'],
      '9.9.9.9',
      '10.0.0.2',
      '9.9.9.9:6881',
    ],
    ['is ignored when loopback', true, '10.0.0.1', '127.0.0.1', '10.0.0.1:6881'],
    ['is ignored when reserved', true, '10.0.0.1', '240.0.0.1', '10.0.0.1:6881'],
    ['is ignored when multicast', true, '10.0.0.1', '224.0.0.1', '10.0.0.1:6881'],
    ['is ignored when broadcast', true, '10.0.0.1', '255.255.255.255', '10.0.0.1:6881'],
    ['is ignored when link-local', true, '10.0.0.1', '169.254.1.1', '10.0.0.1:6881'],
    ['is ignored when for documentation', true, '10.0.0.1', '203.0.113.5', '10.0.0.1:6881'],
  ]
  test.each(cases)('%s', async (_, allowed, source, claimed, endpoint) => {
    expect(await registered(allowed, source, ip(claimed))).toBe(endpoint)
  })

  test('never shows up with other clients unless its source may set it', async () => {
    const tracker = new TrackerUnderTest()
    const from = { address: '127.0.0.1', port: 1000 }
    await tracker.send(announce(await tracker.connect(from), { ip: ip('8.8.8.8') }), from)
    const reply = await tracker.send(announce(await tracker.connect()))
    expect(readAnnounceReply(reply).peers).toEqual(['127.0.0.1:6881'])
  })
})

describe('the 16 bytes for an address in action 4', () => {
  const mapped = Buffer.concat([Buffer.alloc(10), Buffer.from([255, 255]), ip('8.8.8.8')])
  const cases: Array<
    [
      name: string,
      allowed: boolean | string[],
      source: string,
      claimed: Uint8Array,
      endpoint: string,
    ]
  > = [
    ['are ignored by default', false, '::1', ip('2606:4700::1'), '::1:6881'],
    ['count from loopback', true, '::1', ip('2606:4700::1'), '2606:4700::1:6881'],
    ['claim nothing when zero', true, '::1', Buffer.alloc(16), '::1:6881'],
    ['are ignored from another family', true, '127.0.0.1', ip('2606:4700::1'), '127.0.0.1:6881'],
    ['count over IPv4 when they hold a mapped address', true, '127.0.0.1', mapped, '8.8.8.8:6881'],
    ['are ignored over IPv6 when they hold a mapped address', true, '::1', mapped, '::1:6881'],
    ['are ignored when link-local', true, 'fd00::1', ip('fe80::1'), 'fd00::1:6881'],
    [
      'are ignored when they wrap a private address',
      true,
      'fd00::1',
      ip('64:ff9b::10.0.0.1'),
      'fd00::1:6881',
    ],
    [
      'are ignored when unique local from a public source',
      ['2606:4700::/32'],
      '2606:4700::1',
      ip('fd00::1'),
      '2606:4700::1:6881',
    ],
  ]
  test.each(cases)('%s', async (_, allowed, source, claimed, endpoint) => {
    expect(await registered(allowed, source, claimed, 4)).toBe(endpoint)
  })
})
