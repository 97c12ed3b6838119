import { byteString } from '@chihaya/bittorrent'
import { PeerList, type Answer, type PeerStore } from '@chihaya/core'
import { address } from '@chihaya/core/testing'
import type { HttpFrontendOptions } from '@chihaya/http-frontend'
import { describe, expect, test } from 'vitest'
import { announce, announceTarget, decode, trackerApp, modelStore } from './tracker-app.ts'

const PEER = '\xc0\x00\x02\x07\x1a\xe1'

/** What a hook puts into an answer: peers as byte strings of endpoints and of peer ids. */
interface Changes extends Partial<Pick<Answer, 'complete' | 'incomplete' | 'warning'>> {
  readonly peers?: string
  readonly peerIds?: string
  readonly otherPeers?: string
}

function bytes(text: string): Uint8Array {
  return Buffer.from(text, 'latin1')
}

function fill(answer: Answer, { peers = '', peerIds, otherPeers, ...counters }: Changes): void {
  Object.assign(answer, counters)
  answer.peers.set(bytes(peers), peerIds === undefined ? undefined : bytes(peerIds))
  if (otherPeers === undefined) return
  answer.otherPeers = new PeerList()
  answer.otherPeers.reserve(answer.peers.family === 'ipv4' ? 'ipv6' : 'ipv4', 1, false)
  answer.otherPeers.set(bytes(otherPeers))
}

/** The body, as a byte string, of an announce that a hook answers. */
async function body(
  changes: Changes,
  from: string,
  parameters = {},
  http: HttpFrontendOptions = {},
): Promise<string> {
  await using app = await trackerApp({
    http,
    hooks: (tracker) =>
      tracker.addHook('preAnnounce', (_announce, answer, context) => {
        context.skipSwarmInteraction = true
        fill(answer, changes)
      }),
  })
  const answer = await app.inject({ url: announceTarget(parameters), remoteAddress: from })
  return byteString(answer.rawPayload)
}

describe('an answer, byte for byte', () => {
  test('without peers', async () => {
    expect(await body({ incomplete: 1 }, '198.51.100.9')).toBe(
      'd8:completei0e11:external ip4:\xc63d\t10:incompletei1e8:intervali1800e12:min intervali900e5:peers0:e',
    )
  })

  test('with a compact peer', async () => {
    expect(await body({ complete: 1, incomplete: 1, peers: PEER }, '198.51.100.9')).toBe(
      `d8:completei1e11:external ip4:\xc63d\t10:incompletei1e8:intervali1800e12:min intervali900e5:peers6:${PEER}e`,
    )
  })

  test('with a dictionary', async () => {
    const seeder = { complete: 1, incomplete: 0, peers: PEER, peerIds: '-TS0001-abcdefghijkl' }
    expect(await body(seeder, '192.0.2.7', { compact: '0' })).toBe(
      'd8:completei1e11:external ip4:\xc0\0\x02\x0710:incompletei0e8:intervali1800e12:min intervali900e' +
        '5:peersld2:ip9:192.0.2.77:peer id20:-TS0001-abcdefghijkl4:porti6881eeee',
    )
  })

  test('with dictionaries without peer ids, asked not to send them or not having any', async () => {
    const list = '5:peersld2:ip9:192.0.2.74:porti6881eeee'
    const named = { peers: PEER, peerIds: '-TS0001-abcdefghijkl' }
    expect(await body(named, '192.0.2.7', { compact: '0', no_peer_id: '1' })).toContain(list)
    expect(await body({ peers: PEER }, '192.0.2.7', { compact: '0' })).toContain(list)
    expect(await body({}, '192.0.2.7', {}, { compactDefault: false })).toContain('5:peersle')
  })

  test('with a warning', async () => {
    expect(await body({ warning: 'grüß' }, '192.0.2.7')).toMatch(
      /5:peers0:15:warning message6:gr\xc3\xbc\xc3\x9fe$/,
    )
  })
})

describe('the two families', () => {
  const ipv6 = '2001:db8::7'
  const peer6 = `${byteString(address('2001:db8::9'))}\x1a\xe1`

  test('IPv6 peers are in peers6, with an empty peers', async () => {
    expect(await body({ peers: peer6 }, ipv6)).toContain(
      `12:min intervali900e5:peers0:6:peers618:${peer6}e`,
    )
    await using app = await trackerApp({ core: { returnSelfWhenAlone: false } })
    const alone = await announce(app, {}, ipv6)
    expect([alone.get('peers'), alone.get('peers6'), alone.get('external ip')]).toEqual([
      '',
      '',
      byteString(address(ipv6)),
    ])
  })

  test('IPv4 peers are in peers, without peers6', async () => {
    await using app = await trackerApp()
    const answer = await announce(app)
    expect([answer.get('peers'), answer.has('peers6')]).toEqual([PEER, false])
  })

  test('a mapped source is an IPv4 one', async () => {
    await using app = await trackerApp()
    expect((await announce(app, {}, '::ffff:192.0.2.7')).get('external ip')).toBe('\xc0\0\x02\x07')
  })

  test('a link-local source loses its zone', async () => {
    await using app = await trackerApp()
    expect((await announce(app, {}, 'fe80::1%eth0')).get('external ip')).toBe(
      byteString(address('fe80::1')),
    )
  })

  test('a store that joins them gives both', async () => {
    expect(await body({ peers: PEER, otherPeers: peer6 }, '192.0.2.7')).toContain(
      `5:peers6:${PEER}6:peers618:${peer6}e`,
    )
    expect(await body({ peers: peer6, otherPeers: PEER }, ipv6)).toContain(
      `5:peers6:${PEER}6:peers618:${peer6}e`,
    )
    expect(await body({ peers: PEER, otherPeers: peer6 }, '192.0.2.7', { compact: '0' })).toContain(
      '5:peersld2:ip9:192.0.2.74:porti6881eed2:ip11:2001:db8::94:porti6881eeee',
    )
  })
})

