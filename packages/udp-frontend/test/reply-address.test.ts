import { networkInterfaces } from 'node:os'
import type { TrackerHooks } from '@chihaya/core'
import { unavailable } from '@chihaya/udp-batch'
import type { UdpFrontendOptions } from '@chihaya/udp-frontend'
import { describe, expect, onTestFinished, test } from 'vitest'
import { localAddresses } from '../src/sockets/dgram-socket.ts'
import { announce, connect, errorText, header, INFO_HASH, NO_ID, scrape } from './datagrams.ts'
import { TrackerUnderTest } from './tracker-under-test.ts'
import { UdpClient } from './udp-client.ts'

const later = async (): Promise<void> => undefined
const HOOKS: Array<[when: string, hooks: Partial<TrackerHooks>]> = [
  ['at once', {}],
  ['later', { preAnnounce: later, preScrape: later }],
]
const WILDCARDS: Array<[wildcard: string, asked: string[]]> = [
  ['0.0.0.0', ['127.0.0.1', '127.0.0.2', '127.9.8.7']],
  ['::', ['::1']],
]

/** Requests replies of every kind, as given by `errorText`. */
async function askAll(client: UdpClient): Promise<string[]> {
  const id = (await client.request(connect())).subarray(8)
  const requests = [
    announce(id),
    scrape(id, [INFO_HASH]),
    header(id, 9),
    announce(NO_ID),
    announce(id, { event: 9 }),
  ]
  const replies: string[] = []
  for (const request of requests) replies.push(errorText(await client.request(request)))
  return replies
}

describe.each(unavailable() === undefined ? WILDCARDS : [])('batches at %s', (host, asked) => {
  test.each(HOOKS)('reply from the address that was asked, %s', async (_when, hooks) => {
    const tracker = new TrackerUnderTest({
      options: { listen: [{ host, port: 0 }], transport: 'batch' },
      hooks,
    })
    await tracker.frontend.bind()
    const [bound] = tracker.frontend.addresses()
    for (const address of asked) {
      // It accepts replies only from the address that it asked.
      await using client = await UdpClient.open(
        bound && { ...bound, address },
        bound?.family === 'IPv4' ? '127.0.0.1' : '::1',
      )
      expect(await askAll(client)).toEqual([
        '(action 1)',
        '(action 2)',
        'unknown action ID',
        'bad connection ID',
        'malformed event ID',
      ])
    }
    expect(tracker.logged.filter(({ message }) => message.includes('failed'))).toEqual([])
    await tracker.frontend.close()
  })

  test('change hands with all addresses, and answer there what arrives before they close', async () => {
    const options: UdpFrontendOptions = { listen: [{ host, port: 0 }], transport: 'batch' }
    const [former, next] = [new TrackerUnderTest({ options }), new TrackerUnderTest({ options })]
    await former.frontend.bind()
    const [bound] = former.frontend.addresses()
    await (await next.frontend.takeOver(former.frontend)).commit()
    expect([former.frontend.addresses(), next.frontend.addresses()]).toEqual([[], [bound]])
    const replies: Array<Promise<Buffer>> = []
    for (const address of asked) {
      const client = await UdpClient.open(
        bound && { ...bound, address },
        bound?.family === 'IPv4' ? '127.0.0.1' : '::1',
      )
      onTestFinished(() => client[Symbol.asyncDispose]())
      const id = await client.connect()
      replies.push(client.receive())
      await client.send(announce(id))
    }
    await next.frontend.drain()
    await next.frontend.close()
    expect((await Promise.all(replies)).map(errorText)).toEqual(asked.map(() => '(action 1)'))
  })
})

describe('dgram', () => {
  test('replies from each of the addresses it listens on', async () => {
    const listen = ['127.0.0.1', '127.0.0.2'].map((host) => ({ host, port: 0 }))
    const tracker = new TrackerUnderTest({ options: { listen, transport: 'dgram' } })
    await tracker.frontend.bind()
    for (const bound of tracker.frontend.addresses()) {
      await using client = await UdpClient.open(bound, '127.0.0.1')
      expect(await askAll(client)).toContain('(action 1)')
    }
    expect(
      tracker.logged.filter(({ message }) => message.startsWith('UDP replies may leave')),
    ).toEqual([])
    await tracker.frontend.close()
  })

  test.each([
    ['0.0.0.0', 4],
    ['::', 6],
  ] as const)('warns at %s if the host has several addresses', async (host, family) => {
    const tracker = new TrackerUnderTest({
      options: { listen: [{ host, port: 0 }], transport: 'dgram' },
    })
    await tracker.frontend.bind()
    const warnings = tracker.logged.filter(({ message }) =>
      message.startsWith('UDP replies may leave'),
    )
    const listen = localAddresses(family)
    expect(warnings.map(({ details }) => details)).toEqual(
      listen.length > 1 ? [{ host, port: 0, listen }] : [],
    )
    await tracker.frontend.close()
  })
})

describe('the addresses of a host', () => {
  function host(
    ...addresses: Array<[address: string, family: 'IPv4' | 'IPv6']>
  ): ReturnType<typeof networkInterfaces> {
    const common = { netmask: '', mac: '', internal: false, cidr: null, scopeid: 0 }
    return {
      eth0: addresses.map(([address, family]) => ({ address, ...common, family })),
      gone: undefined,
    }
  }

  test('exclude other families, loopback and link-local addresses', () => {
    const interfaces = host(
      ['127.0.0.1', 'IPv4'],
      ['192.0.2.1', 'IPv4'],
      ['10.0.0.1', 'IPv4'],
      ['::1', 'IPv6'],
      ['fe80::1', 'IPv6'],
      ['febf::1', 'IPv6'],
      ['fd00::1', 'IPv6'],
      ['2001:db8::1', 'IPv6'],
    )
    expect(localAddresses(4, interfaces)).toEqual(['192.0.2.1', '10.0.0.1'])
    expect(localAddresses(6, interfaces)).toEqual(['fd00::1', '2001:db8::1'])
    expect(localAddresses(4, {})).toEqual([])
  })
})