describe('a swarm over HTTP', () => {
  test('counts the announcer, demotes seeders and snatches once', async () => {
    await using app = await trackerApp()
    const counters = async (changes: Record<string, string>, from: string): Promise<unknown[]> => {
      const answer = await announce(app, changes, from)
      return [answer.get('complete'), answer.get('incomplete')]
    }
    expect(await counters({ event: 'started' }, '192.0.2.7')).toEqual([0, 1])
    expect(await counters({ left: '0' }, '192.0.2.8')).toEqual([1, 1])
    expect(await counters({ event: 'completed', left: '5' }, '192.0.2.7')).toEqual([2, 0])
    expect(await counters({ left: '5' }, '192.0.2.7')).toEqual([1, 1])
    expect(await counters({ event: 'paused' }, '192.0.2.7')).toEqual([1, 1])
    expect(await counters({ event: 'stopped' }, '192.0.2.9')).toEqual([1, 1])
    expect(await counters({ event: 'stopped' }, '192.0.2.7')).toEqual([1, 0])
  })

  test('returns a lone peer to itself, unless it wants no peers, stops, or the option is off', async () => {
    await using app = await trackerApp()
    expect((await announce(app)).get('peers')).toBe(PEER)
    expect((await announce(app, { numwant: '0' })).get('peers')).toBe('')
    expect((await announce(app, { event: 'stopped' })).get('peers')).toBe('')
    await using strict = await trackerApp({ core: { returnSelfWhenAlone: false } })
    expect((await announce(strict)).get('peers')).toBe('')
  })

  test.each([null, '', '0'])(
    'answers a client that announces port %j, and stores nothing',
    async (port) => {
      await using app = await trackerApp({ http: { allowUnconnectable: true } })
      await announce(app, { port: '6881' }, '192.0.2.8')
      const answer = await announce(app, { port })
      expect([answer.get('incomplete'), answer.get('peers')]).toEqual([1, '\xc0\0\x02\x08\x1a\xe1'])
      expect((await announce(app, {}, '192.0.2.8')).get('incomplete')).toBe(1)
    },
  )

  test.each([null, '', '0'])(
    'lets a client leave that announces port %j, and stores nothing',
    async (port) => {
      const store = modelStore()
      await using app = await trackerApp({ store })
      expect(
        (await announce(app, { port, event: 'stopped' })).get('failure reason'),
      ).toBeUndefined()
      expect(store.stats().swarms).toBe(0)
      await announce(app, { port: '6881' }, '192.0.2.8')
      const answer = await announce(app, { port, event: 'stopped' })
      expect([answer.get('incomplete'), answer.get('peers')]).toEqual([1, ''])
    },
  )

  test('holds the requested number of peers, up to the limit', async () => {
    await using app = await trackerApp({ http: { maxNumWant: 20 } })
    for (let host = 1; host <= 30; host++) await announce(app, {}, `198.51.100.${host}`)
    for (const [numwant, expected] of [
      ['3', 3],
      ['20', 20],
      ['500', 20],
      ['-1', 20],
    ] as const) {
      expect((await announce(app, { numwant })).get('peers')).toHaveLength(expected * 6)
    }
    expect((await announce(app, { numwant: '500', compact: '0' })).get('peers')).toHaveLength(20)
  })
})

describe('the header of an answer', () => {
  test('declares plain text, no caching, the exact length, and a closing connection', async () => {
    await using app = await trackerApp()
    for (const url of [announceTarget(), '/announce', '/scrape']) {
      const response = await app.inject({ url, headers: { 'accept-encoding': 'gzip' } })
      expect(response.statusCode).toBe(200)
      expect(response.headers).toMatchObject({
        'content-type': 'text/plain',
        'cache-control': 'no-store',
        'content-length': String(response.rawPayload.length),
        connection: 'close',
      })
      expect(response.headers).not.toHaveProperty('transfer-encoding')
      expect(response.headers).not.toHaveProperty('content-encoding')
    }
  })

  test('does not close the connection with keep-alive', async () => {
    await using app = await trackerApp({ http: { keepAlive: true } })
    expect((await app.inject(announceTarget())).headers.connection).toBe('keep-alive')
  })
})

describe('an asynchronous tracker', () => {
  test('is awaited, including its refusals and faults', async () => {
    const answers: Array<(answer: Answer) => void> = []
    const store: PeerStore = {
      announce: async (_announce, answer) => answers.shift()?.(answer),
      scrape: async ({ count }, answer) => {
        for (let index = 0; index < count; index++) answer.set(index, 3, 0, 0, 0)
      },
      stats: () => ({ swarms: 0, seeders: { ipv4: 0, ipv6: 0 }, leechers: { ipv4: 0, ipv6: 0 } }),
    }
    await using app = await trackerApp({ store })
    answers.push(
      (answer) => fill(answer, { complete: 9, incomplete: 1, peers: PEER }),
      () => {
        throw new Error('the disk is full')
      },
      (answer) => fill(answer, { complete: Number.NaN, incomplete: 1, peers: PEER }),
    )
    expect((await announce(app)).get('complete')).toBe(9)
    expect((await announce(app)).get('failure reason')).toBe('internal server error')
    expect((await announce(app)).get('failure reason')).toBe('internal server error')
    const scraped = decode(await app.inject(announceTarget({}, '/scrape')))
    expect(
      [...(scraped.get('files') as Map<string, Map<string, unknown>>).values()].map((row) =>
        row.get('complete'),
      ),
    ).toEqual([3])
  })
})
